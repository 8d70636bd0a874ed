package session_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// situation is a state that a session may be in, and how it got there.
type situation struct {
	name string
	get  func(l *life)
}

const all = engine.RightSupervise | engine.RightHide | engine.RightPick

func (l *life) ask(by engine.Author, d engine.Draft) {
	d.Request = "r"
	if d.ClientID == "" {
		d.ClientID = fmt.Sprint("at-", len(l.log))
	}
	l.do(session.Ask{By: by, Draft: d, Rights: all})
}

func (l *life) begin(in engine.DepartmentID) {
	l.do(session.Present{On: true})
	l.ask(visitor, engine.Draft{Op: engine.OpStart, Department: in, Body: engine.BodyOf("hello")})
}

func (l *life) offer(to engine.OperatorID, also ...engine.OperatorID) {
	l.number++
	l.do(session.Offer{Operator: to, Also: also, Epoch: l.s.Row().Epoch, Life: l.life, Number: l.number})
}

// owned is a session that ada owns, whose visitor and owner have both written.
func (l *life) owned() {
	l.begin("support")
	l.offer("ada")
	l.ask(operator("ada"), engine.Draft{Op: engine.OpAccept, Offer: l.s.Last()})
	l.ask(operator("ada"), engine.Draft{Op: engine.OpMessage, Body: engine.BodyOf("hi")})
}

var situations = []situation{
	{"new", func(*life) {}},
	{"queued", func(l *life) { l.begin("support") }},
	{"offered", func(l *life) { l.begin("support"); l.offer("ada", "bob") }},
	{"active", func(l *life) { l.owned() }},
	{"by a bot", func(l *life) {
		l.begin("support")
		l.number++
		l.do(session.Offer{Operator: "bot", Epoch: 1, Life: l.life, Number: l.number, Direct: true})
	}},
	{"transfer", func(l *life) {
		l.owned()
		l.ask(operator("ada"), engine.Draft{Op: engine.OpTransfer, Plan: &engine.Plan{Target: engine.Target{Operator: "bob"}}})
		l.number++
		l.do(session.Offer{Operator: "bob", Epoch: l.s.Row().Epoch, Life: l.life, Number: l.number, Transfer: l.s.Row().Service.Transfer.ID})
	}},
	{"detached", func(l *life) {
		l.owned()
		l.do(session.OwnerGone{Operator: "ada", Epoch: l.s.Row().Epoch, Cause: engine.CauseOperatorLost})
	}},
	{"closing", func(l *life) { l.owned(); l.ask(operator("ada"), engine.Draft{Op: engine.OpClose}) }},
	{"closed", func(l *life) {
		l.owned()
		l.ask(operator("ada"), engine.Draft{Op: engine.OpClose})
		l.advance(time.Minute)
	}},
	{"unattended", func(l *life) {
		l.begin("sunday")
		l.do(session.Defer{Epoch: 1, Cause: engine.CauseNobody})
	}},
}

func (l *life) advance(by time.Duration) {
	l.now = l.now.Add(by)
	l.tick()
}

// happening is something that may happen in any state.
type happening struct {
	name string
	make func(row engine.Row) session.Input
}

