package session_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
	"pgregory.net/rapid"
)

// life is a session that anything may happen to, and what must hold of it.
type life struct {
	*rapid.T
	chat
	number  uint64
	answers map[asked]firstAnswer
	offered engine.OperatorID // by the notes that operators got
	owner   engine.OperatorID // likewise
	visible engine.Seq        // the last entry visible to all
	owners  map[engine.Epoch]engine.OperatorID
	closing engine.Seq
	removed map[engine.Seq]engine.Seq // messages, by the entry that removed them
}

// asked is an idempotency key with its scope.
type asked struct {
	by  engine.Author
	op  engine.Op
	key string
}

type firstAnswer struct {
	said   said
	answer engine.Answer
}

// said is what must be the same when a key is used again.
type said struct {
	body       string
	target     engine.Seq
	visibility engine.Visibility
	format     engine.Format
}

var (
	authors = rapid.SampledFrom([]engine.Author{visitor, visitor, visitor, operator("ada"), operator("ada"), operator("bob"), server, {}})
	ops     = rapid.SampledFrom([]engine.Op{
		engine.OpMessage, engine.OpMessage, engine.OpMessage, engine.OpRead, engine.OpClose,
		engine.OpEdit, engine.OpEdit, engine.OpRedact,
		engine.OpAccept, engine.OpAccept, engine.OpReject, engine.OpStart, engine.OpStart, engine.OpAway,
	})
	bodies = rapid.SampledFrom([]string{"", "a", "b", "{}", string(make([]byte, 101))})
	causes = rapid.SampledFrom([]engine.Cause{engine.CauseOperatorLost, engine.CauseOperatorSignedOut, engine.CauseTaken})
)

func (l *life) draft() session.Ask {
	by, op := authors.Draw(l.T, "by"), ops.Draw(l.T, "op")
	if op == engine.OpClose && rapid.IntRange(0, 3).Draw(l.T, "mercy") > 0 {
		op = engine.OpMessage // let some live longer
	}
	row := l.s.Row()
	d := engine.Draft{Op: op, Request: "r", Body: engine.BodyOf(bodies.Draw(l.T, "body"))}
	switch op {
	case engine.OpStart: // its text is kept as a message under its key
		d.ClientID = rapid.SampledFrom([]string{"", "k1", "k2", "k3"}).Draw(l.T, "key")
	case engine.OpMessage, engine.OpEdit:
		d.ClientID = rapid.SampledFrom([]string{"", "k1", "k2", "k3"}).Draw(l.T, "key")
		d.Format = rapid.SampledFrom([]engine.Format{0, 0, 0, 0, engine.FormatForm, engine.FormatPostback, engine.FormatRedacted}).Draw(l.T, "format")
		if op == engine.OpMessage {
			d.Visibility = rapid.SampledFrom([]engine.Visibility{0, 0, 0, engine.VisibleToOperators}).Draw(l.T, "visibility")
		}
	default:
		d.Body = engine.Body{}
		d.ClientID = rapid.SampledFrom([]string{"", "k1", "k2"}).Draw(l.T, "key")
	}
	if op == engine.OpStart && d.ClientID != "" {
		d.ClientID = "start-" + d.ClientID
	}
	if rapid.Bool().Draw(l.T, "conditional") {
		d.IfSeq = engine.Seq(rapid.IntRange(0, len(l.log)+1).Draw(l.T, "if"))
	}
	if rapid.IntRange(0, 3).Draw(l.T, "with epoch") == 0 {
		d.Epoch = engine.Epoch(rapid.IntRange(0, int(row.Epoch)+1).Draw(l.T, "epoch"))
	}
	if len(row.Offers) > 0 {
		d.Offer = row.Offers[0].ID
	}
	if rapid.IntRange(0, 4).Draw(l.T, "other offer") == 0 {
		d.Offer++
	}
	d.Seq = engine.Seq(rapid.IntRange(0, len(l.log)+2).Draw(l.T, "seq"))
	if op == engine.OpEdit || op == engine.OpRedact {
		d.Target = l.aim(by)
	}
	return session.Ask{By: by, Draft: d}
}

// aim is mostly at a message of the author's.
func (l *life) aim(by engine.Author) engine.Seq {
	var own []engine.Seq
	for _, e := range l.log {
		if e.Kind == engine.KindMessageNew && e.Author == by {
			own = append(own, e.Seq)
		}
	}
	if len(own) > 0 && rapid.IntRange(0, 4).Draw(l.T, "own") > 0 {
		return rapid.SampledFrom(own).Draw(l.T, "message")
	}
	return engine.Seq(rapid.IntRange(0, len(l.log)+1).Draw(l.T, "target"))
}

