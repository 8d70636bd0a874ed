package spec_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport"
	"github.com/parleyhq/parley/transport/auth"
)

const origin = "https://shop.example"

// unsaid are frames that the protocol has and the server does not send; a frame
// that is sent after all must leave this list.
func unsaid() map[string]string {
	return map[string]string{
		"watch.me.snapshot": "the operator's first state is in the hello, and no other is needed",
	}
}

// TestRecordedFrames: everything that two visitors, two operators and a server
// of real parts say to each other matches its schema, which names each of its
// fields; and they say everything there is.
func TestRecordedFrames(t *testing.T) {
	b := &book{all: compile(t, true), count: map[string]int{}, codes: map[string]int{}}
	secret := strings.Repeat("s", 32)
	departments, operators := serving()
	h := open(t, &engine.Tenant{
		ID: "acme", Name: "Acme", Transcripts: true, Peek: true, Origins: []string{origin},
		Departments: append([]engine.Department{{ID: "sales", Name: "Sales"}, {ID: "night", QueueLimit: 1}}, departments...),
		Operators: append([]engine.Operator{
			{ID: "ada", Name: "Ada", Departments: []engine.DepartmentID{"sales"}}, {ID: "grace", Name: "Grace", Departments: []engine.DepartmentID{"sales"}},
		}, operators...),
		Keys:        []engine.TokenKey{{Algorithm: "HS256", Secret: engine.BodyOf(secret)}},
		VisitorKeys: []engine.TokenKey{{Algorithm: "HS256", Secret: engine.BodyOf("visitors-" + secret)}},
	}, transport.Options{PingEvery: 2 * time.Second})
	s := &story{t: t, b: b, h: h, secret: []byte(secret)}

	s.arrive()
	s.offer()
	s.talk()
	s.amend()
	s.files()
	s.refuse()
	s.turnAway()
	s.resume()
	s.identify()
	s.close()
	s.serve()
	s.watch()
	s.wait()
	s.ban()
	s.leave()

	b.mu.Lock()
	defer b.mu.Unlock()
	for _, fault := range b.faults {
		t.Error(fault)
	}
	for _, name := range slices.Sorted(maps.Keys(b.all)) {
		why, exempt := unsaid()[name]
		switch said := b.count[name] > 0; {
		case !said && !exempt:
			t.Errorf("no %s was recorded", name)
		case said && exempt:
			t.Errorf("%s was recorded, but the list says: %s", name, why)
		}
	}
	t.Logf("frames by name: %v; refusals by code: %v", b.count, b.codes)
}

// story is one evening at a small shop.
type story struct {
	t      *testing.T
	b      *book
	h      *house
	secret []byte

	visitor, ada, grace *peer
	sid, token, pass    string
	ep, seq             any // of the session, as the server wrote them
}

func (s *story) jwt(operator engine.OperatorID) string {
	token, err := auth.Sign(s.secret, "", auth.Claims{Tenant: "acme", Operator: operator, Issued: time.Now(), TTL: time.Hour})
	must(s.t, err)
	return token
}

func (s *story) operator(id engine.OperatorID) *peer {
	p := s.b.dial(s.t, s.h.addr, "operator", "")
	p.ask("auth", map[string]any{"tenant": "acme", "token": s.jwt(id), "device": "laptop", "intent": "accepting"})
	return p
}

func (s *story) arrive() {
	s.visitor = s.b.dial(s.t, s.h.addr, "visitor", origin)
	hello := s.visitor.ask("auth", map[string]any{"tenant": "acme", "anonymous": true})
	s.token, s.pass = hello["token"].(string), hello["resume_token"].(string)
	s.ada = s.operator("ada")
	s.ada.named("watch.queue.snapshot")
	for _, intent := range []string{"paused", "accepting"} {
		s.ada.ask("intent.set", map[string]any{"intent": intent, "idem": intent})
		s.ada.named("watch.me.intent.changed")
	}
	s.ada.ask("away.set", map[string]any{"on": true})
	s.ada.ask("away.set", map[string]any{"on": false})
}

// offer is declined by the one and taken by the other.
func (s *story) offer() {
	d := s.visitor.ask("session.start", map[string]any{"department": "sales", "text": "hello?", "idem": "s1"})
	s.sid = d["sid"].(string)
	for _, name := range []string{"ctl.resumed", "evt.session.started", "evt.session.queued", "evt.message.new"} {
		s.visitor.named(name)
	}
	made := s.ada.named("watch.me.offer.new")
	s.ada.named("watch.queue.delta")
	s.ada.ask("offer.reject", map[string]any{"offer_id": made["offer_id"], "ep": made["ep"], "idem": "r1"})
	s.ada.named("watch.me.offer.revoked")
	s.grace = s.operator("grace")
	made = s.grace.named("watch.me.offer.new")
	d = s.grace.ask("offer.accept", map[string]any{"offer_id": made["offer_id"], "ep": made["ep"], "idem": "a1"})
	s.ep, s.seq = d["ep"], d["seq"]
	s.grace.named("watch.me.mine.changed")
	for _, name := range []string{"ctl.resumed", "evt.offer.made", "evt.offer.ended", "evt.session.assigned"} {
		s.grace.named(name)
	}
	s.visitor.named("eph.people")
	s.visitor.named("evt.session.assigned")
	s.grace.refused("offer_gone", "offer.reject", map[string]any{"offer_id": made["offer_id"], "ep": made["ep"]})
}