func drafts() (all []happening) {
	bob, priority := engine.Target{Operator: "bob"}, 3
	ask := func(name string, by engine.Author, d engine.Draft) {
		all = append(all, happening{name, func(row engine.Row) session.Input {
			d := d
			if by.Operator == "" && by.Kind == engine.AuthorOperator {
				by.Operator = "ada"
			}
			if len(row.Offers) > 0 {
				d.Offer = row.Offers[len(row.Offers)-1].ID
			}
			d.Request, d.ClientID = "r", "key"
			return session.Ask{By: by, Draft: d, Rights: rightsOf(by)}
		}})
	}
	owner, mate, chief, text := operator("ada"), operator("bob"), operator("chief"), engine.BodyOf("text")
	ask("visitor starts", visitor, engine.Draft{Op: engine.OpStart})
	ask("visitor continues", visitor, engine.Draft{Op: engine.OpContinue})
	for _, by := range []struct {
		name string
		engine.Author
	}{{"visitor", visitor}, {"owner", owner}, {"bot", operator("bot")}, {"mate", mate}, {"server", server}} {
		ask(by.name+" writes", by.Author, engine.Draft{Op: engine.OpMessage, Body: text})
		ask(by.name+" closes", by.Author, engine.Draft{Op: engine.OpClose})
	}
	ask("owner notes", owner, engine.Draft{Op: engine.OpMessage, Body: text, Visibility: engine.VisibleToOperators})
	ask("visitor redacts", visitor, engine.Draft{Op: engine.OpRedact, Target: 3})
	ask("chief redacts", chief, engine.Draft{Op: engine.OpRedact, Target: 3})
	ask("visitor reads", visitor, engine.Draft{Op: engine.OpRead, Seq: 2})
	ask("mate accepts", mate, engine.Draft{Op: engine.OpAccept})
	ask("mate rejects", mate, engine.Draft{Op: engine.OpReject})
	ask("owner accepts", owner, engine.Draft{Op: engine.OpAccept})
	ask("mate picks", mate, engine.Draft{Op: engine.OpPick})
	ask("owner picks", owner, engine.Draft{Op: engine.OpPick})
	ask("chief takes over", chief, engine.Draft{Op: engine.OpTakeover})
	ask("mate takes over", mate, engine.Draft{Op: engine.OpTakeover})
	ask("owner releases", owner, engine.Draft{Op: engine.OpRelease})
	ask("mate releases", mate, engine.Draft{Op: engine.OpRelease})
	ask("bot hands off", operator("bot"), engine.Draft{Op: engine.OpHandoff})
	ask("visitor wants a person", visitor, engine.Draft{Op: engine.OpHandoff})
	ask("owner transfers", owner, engine.Draft{Op: engine.OpTransfer, Plan: &engine.Plan{Target: bob}})
	ask("owner transfers to itself", owner, engine.Draft{Op: engine.OpTransfer, Plan: &engine.Plan{Target: engine.Target{Operator: "ada"}}})
	ask("owner transfers cold", owner, engine.Draft{Op: engine.OpTransfer, Plan: &engine.Plan{Target: engine.Target{Department: "sales"}, Cold: true}})
	ask("owner transfers to closed", owner, engine.Draft{Op: engine.OpTransfer, Plan: &engine.Plan{Target: engine.Target{Department: "early"}}})
	ask("owner forces", owner, engine.Draft{Op: engine.OpTransfer, Plan: &engine.Plan{Target: bob, Force: true}})
	ask("mate transfers", mate, engine.Draft{Op: engine.OpTransfer, Plan: &engine.Plan{Target: engine.Target{Operator: "eve"}}})
	ask("chief transfers", chief, engine.Draft{Op: engine.OpTransfer, Plan: &engine.Plan{Target: bob, Force: true}})
	ask("server transfers", server, engine.Draft{Op: engine.OpTransfer, Plan: &engine.Plan{Target: bob}})
	ask("server forces", server, engine.Draft{Op: engine.OpTransfer, Plan: &engine.Plan{Target: bob, Force: true}})
	ask("owner cancels", owner, engine.Draft{Op: engine.OpTransferCancel})
	ask("mate joins", mate, engine.Draft{Op: engine.OpJoin})
	ask("owner joins", owner, engine.Draft{Op: engine.OpJoin})
	ask("eve joins", operator("eve"), engine.Draft{Op: engine.OpJoin})
	ask("mate observes", mate, engine.Draft{Op: engine.OpJoin, Plan: &engine.Plan{As: engine.PartObserver}})
	ask("chief observes", chief, engine.Draft{Op: engine.OpJoin, Plan: &engine.Plan{As: engine.PartObserver, Hidden: true}})
	ask("mate leaves", mate, engine.Draft{Op: engine.OpLeave})
	ask("owner leaves", owner, engine.Draft{Op: engine.OpLeave})
	ask("owner sets", owner, engine.Draft{Op: engine.OpSet, Plan: &engine.Plan{Priority: &priority}})
	ask("owner tags", owner, engine.Draft{Op: engine.OpSet, Plan: &engine.Plan{Tags: []string{"vip"}}})
	ask("visitor tags", visitor, engine.Draft{Op: engine.OpSet, Plan: &engine.Plan{Tags: []string{"vip"}}})
	ask("server moves", server, engine.Draft{Op: engine.OpSet, Plan: &engine.Plan{Target: engine.Target{Department: "sales"}}})
	ask("owner extends", owner, engine.Draft{Op: engine.OpWrapUpExtend})
	ask("owner is done", owner, engine.Draft{Op: engine.OpWrapUpDone})
	ask("visitor rates", visitor, engine.Draft{Op: engine.OpRate, Plan: &engine.Plan{Score: 5}, Body: text})
	ask("owner adds a note", owner, engine.Draft{Op: engine.OpNote, Body: text})
	ask("visitor leaves the queue", visitor, engine.Draft{Op: engine.OpLeaveQueue})
	ask("visitor leaves a message", visitor, engine.Draft{Op: engine.OpLeaveQueue, Plan: &engine.Plan{Message: true}})
	return all
}