// do steps one input and checks everything that must hold of any step.
func (l *life) do(in session.Input) {
	before := l.s.Row()
	effects := l.step(in)
	replies := 0
	reported := false
	for _, e := range effects {
		switch e := e.(type) {
		case session.Write:
			l.wrote(e.Entry)
		case session.Reply:
			replies++
			if e.After > l.s.Last() {
				l.Fatalf("a reply after entry %d of %d", e.After, l.s.Last())
			}
			l.answered(in.(session.Ask), e)
		case session.Report:
			reported = true
			last := lastReport(effects)
			if last.After != l.s.Last() {
				l.Fatalf("the last report is after %d of %d", last.After, l.s.Last())
			}
			if !reflect.DeepEqual(last.Row, l.s.Row()) {
				l.Fatalf("the last report differs from the row: %+v and %+v", last.Row, l.s.Row())
			}
		case session.Notify:
			l.noted(e)
		}
	}
	want := 0
	if _, ask := in.(session.Ask); ask {
		want = 1
	}
	if replies != want {
		l.Fatalf("%d replies to %T", replies, in)
	}
	row := l.s.Row()
	if moved := routed(before) != routed(row); moved && !reported {
		l.Fatalf("the router does not learn of %s -> %s", routed(before), routed(row))
	}
	l.holds(row)
}

// routed is what the router must know.
func routed(r engine.Row) string {
	return fmt.Sprint(r.State, r.Epoch, r.Department, r.Owner, r.OfferedTo(), r.Weight, len(r.Declines))
}

func lastReport(effects []session.Effect) (last session.Report) {
	for _, e := range effects {
		if r, ok := e.(session.Report); ok {
			last = r
		}
	}
	return last
}

// wrote checks an entry against those before it.
func (l *life) wrote(e *engine.Entry) {
	at := slices.Index(l.log, e)
	if e.Seq != engine.Seq(at+1) {
		l.Fatalf("I11: entry %d is numbered %d", at+1, e.Seq)
	}
	if e.PrevAll != l.visible || e.Prev(engine.VisibleToOperators) != e.Seq-1 {
		l.Fatalf("I11: entry %d: prev is %d, want %d", e.Seq, e.PrevAll, l.visible)
	}
	if e.IsVisible(engine.VisibleToAll) {
		l.visible = e.Seq
	}
	if at > 0 && (e.Epoch < l.log[at-1].Epoch || e.At.Before(l.log[at-1].At)) {
		l.Fatalf("entry %d goes back in epoch or time", e.Seq)
	}
	if e.Session != ref.Session || !e.At.Equal(e.At.Truncate(time.Millisecond)) || e.At.Location() != time.UTC {
		l.Fatalf("entry %d is of %s at %v", e.Seq, e.Session, e.At)
	}
	switch e.Kind {
	case engine.KindSessionAssigned:
		if other, taken := l.owners[e.Epoch]; taken {
			l.Fatalf("I1: %s and %s own epoch %d", other, e.Operator, e.Epoch)
		}
		l.owners[e.Epoch] = e.Operator
	case engine.KindSessionClosing, engine.KindSessionRefused:
		if l.closing != 0 {
			l.Fatalf("ended twice, by %d and %d", l.closing, e.Seq)
		}
		l.closing = e.Seq
	case engine.KindMessageNew:
		if l.closing != 0 {
			l.Fatalf("I3: message %d after the end %d", e.Seq, l.closing)
		}
		if e.Body.Len() == 0 || e.Body.Len() > 100 {
			l.Fatalf("message %d of %d bytes", e.Seq, e.Body.Len())
		}
		if e.Author == visitor && e.Visibility != engine.VisibleToAll {
			l.Fatalf("message %d: the visitor wrote a note", e.Seq)
		}
	case engine.KindMessageEdited, engine.KindMessageRedacted:
		l.amended(e)
	}
}