func (s *story) talk() {
	for _, pair := range [][2]*peer{{s.visitor, s.grace}, {s.grace, s.visitor}} {
		from, to := pair[0], pair[1]
		from.say(`{"k":"ctl","t":"typing","d":{"sid":"` + s.sid + `","on":true}}`)
		to.named("eph.typing")
		d := from.ask("message.send", map[string]any{"sid": s.sid, "cmid": "m-" + from.side, "body": map[string]any{"type": "text", "text": "well \u00e9 \"quoted\"\n"}})
		s.seq = d["seq"]
		to.named("evt.message.new")
		to.ask("read.mark", map[string]any{"sid": s.sid, "seq": s.seq})
		from.named("eph.read.moved")
		from.ask("history.get", map[string]any{"sid": s.sid, "limit": 5, "before_seq": s.seq})
		from.ask("history.get", map[string]any{"sid": s.sid})
		from.say(`{"k":"ctl","t":"ack"}`)
	}
}

// amend changes, takes back, and writes what is no text.
func (s *story) amend() {
	s.visitor.say(`{"k":"ctl","t":"peek","d":{"sid":"` + s.sid + `","text":"I wond"}}`)
	if d := s.grace.named("eph.peek"); d["text"] != "I wond" {
		s.t.Errorf("peek: got %v", d)
	}
	s.visitor.say(`{"k":"ctl","t":"peek","d":{"sid":"` + s.sid + `","text":""}}`)
	s.grace.named("eph.peek")
	note := s.grace.ask("message.send", map[string]any{"sid": s.sid, "cmid": "n1", "visibility": "operators", "body": map[string]any{"type": "text", "text": "a note"}})
	s.grace.ask("message.edit", map[string]any{"sid": s.sid, "target": note["seq"], "idem": "e1", "body": map[string]any{"type": "text", "text": "a better note"}})
	s.grace.named("evt.message.edited")
	for _, body := range []map[string]any{
		{"type": "form_answer", "form": "address", "fields": map[string]any{"city": "Graz", "floor": 2}},
		{"type": "postback", "id": "yes", "value": []any{"y"}},
	} {
		d := s.visitor.ask("message.send", map[string]any{"sid": s.sid, "cmid": "b-" + body["type"].(string), "body": body})
		s.visitor.ask("message.redact", map[string]any{"sid": s.sid, "target": d["seq"], "idem": "x-" + body["type"].(string)})
		s.grace.named("evt.message.redacted")
		s.visitor.named("evt.message.redacted")
	}
	said := s.grace.ask("message.send", map[string]any{"sid": s.sid, "cmid": "m-edit", "body": map[string]any{"type": "text", "text": "tankh you"}})
	edit := s.grace.ask("message.edit", map[string]any{"sid": s.sid, "target": said["seq"], "idem": "e2", "body": map[string]any{"type": "text", "text": "thank you"}})
	if d := s.visitor.named("evt.message.edited"); d["target"] != said["seq"] {
		s.t.Errorf("edited: got %v, want %v", d["target"], said["seq"])
	}
	s.seq = edit["seq"]
	s.grace.ask("history.get", map[string]any{"sid": s.sid})
	s.visitor.refused("forbidden", "message.redact", map[string]any{"sid": s.sid, "target": said["seq"], "idem": "x1"})
}