func rightsOf(by engine.Author) engine.Rights {
	switch by.Operator {
	case "chief":
		return all
	case "bob":
		return engine.RightPick
	default:
		return 0
	}
}

var happenings = append(drafts(), []happening{
	{"offer", func(r engine.Row) session.Input {
		return session.Offer{Operator: "eve", Epoch: r.Epoch, Number: 9}
	}},
	{"offers", func(r engine.Row) session.Input {
		return session.Offer{Operator: "eve", Also: []engine.OperatorID{"bob"}, Epoch: r.Epoch, Number: 9}
	}},
	{"offer of old", func(r engine.Row) session.Input {
		return session.Offer{Operator: "eve", Epoch: r.Epoch - 1, Number: 9}
	}},
	{"assignment", func(r engine.Row) session.Input {
		return session.Offer{Operator: "eve", Epoch: r.Epoch, Number: 9, Direct: true}
	}},
	{"offer revoked", func(r engine.Row) session.Input {
		return session.Revoke{Operator: "bob", Offer: offerTo(r, "bob"), Cause: engine.CauseOperatorLost}
	}},
	{"offer of old revoked", func(r engine.Row) session.Input {
		return session.Revoke{Operator: "bob", Offer: offerTo(r, "bob") - 1, Cause: engine.CauseOperatorLost}
	}},
	{"refusal", func(r engine.Row) session.Input {
		return session.Refuse{Epoch: r.Epoch, Cause: engine.CauseQueueFull}
	}},
	{"relaxation", func(r engine.Row) session.Input { return session.Relax{Epoch: r.Epoch, Step: 1} }},
	{"deferral", func(r engine.Row) session.Input { return session.Defer{Epoch: r.Epoch, Cause: engine.CauseNobody} }},
	{"resumption", func(r engine.Row) session.Input { return session.Resume{Epoch: r.Epoch} }},
	{"transfer fails", func(r engine.Row) session.Input {
		in := session.TransferFailed{Epoch: r.Epoch, Cause: engine.CauseTargetFull}
		if r.Service.Transfer != nil {
			in.Transfer = r.Service.Transfer.ID
		}
		return in
	}},
	{"owner lost", func(r engine.Row) session.Input {
		return session.OwnerGone{Operator: "ada", Epoch: r.Epoch, Cause: engine.CauseOperatorLost}
	}},
	{"owner lost before", func(r engine.Row) session.Input {
		return session.OwnerGone{Operator: "ada", Epoch: r.Epoch - 1, Cause: engine.CauseOperatorLost}
	}},
	{"owner signs out", func(r engine.Row) session.Input {
		return session.OwnerGone{Operator: "ada", Epoch: r.Epoch, Cause: engine.CauseOperatorSignedOut}
	}},
	{"owner drains", func(r engine.Row) session.Input {
		return session.OwnerGone{Operator: "ada", Epoch: r.Epoch, Cause: engine.CauseOperatorSignedOut, Drain: true}
	}},
	{"owner removed", func(r engine.Row) session.Input {
		return session.OwnerGone{Operator: "ada", Epoch: r.Epoch, Cause: engine.CauseOperatorRemoved}
	}},
	{"mate lost", func(r engine.Row) session.Input {
		return session.OwnerGone{Operator: "bob", Epoch: r.Epoch, Cause: engine.CauseOperatorLost}
	}},
	{"owner back", func(r engine.Row) session.Input { return session.OwnerBack{Operator: "ada", Epoch: r.Epoch} }},
	{"visitor goes", func(engine.Row) session.Input { return session.Present{On: false} }},
	{"visitor proves itself", func(r engine.Row) session.Input {
		return session.Upgrade{From: r.Visitor, To: engine.VisitorID{15: 9}}
	}},
	{"pick refused", func(engine.Row) session.Input { return session.Picked{Number: 1, Err: engine.ErrCapacityExceeded} }},
	{"router asks again", func(engine.Row) session.Input { return session.Again{} }},
	{"restart", func(engine.Row) session.Input { return session.Recover{Since: zero} }},
	{"the deadline", func(engine.Row) session.Input { return session.Tick{} }},
}...)

