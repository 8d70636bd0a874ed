package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport"
	"github.com/parleyhq/parley/transport/auth"
	"github.com/parleyhq/parley/transport/spec"
)

// A command is one request of one socket, as the AsyncAPI document has it.
type command struct {
	side, op string
	required []string // the members of its d that must be there
}

func (c command) String() string { return c.side + " " + c.op }

// commands reads the document: what is tried below is what is described.
func commands(t *testing.T) []command {
	t.Helper()
	var doc struct {
		Operations map[string]struct {
			Action string
			Reply  any
		}
	}
	must(t, json.Unmarshal(spec.Document(), &doc))
	var all []command
	for _, name := range slices.Sorted(maps.Keys(doc.Operations)) {
		if doc.Operations[name].Action != "receive" || doc.Operations[name].Reply == nil {
			continue // control frames have no answer: see TestStrangersTypeInVain
		}
		side, op, _ := strings.Cut(name, ".")
		schema := "req." + op
		if op == "auth" {
			schema += "." + side
		}
		all = append(all, command{side, op, append(requiredOf(t, schema), aimedBy(op)...)})
	}
	return all
}

func requiredOf(t *testing.T, schema string) []string {
	t.Helper()
	var doc struct {
		Properties struct {
			D struct {
				Required []string
				AnyOf    []struct{ Required []string } // the first is how it is tried
			}
		}
	}
	text, ok := spec.Schema(schema)
	if !ok {
		t.Fatalf("no schema %s", schema)
	}
	must(t, json.Unmarshal(text, &doc))
	required := doc.Properties.D.Required
	if ways := doc.Properties.D.AnyOf; len(ways) > 0 {
		required = append(required, ways[0].Required...)
	}
	return required
}

// A row says what comes of a command.
type row struct {
	aim string // which member of d says whose session it is about: "sid", "offer_id", or "" if none
	own string // the code that its rightful sender gets; "" is success
	// stranger is the code that everybody else gets, and that a session gets which
	// does not exist: who is not in it must not learn that it is there.
	stranger string
	// told are exceptions, by who tries: what that one knows anyhow.
	told map[string]string
}

// matrix has a row for every command; a new command without one fails.
func matrix() map[string]row {
	// Operators see the waiting line with its sessions, and whether each is offered.
	colleague := map[string]string{"an operator not in it": "offer_not_yours"}
	rows := map[string]row{
		"visitor auth":             {own: "bad_request"},
		"visitor auth.refresh":     {own: "auth_invalid"}, // the token that is shown here is nobody's
		"visitor session.start":    {},
		"visitor message.send":     {aim: "sid", stranger: "not_found"},
		"visitor message.redact":   {aim: "sid", stranger: "not_found"},
		"visitor client.identify":  {aim: "sid", stranger: "not_found"},
		"visitor identity.get":     {aim: "sid", stranger: "not_found"},
		"operator client.identify": {aim: "sid", stranger: "not_found"},
		"operator identity.get":    {aim: "sid", stranger: "not_found"},
		"visitor read.mark":        {aim: "sid", stranger: "not_found"},
		"visitor history.get":      {aim: "sid", stranger: "not_found"},
		"visitor file.begin":       {aim: "sid", stranger: "not_found"},
		"visitor file.get":         {aim: "sid", stranger: "not_found"},
		"visitor session.close":    {aim: "sid", stranger: "not_found"},
		"operator auth":            {own: "bad_request"},
		"operator auth.refresh":    {own: "auth_invalid"},
		"operator message.send":    {aim: "sid", stranger: "not_found"},
		"operator message.edit":    {aim: "sid", stranger: "not_found"},
		"operator message.redact":  {aim: "sid", stranger: "not_found"},
		"operator read.mark":       {aim: "sid", stranger: "not_found"},
		"operator history.get":     {aim: "sid", stranger: "not_found"},
		"operator file.begin":      {aim: "sid", stranger: "not_found"},
		"operator file.get":        {aim: "sid", stranger: "not_found"},
		"operator session.close":   {aim: "sid", stranger: "not_found"},
		"operator offer.accept":    {aim: "offer_id", stranger: "not_found", told: colleague},
		"operator offer.reject":    {aim: "offer_id", stranger: "not_found", told: colleague},
		"operator intent.set":      {},
		"operator away.set":        {},
	}
	maps.Copy(rows, servedMatrix())
	return rows
}