// files announces, fills, sends and fetches a file, each side once.
func (s *story) files() {
	for i, p := range []*peer{s.visitor, s.grace} {
		content := []byte("what was agreed: " + p.side)
		sum := sha256.Sum256(content)
		key := "f-" + p.side
		begin := map[string]any{"sid": s.sid, "name": "Vertrag \u00e9.txt", "size": len(content), "mime": "text/plain", "sha256": hex.EncodeToString(sum[:]), "idem": key}
		link := p.ask("file.begin", begin)
		if again := p.ask("file.begin", begin); again["file_id"] != link["file_id"] {
			s.t.Errorf("file.begin again: got %v, want %v", again["file_id"], link["file_id"])
		}
		body := map[string]any{"type": "file", "file_id": link["file_id"]}
		p.refused("bad_request", "message.send", map[string]any{"sid": s.sid, "cmid": key + "-early", "body": body})
		s.move(http.MethodPut, link["upload_url"].(string), content, http.StatusNoContent)
		d := p.ask("message.send", map[string]any{"sid": s.sid, "cmid": key, "body": body})
		s.seq = d["seq"]
		other := []*peer{s.grace, s.visitor}[i]
		got := other.await("the file", func(f map[string]any) bool {
			d, _ := f["d"].(map[string]any)
			said, _ := d["body"].(map[string]any)
			return f["name"] == "evt.message.new" && said["type"] == "file" && said["file_id"] == link["file_id"]
		})
		if said := got["d"].(map[string]any)["body"].(map[string]any); said["name"] != "Vertrag \u00e9.txt" || said["sha256"] != begin["sha256"] {
			s.t.Errorf("the file's facts: got %v", said)
		}
		read := other.ask("file.get", map[string]any{"sid": s.sid, "file_id": link["file_id"]})
		if got := s.move(http.MethodGet, read["url"].(string), nil, http.StatusOK); !bytes.Equal(got, content) {
			s.t.Errorf("the file's bytes: got %d others", len(got))
		}
	}
	s.visitor.refused("too_large", "file.begin", map[string]any{"sid": s.sid, "name": "x", "size": 1 << 31, "mime": "text/plain", "sha256": strings.Repeat("0", 64), "idem": "f2"})
	s.visitor.refused("type_not_allowed", "file.begin", map[string]any{"sid": s.sid, "name": "x", "size": 1, "mime": "text/html", "sha256": strings.Repeat("0", 64), "idem": "f3"})
}

// move moves a file's bytes by HTTP.
func (s *story) move(method, url string, content []byte, want int) []byte {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+s.h.addr+url, bytes.NewReader(content))
	must(s.t, err)
	transport := &http.Transport{DisableKeepAlives: true}
	answer, err := transport.RoundTrip(request)
	must(s.t, err)
	got, err := io.ReadAll(answer.Body)
	must(s.t, errors.Join(err, answer.Body.Close()))
	if answer.StatusCode != want {
		s.t.Fatalf("%s: got %s %s, want %d", method, answer.Status, got, want)
	}
	return got
}

// refuse makes the server say no, in as many ways as its state allows.
func (s *story) refuse() {
	const nobody = "01JTDKRQGG000000000000001A"
	body := map[string]any{"type": "text", "text": "other"}
	s.visitor.refused("stale_view", "message.send", map[string]any{"sid": s.sid, "cmid": "m2", "body": body, "if_seq": 1})
	s.visitor.refused("idem_conflict", "message.send", map[string]any{"sid": s.sid, "cmid": "m-visitor", "body": body})
	s.visitor.refused("too_large", "message.send", map[string]any{"sid": s.sid, "cmid": "m3", "body": map[string]any{"type": "text", "text": strings.Repeat("x", 9000)}})
	s.visitor.refused("not_found", "read.mark", map[string]any{"sid": nobody, "seq": 1})
	s.visitor.refused("bad_request", "session.start", map[string]any{"department": "none", "idem": "s2"})
	s.grace.refused("stale_epoch", "session.close", map[string]any{"sid": s.sid, "ep": 99, "idem": "c0"})
	s.visitor.refused("bad_request", "auth", map[string]any{"tenant": "acme", "anonymous": true})
	for text, code := range map[string]string{
		`{"k":"req","id":"x","op":"message.paint","d":{}}`:                                    "unknown_op",
		`{"k":"req","id":"x","op":"message.send","d":{}}`:                                     "bad_request",
		`{"k":"req","id":"x","op":"offer.accept","d":{"offer_id":"` + nobody + `.4","ep":1}}`: "forbidden",
		`hello`: "bad_frame",
	} {
		s.visitor.spoil(text)
		s.visitor.await(code, func(f map[string]any) bool {
			e, _ := f["e"].(map[string]any)
			return e != nil && e["code"] == code
		})
	}
	stranger := s.b.dial(s.t, s.h.addr, "operator", "")
	stranger.refused("auth_invalid", "auth", map[string]any{"tenant": "acme", "token": "a.b.c"})
	if bye := stranger.named("ctl.bye"); bye["reason"] != "auth_failed" {
		s.t.Errorf("bye: got %v", bye)
	}
	stranger.gone()
}

// turnAway fills a line that nobody serves: the second visitor is not taken.
func (s *story) turnAway() {
	for _, name := range []string{"evt.session.queued", "evt.session.refused"} {
		v := s.b.dial(s.t, s.h.addr, "visitor", origin)
		v.ask("auth", map[string]any{"tenant": "acme", "anonymous": true})
		v.ask("session.start", map[string]any{"department": "night", "idem": "s1"})
		v.named(name)
	}
}