// amended checks an edit or a removal against the message that it is about.
func (l *life) amended(e *engine.Entry) {
	if l.closing != 0 {
		l.Fatalf("I3: %v after the end %d", e, l.closing)
	}
	if e.Target == 0 || e.Target >= e.Seq {
		l.Fatalf("%v is about %d", e, e.Target)
	}
	of := l.log[e.Target-1]
	if of.Kind != engine.KindMessageNew || of.Author != e.Author || of.Visibility != e.Visibility {
		l.Fatalf("%v is about %v of another author or visibility", e, of)
	}
	if by := l.removed[e.Target]; by != 0 {
		l.Fatalf("%v is about message %d, which %d removed", e, e.Target, by)
	}
	if e.Kind == engine.KindMessageRedacted {
		l.removed[e.Target] = e.Seq
		for _, held := range l.log {
			if held.HoldsTextOf(e.Target) && (held.Body.Len() != 0 || held.Format != engine.FormatRedacted) {
				l.Fatalf("%v left text in %v", e, held)
			}
		}
	} else if e.Author == visitor || e.Body.Len() == 0 || e.Body.Len() > 100 {
		l.Fatalf("%v by %v", e, e.Author)
	}
}

// noted keeps what operators were told, and checks that it makes sense.
func (l *life) noted(n session.Notify) {
	switch n.Note {
	case session.Offered:
		if l.offered != "" {
			l.Fatalf("offered to %s and %s", l.offered, n.Operator)
		}
		l.offered = n.Operator
	case session.OfferEnded:
		if l.offered != n.Operator || n.Cause == engine.CauseNone {
			l.Fatalf("%s's offer ended, but it was %q's", n.Operator, l.offered)
		}
		l.offered = ""
	case session.Gained:
		if l.offered != n.Operator {
			l.Fatalf("%s gained what was offered to %q", n.Operator, l.offered)
		}
		l.offered, l.owner = "", n.Operator
	case session.Lost:
		if l.owner != n.Operator {
			l.Fatalf("%s lost what was %q's", n.Operator, l.owner)
		}
		l.owner = ""
	}
}

// answered checks idempotency: the same key gets the first answer, or a conflict.
func (l *life) answered(ask session.Ask, r session.Reply) {
	a := r.Answer
	if a.Request != "r" || a.Op != ask.Draft.Op || a.Session != ref.Session {
		l.Fatalf("answer %+v to %+v", a, ask.Draft)
	}
	if a.Err == nil && a.Seq > r.After {
		l.Fatalf("entry %d is acknowledged after %d", a.Seq, r.After)
	}
	if ask.Draft.ClientID == "" || ask.Draft.Op == engine.OpRead || ask.Draft.Op == engine.OpAway {
		return
	}
	k := asked{ask.By, ask.Draft.Op, ask.Draft.ClientID}
	d := ask.Draft
	now := said{string(d.Body.Reveal()), d.Target, d.Visibility, d.Format}
	if d.Op == engine.OpRedact {
		now.body = ""
	}
	first, known := l.answers[k]
	if known && l.forgot(k, first) { // of a removed text, any is the same
		now.body, now.format = first.said.body, first.said.format
	}
	switch {
	case !known:
		if a.Err == nil && !(d.Op == engine.OpStart && l.unremembered(k)) && !(d.Op == engine.OpRedact && l.unremembered(k)) {
			l.answers[k] = firstAnswer{now, a}
		}
	case first.said != now:
		if !errors.Is(a.Err, engine.ErrIdemConflict) {
			l.Fatalf("%+v with another body: got %+v, want a conflict", k, a)
		}
	default:
		if ask.Draft.Op == engine.OpStart { // the open session answers as it is
			a.State, a.Epoch = first.answer.State, first.answer.Epoch
		}
		if !reflect.DeepEqual(a, first.answer) {
			l.Fatalf("%+v again: got %+v, want %+v", k, a, first.answer)
		}
	}
}

// forgot: the text that was sent under a key has been removed since.
func (l *life) forgot(k asked, first firstAnswer) bool {
	switch k.op {
	case engine.OpMessage:
		return l.removed[first.answer.Seq] != 0
	case engine.OpEdit:
		return l.removed[first.said.target] != 0
	case engine.OpStart: // its text is a message under its key
		return slices.ContainsFunc(l.log, func(e *engine.Entry) bool {
			return e.Kind == engine.KindMessageNew && e.Format == engine.FormatRedacted && e.Author == k.by && e.ClientID == k.key
		})
	default:
		return false
	}
}

// unremembered: a start that adds nothing to an open session leaves no entry, nor
// does removing what is removed.
func (l *life) unremembered(k asked) bool {
	return !slices.ContainsFunc(l.log, func(e *engine.Entry) bool {
		return e.Author == k.by && e.ClientID == k.key && (e.Kind == engine.KindMessageRedacted) == (k.op == engine.OpRedact)
	})
}