// aim is a session to try commands on, and its live offer if there is one.
type aim struct{ sid, offer, file string }

// unknown is a session that is not there.
func unknown() aim {
	var id engine.ID
	binary.BigEndian.PutUint64(id[:8], uint64(time.Now().UnixMilli())<<16|rand.Uint64()&0xffff)
	binary.BigEndian.PutUint64(id[8:], rand.Uint64())
	return aim{id.String(), id.String() + ".4", id.String()}
}

// fields fills the members of a command's d. What a command is about is named by
// these members and no other: a new one must be taught here.
func (c command) fields(t *testing.T, at aim) map[string]any {
	t.Helper()
	values := map[string]any{
		"tenant": "acme", "token": "a.b.c", "sid": at.sid, "offer_id": at.offer, "cmid": freshKey(), "idem": freshKey(), "ep": 1, "seq": 1,
		"target": map[string]int{"visitor": visitorsWords, "operator": operatorsWords}[c.side],
		"body":   textBody("let me in"), "intent": "accepting", "on": false,
		"lawful_basis": "consent", "set": map[string]string{"name": "N. N. " + freshKey()},
		"file_id": at.file, "name": "a.txt", "size": 5, "mime": "text/plain", "sha256": strings.Repeat("0", 64),
	}
	maps.Copy(values, servedFields(c.op))
	if at.file == "" { // a session without a file
		values["file_id"] = unknown().file
	}
	d := map[string]any{}
	for _, name := range c.required {
		value, known := values[name]
		if !known {
			t.Fatalf("%s: the matrix has no value for %s", c, name)
		}
		d[name] = value
	}
	if c.op == "auth" {
		d["anonymous"] = true
	}
	return d
}

func freshKey() string { return fmt.Sprintf("k-%x", rand.Uint64()) }

// doorstep is a server with two tenants and, after people, everybody connected and
// one session of the visitor's that ada owns.
type doorstep struct {
	t     *testing.T
	stack *stack
	addr  string
	data  string // the store's folder
	mine  aim    // the visitor's session
	// Who tries. The names are the matrix's columns.
	visitor, neighbour, foreigner *socket // visitors: whose it is, of the same tenant, of another
	ada, bob, carol               *socket // operators: the owner, of the same tenant, of another
}

// Where in the session of doorstep.people the two have written: after its start
// and the queue, and after the offer and the assignment.
const visitorsWords, operatorsWords = 3, 6

const (
	shopOrigin  = "https://desk.example"
	otherOrigin = "https://other.example"
	acmeSecret  = "acme-0123456789abcdef0123456789abcdef"
	betaSecret  = "beta-0123456789abcdef0123456789abcdef"
)