// resume leaves politely, misses a message, and comes back for it.
func (s *story) resume() {
	s.visitor.say(`{"k":"ctl","t":"bye"}`)
	s.visitor.gone()
	s.grace.await("the visitor's going", func(f map[string]any) bool {
		d, _ := f["d"].(map[string]any)
		return f["name"] == "eph.presence" && d["present"] == false
	})
	s.grace.ask("message.send", map[string]any{"sid": s.sid, "cmid": "m9", "body": map[string]any{"type": "text", "text": "still there?"}})
	s.visitor = s.b.dial(s.t, s.h.addr, "visitor", origin)
	hello := s.visitor.ask("auth", map[string]any{"tenant": "acme", "token": s.token, "resume_token": s.pass, "have": []any{map[string]any{"sid": s.sid, "seq": s.seq}}})
	if hello["resume"] != "ok" {
		s.t.Errorf("resume: got %v", hello["resume"])
	}
	if hello["session"] != s.sid {
		s.t.Errorf("session: got %v, want %s", hello["session"], s.sid)
	}
	resumed := s.visitor.named("ctl.resumed")
	next, _ := s.seq.(json.Number).Int64()
	if from, _ := resumed["from"].(json.Number).Int64(); from != next+1 || resumed["reset"] != false {
		s.t.Errorf("resumed: got %v, want from %d", resumed, next+1)
	}
	recovered := s.visitor.named("ctl.recovered")
	if gaps := recovered["gaps"].([]any); len(gaps) != 1 || gaps[0].(map[string]any)["from"] != resumed["from"] {
		s.t.Errorf("recovered: got %v", recovered)
	}
	s.visitor.named("evt.message.new")
	s.visitor.named("ctl.ping")
}

// identify comes back with the tenant's word for who the visitor is, and shows
// newer tokens on sockets that are open.
func (s *story) identify() {
	s.visitor.say(`{"k":"ctl","t":"bye"}`)
	s.visitor.gone()
	word, err := auth.SignVisitor([]byte("visitors-"+string(s.secret)), "", auth.VisitorClaims{Tenant: "acme", Subject: "customer-7", Issued: time.Now(), TTL: time.Hour})
	must(s.t, err)
	s.visitor = s.b.dial(s.t, s.h.addr, "visitor", origin)
	hello := s.visitor.ask("auth", map[string]any{"tenant": "acme", "token": s.token, "jwt": word})
	if hello["session"] != s.sid || hello["verified"] != true {
		s.t.Errorf("hello: got session %v, verified %v", hello["session"], hello["verified"])
	}
	s.grace.named("evt.identity.upgraded")
	s.visitor.ask("client.identify", map[string]any{"sid": s.sid, "idem": "i1", "lawful_basis": "consent", "set": map[string]any{"email": "grete@example.org", "name": "Grete \u00dc <3"}})
	s.grace.named("evt.attrs.set")
	s.grace.ask("client.identify", map[string]any{"sid": s.sid, "idem": "i2", "lawful_basis": "contract", "set": map[string]any{"phone": "+43 316 1234", "name": ""}})
	if d := s.visitor.ask("identity.get", map[string]any{"sid": s.sid}); len(d["identity"].([]any)) != 2 {
		s.t.Errorf("identity: got %v", d)
	}
	s.grace.ask("identity.get", map[string]any{"sid": s.sid})
	s.grace.ask("history.get", map[string]any{"sid": s.sid})
	s.visitor.refused("bad_request", "client.identify", map[string]any{"sid": s.sid, "idem": "i3", "lawful_basis": "consent", "set": map[string]any{"email": "grete"}})
	s.visitor.ask("auth.refresh", map[string]any{"token": hello["token"]})
	s.visitor.ask("auth.refresh", map[string]any{"token": word})
	s.grace.ask("auth.refresh", map[string]any{"token": s.jwt("grace")})
	s.grace.refused("forbidden", "auth.refresh", map[string]any{"token": s.jwt("ada")})
	s.grace.refused("auth_invalid", "auth.refresh", map[string]any{"token": "a.b.c"})
}

func (s *story) close() {
	s.grace.ask("session.close", map[string]any{"sid": s.sid, "ep": s.ep, "idem": "c1"})
	s.visitor.named("evt.session.closing")
	s.visitor.named("evt.session.closed")
	s.visitor.refused("session_closed", "message.send", map[string]any{"sid": s.sid, "cmid": "m10", "body": map[string]any{"type": "text", "text": "thanks"}})
}

// leave stops the server under everybody.
func (s *story) leave() {
	s.h.stop()
	for _, p := range []*peer{s.visitor, s.ada, s.grace} {
		p.named("ctl.going_away")
		if bye := p.named("ctl.bye"); bye["reason"] != "shutdown" || bye["reconnect"] != "after" {
			s.t.Errorf("bye: got %v", bye)
		}
		p.gone()
	}
}
