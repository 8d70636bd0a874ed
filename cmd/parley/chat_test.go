package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/client"
	"github.com/parleyhq/parley/transport/wire"
)

// scriptChat lets a visitor and an operator of the running demonstration
// write in turn: chat N. What was acknowledged is left in the file
// acknowledged, the session's id in the file session.
func scriptChat(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	rounds, err := strconv.Atoi(args[0])
	ts.Check(err)
	p := ts.Value(running{}).(*process)
	page, err := url.Parse(p.ready["visitor_url"].(string))
	ts.Check(err)
	desk, err := url.Parse(p.ready["operator_url"].(string))
	ts.Check(err)
	visitor, err := client.DialVisitor(ctx, client.Options{Addr: page.Host, Origin: "http://" + page.Host, Tenant: demoTenant})
	ts.Check(err)
	defer visitor.Close()
	operator, err := client.DialOperator(ctx, client.Options{Addr: desk.Host, Tenant: demoTenant, Token: strings.TrimPrefix(desk.Fragment, "token="), Intent: engine.IntentAccepting})
	ts.Check(err)
	defer operator.Close()

	started, err := visitor.Start(ctx, "", "message 0")
	ts.Check(err)
	texts := []string{"message 0"}
	offer, epoch := awaitOffer(ts, operator, started.Session)
	_, err = operator.Accept(ctx, started.Session, offer, epoch)
	ts.Check(err)
	for i := 1; i < 2*rounds; i++ {
		from := visitor
		if i%2 == 1 {
			from = operator
		}
		text := fmt.Sprintf("message %d", i)
		_, err := from.Send(ctx, started.Session, text)
		ts.Check(err)
		texts = append(texts, text)
	}
	ts.Check(os.WriteFile(ts.MkAbs("acknowledged"), []byte(strings.Join(texts, "\n")+"\n"), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("session"), []byte(started.Session.String()), 0o600))
}

// awaitOffer reads an operator's frames until a session is offered.
func awaitOffer(ts *testscript.TestScript, operator *client.Client, session engine.SessionID) (engine.Seq, engine.Epoch) {
	deadline := time.After(10 * time.Second)
	for {
		select {
		case frame, ok := <-operator.Frames():
			if !ok {
				ts.Fatalf("the operator's connection ended")
			}
			if frame.Watch != "me" || frame.Type != "offer.new" {
				continue
			}
			var offer struct {
				ID    string       `json:"offer_id"`
				Epoch engine.Epoch `json:"ep"`
			}
			ts.Check(json.Unmarshal(frame.Data, &offer))
			if of, id, ok := wire.ParseOfferID(offer.ID); ok && of == session {
				return id, offer.Epoch
			}
		case <-deadline:
			ts.Fatalf("no offer came")
		}
	}
}

// scriptTranscript reads the session's messages by REST, page by page, into
// the file transcript.
func scriptTranscript(ts *testscript.TestScript, _ bool, _ []string) {
	var texts strings.Builder
	for after := uint64(0); ; {
		status, body := ask(ts, http.MethodGet, "/events?limit=7&after_seq="+strconv.FormatUint(after, 10), "", "")
		if status != http.StatusOK {
			ts.Fatalf("events: got %d %s", status, body)
		}
		var page struct {
			Events []struct {
				Seq  uint64 `json:"seq"`
				Type string `json:"t"`
				Data struct {
					Body struct {
						Text string `json:"text"`
					} `json:"body"`
				} `json:"d"`
			} `json:"events"`
			Next uint64 `json:"next_after_seq"`
			More bool   `json:"more"`
		}
		ts.Check(json.Unmarshal(body, &page))
		for i, event := range page.Events {
			if want := after + uint64(i) + 1; event.Seq != want {
				ts.Fatalf("events: got seq %d, want %d", event.Seq, want)
			}
			if event.Type == "message.new" {
				fmt.Fprintln(&texts, event.Data.Body.Text)
			}
		}
		if after = page.Next; !page.More {
			break
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs("transcript"), []byte(texts.String()), 0o600))
}

// scriptPost posts to the session by REST: post PATH KEY BODY STATUS. The answer
// is left in the file body.
func scriptPost(ts *testscript.TestScript, _ bool, args []string) {
	status, body := ask(ts, http.MethodPost, args[0], args[1], args[2])
	ts.Check(os.WriteFile(ts.MkAbs("body"), body, 0o600))
	if got := strconv.Itoa(status); got != args[3] {
		ts.Fatalf("post %s: got %s %s, want %s", args[0], got, body, args[3])
	}
}

// ask sends a REST request about the script's session.
func ask(ts *testscript.TestScript, method, path, key, body string) (int, []byte) {
	p := ts.Value(running{}).(*process)
	address := p.ready["api_url"].(string) + "/tenants/" + demoTenant + "/sessions/" + ts.ReadFile("session") + path
	request, err := http.NewRequest(method, address, strings.NewReader(body))
	ts.Check(err)
	request.Header.Set("Authorization", "Bearer "+p.ready["api_token"].(string))
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	ts.Check(err)
	return response.StatusCode, answer
}