// holds checks what must be true between steps.
func (l *life) holds(row engine.Row) {
	deadline := l.s.Deadline()
	switch row.State {
	case engine.StateNew, engine.StateClosed:
		if !deadline.IsZero() {
			l.Fatalf("%s has a deadline", row.State)
		}
	case engine.StateQueued:
		if l.s.Info().Present != deadline.IsZero() {
			l.Fatalf("I4: waiting, present %v, deadline %v", l.s.Info().Present, deadline)
		}
	case engine.StateOffered, engine.StateClosing:
		if deadline.IsZero() {
			l.Fatalf("I4: %s without a deadline", row.State)
		}
	case engine.StateActive:
	default:
		l.Fatalf("I4: state %s", row.State)
	}
	if l.offered != row.OfferedTo() || (row.State == engine.StateOffered) != (row.OfferedTo() != "") {
		l.Fatalf("told %q of an offer, it is to %q in %s", l.offered, row.OfferedTo(), row.State)
	}
	if owned := row.State == engine.StateActive || row.State == engine.StateClosing; owned != (row.Owner != "") && row.State != engine.StateClosed {
		l.Fatalf("%s with owner %q", row.State, row.Owner)
	}
	if row.State != engine.StateClosed && l.owner != row.Owner {
		l.Fatalf("told %q of owning, it is %q's", l.owner, row.Owner)
	}
	if l.s.HeadFor(engine.VisibleToAll) != l.visible || l.s.HeadFor(engine.VisibleToOperators) != engine.Seq(len(l.log)) {
		l.Fatalf("heads %d and %d, want %d and %d", l.s.HeadFor(engine.VisibleToAll), l.s.Last(), l.visible, len(l.log))
	}
}

// survives checks that whoever restores the session now gets what lives.
func (l *life) survives() {
	if len(l.log) == 0 {
		return
	}
	got, want := l.restored(len(l.log)), l.s
	if !reflect.DeepEqual(got.Inside(), want.Inside()) {
		l.Fatalf("restored: got %+v, want %+v", got.Inside(), want.Inside())
	}
	l.sameRow(got.Row(), want.Row())
	if got.Last() != want.Last() || got.Durable() != want.Last() {
		l.Fatalf("restored: last %d, durable %d, want %d", got.Last(), got.Durable(), want.Last())
	}
	tail := rapid.IntRange(0, 3).Draw(l.T, "tail")
	short := l.restored(tail)
	cut, whole := short.Row(), want.Row()
	if cut.State != whole.State || tail > 0 && (cut.PrevAll != whole.PrevAll || cut.Epoch != whole.Epoch) ||
		tail > 0 && whole.State.IsOpen() && cut.Turn != whole.Turn {
		l.Fatalf("restored from the last %d: got %+v, want %+v", tail, cut, whole)
	}
	if effects := short.Step(session.Ask{By: visitor, Draft: engine.Draft{Op: engine.OpMessage, ClientID: "after", Body: engine.BodyOf("x")}}, l.now, nil); l.closing != 0 {
		for _, e := range effects {
			if w, wrote := e.(session.Write); wrote {
				l.Fatalf("I3: entry %d is written after the end %d", w.Entry.Seq, l.closing)
			}
		}
	}
}

// sameRow compares but for what is deliberately not kept: marks and stamps since
// the last entry, and, of a closed session, whatever only waiting needs.
func (l *life) sameRow(got, want engine.Row) {
	if got.ReadVisitor > want.ReadVisitor || got.ReadOperator > want.ReadOperator || got.LastActivity.After(want.LastActivity) {
		l.Fatalf("restored is ahead: got %+v, want %+v", got, want)
	}
	for _, row := range []*engine.Row{&got, &want} {
		row.ReadVisitor, row.ReadOperator, row.LastActivity = 0, 0, time.Time{}
		if len(row.Declines) == 0 || row.State == engine.StateClosed {
			row.Declines = nil
		}
		if row.State == engine.StateClosed {
			row.CloseBy, row.Turn, row.Weight, row.Priority, row.Boost = time.Time{}, 0, 0, 0, 0
			row.Service = engine.Service{RateBy: row.Service.RateBy, Rated: row.Service.Rated, Needs: row.Service.Needs, Tags: row.Service.Tags, Rev: row.Service.Rev}
		}
	}
	if !reflect.DeepEqual(got, want) {
		l.Fatalf("restored: got %+v, want %+v", got, want)
	}
}

