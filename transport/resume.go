package transport

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/internal/rfc6455"
	"github.com/parleyhq/parley/transport/wire"
)

// A resume token's claims: the tag, which no other token of the tenant's begins
// with; the side; the expiry in Unix seconds; who, after its length; then how much
// of each session had arrived, 24 bytes each. The server keeps nothing.
const (
	resumeTag    = 'R'
	resumeHeader = 1 + 1 + 8 + 1
	resumePlace  = 16 + 8
)

// The words that say what became of a resume token.
const (
	resumeOK      = "ok"
	resumeExpired = "expired"
	resumeInvalid = "invalid"
)

// returned is what a client showed of an earlier connection.
type returned struct {
	word  string // of those above
	who   string
	have  []engine.Have
	asked []engine.SessionID // these, and what auth says besides
}

func (s *Server) sealResume(at side, tenant engine.TenantID, who string, places []engine.Have) string {
	claims := make([]byte, 0, resumeHeader+len(who)+resumePlace*len(places))
	claims = append(claims, resumeTag, byte(at))
	claims = binary.BigEndian.AppendUint64(claims, uint64(s.now().Add(s.options.ResumeFor).Unix()))
	claims = append(append(claims, byte(len(who))), who...)
	for _, p := range places {
		claims = binary.BigEndian.AppendUint64(append(claims, p.Session[:]...), uint64(p.Seq))
	}
	token, err := s.options.Tokens.SealToken(tenant, claims)
	if err != nil { // a client without one resumes by have
		return ""
	}
	return token
}

// openResume reads a token. It grants nothing by itself: who it names is compared
// with who the connection's own token proves.
func (s *Server) openResume(at side, tenant engine.TenantID, token string) *returned {
	r := &returned{word: resumeInvalid}
	claims, err := s.options.Tokens.OpenToken(tenant, token)
	if err != nil || len(claims) < resumeHeader || claims[0] != resumeTag || claims[1] != byte(at) {
		return r
	}
	until := int64(binary.BigEndian.Uint64(claims[2:]))
	size, rest := int(claims[resumeHeader-1]), claims[resumeHeader:]
	if len(rest) < size || (len(rest)-size)%resumePlace != 0 {
		return r
	}
	if s.now().Unix() >= until {
		r.word = resumeExpired
		return r
	}
	r.word, r.who = resumeOK, string(rest[:size])
	for rest = rest[size:]; len(rest) > 0; rest = rest[resumePlace:] {
		place := engine.Have{Session: engine.SessionID(rest[:16]), Seq: engine.Seq(binary.BigEndian.Uint64(rest[16:]))}
		r.have = append(r.have, place)
	}
	return r
}

// shown takes what auth says of an earlier connection; nil: nothing.
func (c *conn) shown(a *wire.Auth) *returned {
	if a.Resume == "" {
		return nil
	}
	r := c.server.openResume(c.side, c.tenant.ID, a.Resume)
	for _, h := range slices.Concat(a.Have, r.have) {
		r.asked = append(r.asked, h.Session)
	}
	return r
}

// together is what a client says it holds, and what its resume token says of other
// sessions.
func together(have, places []engine.Have) []engine.Have {
	all := slices.Clone(have)
	for _, p := range places {
		if !slices.ContainsFunc(have, func(h engine.Have) bool { return h.Session == p.Session }) {
			all = append(all, p)
		}
	}
	return all
}

// judged ends a resumption of somebody else's connection.
func (r *returned) judged(who string) {
	if r != nil && r.word == resumeOK && r.who != who {
		*r = returned{word: resumeInvalid}
	}
}

// welcomed begins the stream of a connection whose hello was just queued, and
// answers whether a frame "recovered" is due at once. The caller holds the
// outbox's mu.
func (c *conn) welcomed(w *engine.Welcome) (due bool) {
	c.stream = &stream{minted: c.server.now()}
	if c.returned == nil || c.returned.word != resumeOK {
		return false
	}
	var open []engine.SessionID
	if !w.Session.IsZero() {
		open = append(open, w.Session)
	}
	if w.Me != nil {
		open = append(open, w.Me.Sessions...)
	}
	return c.stream.expects(open, c.returned.asked, time.Now())
}

// sayRecovered queues the frame "recovered" after others, whose verdict is v. The
// caller holds the outbox's mu.
func (c *conn) sayRecovered(v verdict) verdict {
	return c.push(v, outFrame{wire.AppendRecovered(nil, c.stream.recovered()), rfc6455.OpText})
}

// ack takes the client's count of events.
func (c *conn) ack(n uint64) {
	c.out.mu.Lock()
	good := c.stream == nil || c.stream.acknowledged(n)
	c.out.mu.Unlock()
	if !good {
		c.end(endBadAck, 0)
	}
}

// recoveredWithin is how long a returning client waits at least to be told of a
// session that ended while it came.
const recoveredWithin = 2 * time.Second

// ping asks whether the client is there, and tells it how far its sessions have
// come; plain is for those with nothing to be told. The sweeper only.
func (c *conn) ping(plain outFrame) {
	now := c.server.now()
	c.out.mu.Lock()
	s := c.stream
	if s == nil {
		c.settle(c.out.push(&c.server.batches, plain))
		return
	}
	if s.acks {
		c.server.metrics.unacked.Observe(float64(s.sent - s.acked))
	}
	if s.returning && time.Since(s.since) > recoveredWithin {
		c.settle(c.sayRecovered(refused))
		c.out.mu.Lock()
	}
	heads := s.heads()
	renew := s.moved || now.Sub(s.minted) > c.server.options.ResumeFor/2
	if !renew && len(heads) == 0 {
		c.settle(c.out.push(&c.server.batches, plain))
		return
	}
	places := s.places()
	if renew {
		s.moved, s.minted = false, now
	}
	c.out.mu.Unlock() // a token is sealed without it
	token := ""
	if renew {
		token = c.server.sealResume(c.side, c.tenant.ID, c.who, places)
	}
	c.send(outFrame{wire.AppendPing(nil, now, heads, token), rfc6455.OpText})
}
