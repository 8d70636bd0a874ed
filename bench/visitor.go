package bench

import (
	"bytes"
	"context"
	"fmt"
	"net/url"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/client"
	"github.com/parleyhq/parley/transport/wire"
)

// connect dials a visitor whose every frame goes to raw, on the connection's own
// reading goroutine; an empty token makes a new visitor.
func connect(ctx context.Context, t *Target, token string, raw func([]byte)) (*client.Client, error) {
	return client.DialVisitor(ctx, client.Options{
		Addr: t.URL, Origin: t.Origin, Tenant: engine.TenantID(t.Tenant), Token: token,
		Raw: raw, Buffer: 1, ReadBytes: 2048,
	})
}

// starter opens a session over a raw connection.
type starter struct{ result chan *wire.Server }

func newStarter() starter { return starter{make(chan *wire.Server, 1)} }

const startRequest = "start"

var startResult = []byte(`{"k":"res","id":"` + startRequest + `"`)

// saw looks at a frame for the answer.
func (s starter) saw(frame []byte) {
	if !bytes.HasPrefix(frame, startResult) {
		return
	}
	if res, err := wire.DecodeServer(frame); err == nil {
		s.result <- res
	}
}

// start asks for a session and waits for the answer.
func (s starter) start(ctx context.Context, c *client.Client) (engine.SessionID, error) {
	if err := c.Post(engine.Draft{Op: engine.OpStart, Request: startRequest, ClientID: startRequest}); err != nil {
		return engine.SessionID{}, err
	}
	select {
	case res := <-s.result:
		if !res.OK {
			return engine.SessionID{}, fmt.Errorf("start a session: %w", res.Refusal.Err())
		}
		var d struct {
			SID string `json:"sid"`
		}
		if err := res.Read(&d); err != nil {
			return engine.SessionID{}, err
		}
		return engine.ParseSessionID(d.SID)
	case <-c.Done():
		return engine.SessionID{}, fmt.Errorf("start a session: %w", c.Err())
	case <-ctx.Done():
		return engine.SessionID{}, context.Cause(ctx)
	}
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Host
}

var (
	messagePrefix = []byte(`{"k":"evt","t":"message.new"`)
	cidMark       = []byte(`"cid":"m`)
)

// messageNumber reads the generator's own number from a message event: its
// idempotency key is "m" and the number. -1: not such a frame.
func messageNumber(frame []byte) int64 {
	if !bytes.HasPrefix(frame, messagePrefix) {
		return -1
	}
	at := bytes.Index(frame, cidMark)
	if at < 0 {
		return -1
	}
	var n int64
	for _, c := range frame[at+len(cidMark):] {
		if c < '0' || c > '9' {
			return n
		}
		n = n*10 + int64(c-'0')
	}
	return -1
}