func newDoorstep(t *testing.T, sockets transport.Options) *doorstep {
	t.Helper()
	open := engine.Limits{MessagesPerSecond: 1e6}
	tenants, err := engine.NewTenants(
		&engine.Tenant{
			ID: "acme", Transcripts: true, Peek: true, Origins: []string{shopOrigin}, Departments: []engine.Department{{ID: "sales"}, {ID: "back"}}, Limits: open,
			Operators: []engine.Operator{{ID: "ada", Capacity: 100}, {ID: "bob", Departments: []engine.DepartmentID{"back"}}}, Keys: []engine.TokenKey{{ID: "k1", Algorithm: "HS256", Secret: engine.BodyOf(acmeSecret)}},
		},
		&engine.Tenant{
			ID: "quiet", Origins: []string{shopOrigin}, Departments: []engine.Department{{ID: "sales"}}, Limits: open, // nothing is stored
		},
		&engine.Tenant{
			ID: "beta", Transcripts: true, Files: engine.Files{Off: true}, Origins: []string{otherOrigin, shopOrigin}, Departments: []engine.Department{{ID: "sales"}}, Limits: open,
			Operators: []engine.Operator{{ID: "ada"}, {ID: "carol"}}, Keys: []engine.TokenKey{{ID: "k1", Algorithm: "HS256", Secret: engine.BodyOf(betaSecret)}},
		})
	must(t, err)
	p := testParts(t, tenants)
	sockets.PingEvery, sockets.PongTimeout = time.Hour, time.Minute // nobody here answers pings
	p.sockets = sockets
	s, err := startStack(p)
	must(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := s.stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return &doorstep{t: t, stack: s, addr: p.listeners.public.Addr().String(), data: p.data}
}

func (d *doorstep) operatorToken(tenant, operator, secret string) string {
	token, err := auth.Sign([]byte(secret), "k1", auth.Claims{Tenant: engine.TenantID(tenant), Operator: engine.OperatorID(operator), Issued: time.Now(), TTL: time.Hour})
	must(d.t, err)
	return token
}

// people connects everybody and lets ada take the visitor's session.
func (d *doorstep) people() {
	d.visitor = d.visitorAt("acme", shopOrigin)
	d.neighbour = d.visitorAt("acme", shopOrigin)
	d.foreigner = d.visitorAt("beta", otherOrigin)
	d.ada = d.operatorAt("acme", "ada", acmeSecret)
	d.bob = d.operatorAt("acme", "bob", acmeSecret)
	d.carol = d.operatorAt("beta", "carol", betaSecret)
	d.ada.ok("intent.set", map[string]any{"intent": "accepting"})
	d.mine = d.offered(d.visitor)
	d.ada.ok("offer.accept", map[string]any{"offer_id": d.mine.offer, "ep": 1})
	said := d.ada.ok("message.send", map[string]any{"sid": d.mine.sid, "cmid": freshKey(), "body": textBody("good evening")})
	if said["seq"] != float64(operatorsWords) {
		d.t.Fatalf("the operator's words are number %v, want %d", said["seq"], operatorsWords)
	}
	d.mine.file = d.visitor.sendFile(d.addr, d.mine.sid, "a visitor's file")
}

func textBody(text string) map[string]any { return map[string]any{"type": "text", "text": text} }

func (d *doorstep) visitorAt(tenant, origin string) *socket {
	s := dialSocket(d.t, d.addr, "visitor", origin)
	s.ok("auth", map[string]any{"tenant": tenant, "anonymous": true})
	return s
}

func (d *doorstep) operatorAt(tenant, id, secret string) *socket {
	s := dialSocket(d.t, d.addr, "operator", "")
	s.ok("auth", map[string]any{"tenant": tenant, "token": d.operatorToken(tenant, id, secret)})
	return s
}

// offered starts a visitor's session and waits until it is offered to ada.
func (d *doorstep) offered(visitor *socket) aim {
	d.t.Helper()
	sid := visitor.ok("session.start", map[string]any{"text": "hello", "idem": freshKey()})["sid"].(string)
	offer := d.ada.until("the offer", func(f map[string]any) bool {
		data, _ := f["d"].(map[string]any)
		return f["t"] == "offer.new" && data["sid"] == sid
	})
	return aim{sid: sid, offer: offer["d"].(map[string]any)["offer_id"].(string)}
}

// own is the socket of a side's rightful sender.
func (d *doorstep) own(side string) *socket {
	if side == "visitor" {
		return d.visitor
	}
	return d.ada
}

// strangers are the sockets of a side that have no right to the session.
func (d *doorstep) strangers(side string) map[string]*socket {
	if side == "visitor" {
		return map[string]*socket{"another visitor": d.neighbour, "a visitor of another tenant": d.foreigner}
	}
	return map[string]*socket{"an operator not in it": d.bob, "an operator of another tenant": d.carol}
}

// TestMatrix tries every command of both sockets as everybody who has no right to
// it, and then as who has.
func TestMatrix(t *testing.T) {
	d := newDoorstep(t, transport.Options{})
	d.people()
	all, rows := commands(t), matrix()
	if len(all) < 15 {
		t.Fatalf("%d commands: the test looks in the wrong place", len(all))
	}
	live := d.offered(d.visitorAt("acme", shopOrigin))
	aimOf := func(r row) aim {
		if r.aim == "offer_id" {
			return live
		}
		return d.mine
	}
	before := d.transcript()
	for _, c := range all {
		r, known := rows[c.String()]
		if !known {
			t.Errorf("%s: no row: say who may", c)
			continue
		}
		if r.aim == "" {
			continue
		}
		if !slices.Contains(c.required, r.aim) {
			t.Errorf("%s: aims by %s, which it does not need", c, r.aim)
		}
		d.expect(c, "its own people, at no session", d.own(c.side), unknown(), r.stranger)
		for who, s := range d.strangers(c.side) {
			want, excepted := r.told[who]
			if !excepted {
				want = r.stranger
			}
			d.expect(c, who, s, aimOf(r), want)
			d.expect(c, who+", at no session", s, unknown(), r.stranger)
		}
	}
	for name := range rows {
		if !slices.ContainsFunc(all, func(c command) bool { return c.String() == name }) {
			t.Errorf("%s: a row without a command", name)
		}
	}
	if after := d.transcript(); after != before {
		t.Errorf("strangers left a trace:\n%s\nbefore:\n%s", after, before)
	}
	d.rightful(all, rows, live)
	d.closedToo(all, rows)
}

func (d *doorstep) expect(c command, who string, s *socket, at aim, want string) {
	d.t.Helper()
	if got := s.code(c.op, c.fields(d.t, at)); got != want {
		d.t.Errorf("%s by %s: got %q, want %q", c, who, got, want)
	}
}

// transcript is the session as its visitor sees it, and how far it is read.
func (d *doorstep) transcript() string {
	events := d.visitor.ok("history.get", map[string]any{"sid": d.mine.sid})["events"]
	text, err := json.Marshal(events)
	must(d.t, err)
	return string(text)
}

// rightful tries every command as who may: the row's code, so that a refusal
// above is for the right reason. Closing comes last.
func (d *doorstep) rightful(all []command, rows map[string]row, live aim) {
	slices.SortStableFunc(all, func(a, b command) int { // what ends things, last
		rank := func(c command) int {
			return slices.Index([]string{"offer.accept", "session.close"}, c.op)
		}
		return rank(a) - rank(b)
	})
	for _, c := range all {
		at := d.mine
		switch c.op {
		case "offer.reject":
			at = d.offered(d.visitorAt("acme", shopOrigin))
		case "offer.accept":
			at = live
		case "session.close":
			if c.side == "operator" { // the visitor's turn closes the session that everybody knows
				at = d.offered(d.visitorAt("acme", shopOrigin))
				d.ada.ok("offer.accept", map[string]any{"offer_id": at.offer, "ep": 1})
			}
		}
		fields := c.fields(d.t, at)
		if c.op == "session.close" {
			delete(fields, "ep")
		}
		if got := d.own(c.side).code(c.op, fields); got != rows[c.String()].own {
			d.t.Errorf("%s by who may: got %q, want %q", c, got, rows[c.String()].own)
		}
	}
}

// closedToo: a session that is over is nobody else's either.
func (d *doorstep) closedToo(all []command, rows map[string]row) {
	for _, c := range all {
		if rows[c.String()].aim != "sid" {
			continue
		}
		for who, s := range d.strangers(c.side) {
			d.expect(c, who+", when it is closed", s, d.mine, rows[c.String()].stranger)
		}
	}
}

// TestWrongSide: a command that a socket does not have is forbidden there, and
// its answer does not depend on what it is about.
func TestWrongSide(t *testing.T) {
	d := newDoorstep(t, transport.Options{})
	d.people()
	all := commands(t)
	tried := 0
	for _, c := range all {
		other := map[string]string{"visitor": "operator", "operator": "visitor"}[c.side]
		if slices.ContainsFunc(all, func(twin command) bool { return twin.side == other && twin.op == c.op }) {
			continue
		}
		tried++
		for _, at := range []aim{d.mine, unknown()} {
			d.expect(c, "the other side", d.own(other), at, "forbidden")
		}
	}
	if tried < 5 {
		t.Errorf("%d commands of one side only: the test looks in the wrong place", tried)
	}
}

// TestNobodyWithoutAuth: each command as the first frame, and each after a token
// that has expired, is refused and the socket closed; nothing of the session is
// heard.
func TestNobodyWithoutAuth(t *testing.T) {
	d := newDoorstep(t, transport.Options{})
	d.people()
	before := d.transcript()
	for _, c := range commands(t) {
		if c.op == "auth" {
			continue
		}
		for _, at := range []aim{d.mine, unknown()} {
			s := dialSocket(t, d.addr, c.side, shopOrigin)
			d.expect(c, "a stranger without auth", s, at, "auth_required")
			s.ends(4500)
			s = dialSocket(t, d.addr, c.side, shopOrigin)
			if got := s.code("auth", map[string]any{"tenant": "acme", "token": d.expired(c.side)}); got != "auth_expired" {
				t.Errorf("%s after an expired token: got %q", c, got)
				continue
			}
			s.send(c.op, c.fields(t, at))
			if heard := s.ends(4500); heard != 0 {
				t.Errorf("%s after an expired token: %d frames were heard", c, heard)
			}
		}
	}
	if after := d.transcript(); after != before {
		t.Errorf("strangers left a trace:\n%s\nbefore:\n%s", after, before)
	}
}

// expired is a token that was good once, for the visitor's own id or for ada.
func (d *doorstep) expired(side string) string {
	if side == "operator" {
		token, err := auth.Sign([]byte(acmeSecret), "k1", auth.Claims{Tenant: "acme", Operator: "ada", Issued: time.Now().Add(-2 * time.Hour), TTL: time.Hour})
		must(d.t, err)
		return token
	}
	return d.visitorToken("acme", shopOrigin, time.Now().Add(-time.Second))
}

// visitorToken seals a token as the system does, with an end of our choice.
func (d *doorstep) visitorToken(tenant engine.TenantID, origin string, ends time.Time) string {
	visitor, err := engine.ParseVisitorID(d.visitor.hello["visitor"].(string))
	must(d.t, err)
	claims := append([]byte{1}, visitor[:]...)
	claims = binary.BigEndian.AppendUint64(claims, uint64(ends.Unix()))
	token, err := d.stack.store.SealToken(tenant, append(claims, origin...))
	must(d.t, err)
	return token
}

// TestNotesAreNotThere: to a visitor a note among operators is no message: it is
// in no answer, and its number answers as one that does not exist.
func TestNotesAreNotThere(t *testing.T) {
	d := newDoorstep(t, transport.Options{})
	d.people()
	before := d.transcript()
	note := d.ada.ok("message.send", map[string]any{"sid": d.mine.sid, "cmid": freshKey(), "visibility": "operators", "body": textBody("a difficult one")})
	if after := d.transcript(); after != before {
		t.Errorf("the visitor's history has changed:\n%s\nbefore:\n%s", after, before)
	}
	for what, target := range map[string]any{"the note": note["seq"], "what is not there": 999, "the offer": 4} {
		if got := d.visitor.code("message.redact", map[string]any{"sid": d.mine.sid, "target": target, "idem": freshKey()}); got != "not_found" {
			t.Errorf("the visitor removes %s: got %q, want not_found", what, got)
		}
	}
	if got := d.visitor.code("message.redact", map[string]any{"sid": d.mine.sid, "target": operatorsWords, "idem": freshKey()}); got != "forbidden" {
		t.Errorf("the visitor removes the operator's words: got %q, want forbidden", got)
	}
	if got := d.visitor.code("message.send", map[string]any{"sid": d.mine.sid, "cmid": freshKey(), "visibility": "operators", "body": textBody("x")}); got != "forbidden" {
		t.Errorf("a visitor's note: got %q, want forbidden", got)
	}
	if got := d.visitor.code("message.send", map[string]any{"sid": d.mine.sid, "cmid": freshKey(), "if_seq": operatorsWords, "body": textBody("x")}); got != "" {
		t.Errorf("the visitor, who has seen all it may, writes with if_seq: got %q", got)
	}
}

// TestStrangersTypeInVain: typing has no answer, so its effect is what counts.
func TestStrangersTypeInVain(t *testing.T) {
	d := newDoorstep(t, transport.Options{})
	d.people()
	for _, s := range []*socket{d.visitor, d.ada} { // who still catches up is not told who types
		s.until("the file", func(f map[string]any) bool {
			return f["k"] == "evt" && f["sid"] == d.mine.sid && f["seq"] == float64(operatorsWords+1)
		})
	}
	typing := func(s *socket, on bool) {
		s.write(fmt.Sprintf(`{"k":"ctl","t":"typing","d":{"sid":%q,"on":%v}}`, d.mine.sid, on))
	}
	peek := func(s *socket, text string) {
		s.write(fmt.Sprintf(`{"k":"ctl","t":"peek","d":{"sid":%q,"text":%q}}`, d.mine.sid, text))
	}
	for _, c := range []struct{ from, to *socket }{{d.visitor, d.ada}, {d.ada, d.visitor}} {
		for _, side := range []string{"visitor", "operator"} {
			for _, s := range d.strangers(side) {
				typing(s, false)
				peek(s, "let me in")
				s.code("read.mark", map[string]any{"sid": d.mine.sid, "seq": 1}) // its answer comes after the session has seen both
			}
		}
		typing(c.from, true)
		heard := c.to.until("typing", func(f map[string]any) bool { return f["t"] == "typing" })
		if heard["d"].(map[string]any)["on"] != true {
			t.Errorf("a stranger's typing was passed on: %v", heard)
		}
	}
	peek(d.visitor, "may I ask")
	heard := d.ada.until("what is typed", func(f map[string]any) bool { return f["t"] == "peek" })
	if heard["d"].(map[string]any)["text"] != "may I ask" {
		t.Errorf("what a stranger types was passed on: %v", heard)
	}
	peek(d.ada, "let me in") // nobody sees what an operator types
	typing(d.ada, true)
	heard = d.visitor.until("typing or a peek", func(f map[string]any) bool { return f["t"] == "typing" || f["t"] == "peek" })
	if heard["t"] != "typing" {
		t.Errorf("the visitor heard %v", heard)
	}
}

// TestNotYoursTakesAsLongAsNotThere: the answer's delay does not tell another
// tenant's session from one that does not exist; within a tenant it differs by tens of
// microseconds at most, because what is in memory is at hand and what has ended is
// read from the store. Both are asked in turn, many times, on one socket, and
// the medians are compared. A machine that does other things may spoil one
// comparison, so that only a difference that comes again and again counts.
func TestNotYoursTakesAsLongAsNotThere(t *testing.T) {
	const rounds, within, across, tries = 150, 5.0, 2.0, 4
	d := newDoorstep(t, transport.Options{})
	d.people()
	compare := func(c command, who string, s *socket, at aim) {
		times := within
		if strings.HasSuffix(who, "of another tenant") {
			times = across
		}
		var a, b time.Duration
		for range tries {
			var there, nowhere []time.Duration
			for range rounds {
				there = append(there, s.timed(c.op, c.fields(t, at)))
				nowhere = append(nowhere, s.timed(c.op, c.fields(t, unknown())))
			}
			a, b = median(there), median(nowhere)
			t.Logf("%s by %s: not yours %v, not there %v", c, who, a, b)
			if float64(max(a, b)) <= times*float64(min(a, b)) {
				return
			}
		}
		t.Errorf("%s by %s: not yours takes %v, not there %v: more than %v times", c, who, a, b, times)
	}
	past := d.visitorAt("acme", shopOrigin)
	over := d.offered(past)
	past.ok("session.close", map[string]any{"sid": over.sid, "idem": freshKey()})
	for _, c := range commands(t) {
		if matrix()[c.String()].aim != "sid" {
			continue
		}
		for who, s := range d.strangers(c.side) {
			compare(c, who, s, d.mine)
		}
		compare(c, "a stranger, when it is closed", d.strangers(c.side)[map[string]string{"visitor": "another visitor", "operator": "an operator not in it"}[c.side]], over)
	}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