// TestEverythingInEveryState lets everything happen in every state. The table is
// what comes of it: the state after, or the refusal. PARLEY_UPDATE=1 writes it.
func TestEverythingInEveryState(t *testing.T) {
	const file = "testdata/table.golden"
	want, _ := os.ReadFile(file)
	got := table(t)
	if got == string(want) {
		return
	}
	if os.Getenv("PARLEY_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	wants := strings.Split(string(want), "\n")
	for i, line := range strings.Split(got, "\n") {
		if i >= len(wants) || line != wants[i] {
			t.Errorf("got  %s", line)
			if i < len(wants) {
				t.Errorf("want %s", wants[i])
			}
		}
	}
}

func table(t *testing.T) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "what")
	for _, s := range situations {
		fmt.Fprint(w, "\t", s.name)
	}
	fmt.Fprintln(w)
	for _, h := range happenings {
		fmt.Fprint(w, h.name)
		for _, s := range situations {
			fmt.Fprint(w, "\t", outcome(t, s, h))
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush()
	return out.String()
}

// outcome says what comes of a happening in a situation: "=" if the state stays
// what it is, in brackets what was refused.
func outcome(t *testing.T, s situation, h happening) string {
	l := &life{TB: t, chat: newChat(), model: newModel()}
	s.get(l)
	if want := strings.Fields(s.name)[0]; want != "by" && want != "transfer" && l.s.State().String() != want {
		t.Fatalf("%s is %s", s.name, l.s.State())
	}
	before, entries := l.s.Row(), len(l.log)
	in := h.make(before)
	switch in.(type) {
	case session.Tick:
		if d := l.s.Deadline(); !d.IsZero() {
			l.now = d
		}
	case session.Recover:
		if len(l.log) == 0 {
			return "-"
		}
		l.restarted()
	}
	answer := l.told(in)
	after := l.s.Row()
	text := "="
	if after.State != before.State {
		text = after.State.String()
	}
	if after.Owner != before.Owner && after.Owner != "" {
		text += " of " + string(after.Owner)
	}
	if n := len(l.log) - entries; n > 0 {
		text += fmt.Sprint(" +", n)
	}
	return text + answer
}

// told does and says what the answer was, if there was one.
func (l *life) told(in session.Input) string {
	text := ""
	copied := l.s.Row()
	l.do(in)
	for _, e := range l.effects {
		switch e := e.(type) {
		case session.Reply:
			if e.Answer.Err != nil {
				text = " (" + e.Answer.Err.Code + ")"
			}
		case session.Pick:
			text = " asks the router"
		case session.Begin:
			text = " asks for a new one"
		}
	}
	if copied.Epoch != l.s.Row().Epoch {
		text += fmt.Sprint(" e", l.s.Row().Epoch-copied.Epoch)
	}
	return text
}