func (l *life) tick() {
	l.do(session.Tick{})
	if d := l.s.Deadline(); !d.IsZero() && !l.now.Before(d) {
		l.Fatalf("a tick at %v leaves the deadline at %v", l.now, d)
	}
}

// TestLaws lets anything happen in any order.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &life{T: t, chat: newChat(), answers: map[asked]firstAnswer{}, owners: map[engine.Epoch]engine.OperatorID{}, removed: map[engine.Seq]engine.Seq{}}
		ask := func(*rapid.T) { l.do(l.draft()) }
		t.Repeat(map[string]func(*rapid.T){
			"ask": ask, "ask2": ask, "ask3": ask,
			"start": func(*rapid.T) {
				department := rapid.SampledFrom([]engine.DepartmentID{"sales", "support", "", "none"}).Draw(l.T, "department")
				l.do(session.Ask{By: visitor, Draft: engine.Draft{Op: engine.OpStart, Request: "r", Department: department}})
			},
			"offer": func(*rapid.T) {
				l.number++
				epoch := l.s.Row().Epoch - engine.Epoch(rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(l.T, "stale"))
				l.do(session.Offer{Operator: rapid.SampledFrom([]engine.OperatorID{"ada", "bob"}).Draw(l.T, "to"), Epoch: epoch, Number: l.number})
			},
			"assigned": func(*rapid.T) { // as it mostly goes
				if l.s.State() != engine.StateQueued {
					l.Skip("not waiting")
				}
				l.number++
				l.do(session.Offer{Operator: "ada", Epoch: l.s.Row().Epoch, Number: l.number})
				l.do(session.Ask{By: operator("ada"), Draft: engine.Draft{Op: engine.OpAccept, Request: "r", Offer: l.s.Last()}})
			},
			"closed": func(*rapid.T) {
				if rapid.IntRange(0, 3).Draw(l.T, "really") == 0 {
					l.do(session.Ask{By: visitor, Draft: engine.Draft{Op: engine.OpClose, Request: "r"}})
				}
			},
			"revoke": func(*rapid.T) { l.do(session.Revoke{Operator: "ada", Cause: causes.Draw(l.T, "cause")}) },
			"refuse": func(*rapid.T) {
				if rapid.IntRange(0, 9).Draw(l.T, "really") == 0 {
					l.do(session.Refuse{Epoch: l.s.Row().Epoch, Cause: engine.CauseDepartmentClosed})
				}
			},
			"identity": func(*rapid.T) {
				ids := rapid.SampledFrom([]engine.VisitorID{{15: 7}, {15: 8}, {15: 9}})
				from, to, had := ids.Draw(l.T, "from"), ids.Draw(l.T, "to"), l.s.Row()
				l.do(session.Upgrade{From: from, To: to})
				moves := from == had.Visitor && from != to && had.State != engine.StateNew && l.closing == 0
				if got := l.s.Row().Visitor; moves && got != to || !moves && got != had.Visitor {
					l.Fatalf("from %v to %v: the session of %v is %v's", from, to, had.Visitor, got)
				}
			},
			"presence": func(*rapid.T) { l.do(session.Present{On: rapid.Bool().Draw(l.T, "on")}) },
			"peek": func(*rapid.T) {
				l.do(session.Peek{By: authors.Draw(l.T, "by"), Body: engine.BodyOf(bodies.Draw(l.T, "text"))})
			},
			"typing": func(*rapid.T) { l.do(session.Typing{By: authors.Draw(l.T, "by"), On: true}) },
			"stored": func(*rapid.T) {
				l.do(session.Stored{Through: engine.Seq(rapid.IntRange(0, len(l.log)).Draw(l.T, "through"))})
			},
			"again": func(*rapid.T) { l.do(session.Again{}) },
			"time": func(*rapid.T) {
				l.now = l.now.Add(time.Duration(rapid.IntRange(1, 30_000).Draw(l.T, "ms")) * time.Millisecond)
				l.tick()
			},
			"restart": func(*rapid.T) {
				if len(l.log) == 0 {
					l.Skip("nothing to restore")
				}
				l.restart(len(l.log))
				l.do(session.Recover{Since: l.now})
			},
			"": func(*rapid.T) { l.survives() },
		})
	})
}
