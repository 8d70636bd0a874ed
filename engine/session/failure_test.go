package session_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// The tests in this file are named after the failures of other systems that the
// session's rules make impossible. Each step is checked by the laws as well.

func newLife(t *testing.T) *life { return &life{TB: t, chat: newChat(), model: newModel()} }

// answer asks, and is the answer.
func (l *life) answer(by engine.Author, rights engine.Rights, d engine.Draft) engine.Answer {
	l.Helper()
	d.Request = "r"
	l.do(session.Ask{By: by, Draft: d, Rights: rights})
	for _, e := range l.effects {
		if r, is := e.(session.Reply); is && r.Pick == 0 {
			return r.Answer
		}
	}
	l.Fatalf("no answer to %s", d.Op)
	return engine.Answer{}
}

func (l *life) good(by engine.Author, d engine.Draft) engine.Answer {
	l.Helper()
	a := l.answer(by, 0, d)
	if a.Err != nil {
		l.Fatalf("%s: got %v", d.Op, a.Err)
	}
	return a
}

func (l *life) bad(want *engine.Error, by engine.Author, d engine.Draft) {
	l.Helper()
	if a := l.answer(by, 0, d); !errors.Is(a.Err, want) {
		l.Fatalf("%s: got %v, want %s", d.Op, a.Err, want.Code)
	}
}

func (l *life) is(state engine.State, owner engine.OperatorID) {
	l.Helper()
	if row := l.s.Row(); row.State != state || row.Owner != owner {
		l.Fatalf("it is %s of %q, want %s of %q", row.State, row.Owner, state, owner)
	}
}

func (l *life) say(text string) engine.Draft {
	return engine.Draft{Op: engine.OpMessage, Body: engine.BodyOf(text), ClientID: text}
}

func (l *life) lost(id engine.OperatorID) {
	l.do(session.OwnerGone{Operator: id, Epoch: l.s.Row().Epoch, Cause: engine.CauseOperatorLost})
}

func (l *life) count(kind engine.Kind) (n int) {
	for _, e := range l.log {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func (l *life) last() *engine.Entry { return l.log[len(l.log)-1] }

// told reports whether the last step told an operator so.
func (l *life) hasTold(id engine.OperatorID, note session.Note) bool {
	return slices.ContainsFunc(l.effects, func(e session.Effect) bool {
		n, is := e.(session.Notify)
		return is && n.Operator == id && n.Note == note
	})
}

func TestFailure08_chat_stuck(t *testing.T) {
	for _, s := range situations[1:] {
		t.Run("left alone "+s.name, func(t *testing.T) {
			l := newLife(t)
			s.get(l)
			l.do(session.Present{On: false})
			for range 20 {
				if d := l.s.Deadline(); !d.IsZero() {
					l.now = d
					l.tick()
				}
			}
			l.is(engine.StateClosed, l.s.Row().Owner)
		})
		t.Run("closed by a supervisor "+s.name, func(t *testing.T) {
			l := newLife(t)
			s.get(l)
			if a := l.answer(operator("chief"), engine.RightSupervise, engine.Draft{Op: engine.OpClose}); a.Err != nil && !errors.Is(a.Err, engine.ErrClosed) {
				t.Fatalf("got %v", a.Err)
			}
			if l.closing == 0 {
				t.Fatal("it is not over")
			}
		})
	}
}

func TestFailure09_undelivered_offer_waits_again(t *testing.T) {
	l := newLife(t)
	l.begin("sales")
	first := l.s.Row()
	l.offer("ada")
	l.advance(engine.DefaultOfferTimeout)
	l.is(engine.StateQueued, "")
	if row := l.s.Row(); !row.FirstQueued.Equal(first.FirstQueued) || row.Boost != first.Boost || row.Epoch != first.Epoch {
		t.Fatalf("its place in line was %+v and is %+v", first, row)
	}
	l.offer("ada") // has just missed it
	l.is(engine.StateQueued, "")
	l.advance(engine.DefaultDeclineFor)
	l.offer("ada")
	l.is(engine.StateOffered, "")
}

func TestFailure15_two_accept_the_same_chat(t *testing.T) {
	l := newLife(t)
	l.begin("sales")
	l.offer("ada", "bob")
	offers := l.s.Row().Offers
	if len(offers) != 2 {
		t.Fatalf("offers: got %+v", offers)
	}
	l.bad(engine.ErrOfferNotYours, operator("bob"), engine.Draft{Op: engine.OpAccept, Offer: offers[0].ID})
	l.good(operator("bob"), engine.Draft{Op: engine.OpAccept, Offer: offers[1].ID})
	l.is(engine.StateActive, "bob")
	if !l.hasTold("ada", session.OfferEnded) || l.log[len(l.log)-2].Cause != engine.CauseTaken {
		t.Fatalf("ada was not told that it is taken: %v", l.effects)
	}
	l.bad(engine.ErrOfferGone, operator("ada"), engine.Draft{Op: engine.OpAccept, Offer: offers[0].ID})
	l.bad(engine.ErrNotFound, operator("ada"), l.say("I have it too"))
}

func TestFailure22_returning_chat_goes_to_an_offline_agent(t *testing.T) {
	l := newLife(t)
	l.owned()
	l.lost("ada")
	l.advance(engine.DefaultOperatorGrace)
	l.is(engine.StateQueued, "") // it is offered back only if ada is there
	if s := l.s.Row().Service; s.Preferred != "ada" || !s.Returning {
		t.Fatalf("ada is not the first to be asked: %+v", s)
	}
	l.offer("bob")
	l.good(operator("bob"), engine.Draft{Op: engine.OpAccept, Offer: l.s.Last()})
	l.good(operator("bob"), engine.Draft{Op: engine.OpClose})
	l.advance(time.Minute)
	l.ask(visitor, engine.Draft{Op: engine.OpContinue})
	begin, is := l.effects[len(l.effects)-1].(session.Begin)
	if !is || begin.Inherit.Preferred != "bob" || begin.Inherit.Department != "support" || begin.Inherit.Previous != ref.Session {
		t.Fatalf("got %+v", l.effects)
	}
	next := newLife(t)
	next.do(session.Ask{By: visitor, Draft: engine.Draft{Op: engine.OpContinue, Request: "r"}, Inherit: &begin.Inherit})
	next.is(engine.StateQueued, "") // bob is preferred, and no more
	if row := next.s.Row(); row.Service.Preferred != "bob" || row.Department != "support" || row.Service.Previous != ref.Session {
		t.Fatalf("got %+v", row)
	}
}

func TestFailure24_missed_yet_never_offered_to_the_next(t *testing.T) {
	l := newLife(t)
	l.begin("sales")
	l.offer("ada")
	l.advance(engine.DefaultOfferTimeout)
	if !l.hasTold("ada", session.Missed) || !l.hasTold("ada", session.OfferEnded) {
		t.Fatalf("ada was not told: %v", l.effects)
	}
	l.offer("bob")
	l.is(engine.StateOffered, "")
	l.good(operator("bob"), engine.Draft{Op: engine.OpAccept, Offer: l.s.Last()})
	l.is(engine.StateActive, "bob")
}

// offered is the pending transfer's offer.
func (l *life) transferOffer(to engine.OperatorID) engine.Seq {
	l.number++
	l.do(session.Offer{Operator: to, Epoch: l.s.Row().Epoch, Life: l.life, Number: l.number, Transfer: l.s.Row().Service.Transfer.ID})
	return l.s.Row().Offers[0].ID
}

func toBob() *engine.Plan { return &engine.Plan{Target: engine.Target{Operator: "bob"}} }

func TestFailure25_forwarded_chat_cannot_be_declined(t *testing.T) {
	l := newLife(t)
	l.owned()
	l.good(operator("ada"), engine.Draft{Op: engine.OpTransfer, Plan: toBob()})
	l.good(operator("bob"), engine.Draft{Op: engine.OpReject, Offer: l.transferOffer("bob")})
	l.is(engine.StateActive, "ada")
	if end := l.last(); end.Kind != engine.KindTransferEnded || end.Cause != engine.CauseRejected {
		t.Fatalf("got %v", end)
	}
	l.good(operator("ada"), l.say("still me"))
	l.good(operator("ada"), engine.Draft{Op: engine.OpTransfer, Plan: toBob()}) // asked by name: bob may say yes now
	epoch := l.s.Row().Epoch
	l.good(operator("bob"), engine.Draft{Op: engine.OpAccept, Offer: l.transferOffer("bob")})
	l.is(engine.StateActive, "bob")
	if l.s.Row().Epoch != epoch+1 || !l.hasTold("ada", session.Lost) {
		t.Fatalf("ada was not told, or the epoch is %d", l.s.Row().Epoch)
	}
}

func TestFailure27_duplicate_sessions_from_two_starts(t *testing.T) {
	l := newLife(t)
	start := engine.Draft{Op: engine.OpStart, Body: engine.BodyOf("hello"), ClientID: "one"}
	first := l.good(visitor, start)
	again := l.good(visitor, start)
	other := l.good(visitor, engine.Draft{Op: engine.OpStart, ClientID: "two"})
	if again.Seq != first.Seq || other.Seq != first.Seq || l.count(engine.KindSessionStarted) != 1 || l.count(engine.KindMessageNew) != 1 {
		t.Fatalf("got %+v, %+v, %+v", first, again, other)
	}
}

func TestFailure28_second_take_replaces_the_operator(t *testing.T) {
	l := newLife(t)
	l.begin("sales")
	for _, by := range []engine.OperatorID{"ada", "bob"} {
		l.do(session.Ask{By: operator(by), Draft: engine.Draft{Op: engine.OpPick, Request: "r"}, Rights: engine.RightPick})
	}
	if len(l.wishes) != 2 {
		t.Fatalf("wishes: got %+v", l.wishes)
	}
	epoch := l.s.Row().Epoch
	l.number++
	l.do(session.Offer{Operator: "ada", Epoch: epoch, Life: l.life, Number: l.number, Direct: true})
	l.is(engine.StateActive, "ada")
	if len(l.wishes) != 0 { // bob has been told no
		t.Fatalf("wishes: got %+v", l.wishes)
	}
	l.number++
	l.do(session.Offer{Operator: "bob", Epoch: epoch, Life: l.life, Number: l.number, Direct: true})
	l.is(engine.StateActive, "ada")
	if a := l.answer(operator("chief"), engine.RightSupervise, engine.Draft{Op: engine.OpTakeover, Epoch: epoch}); !errors.Is(a.Err, engine.ErrStaleEpoch) {
		t.Fatalf("got %v", a.Err)
	}
}

func TestFailure31_old_agent_remains_after_forward_and_queue(t *testing.T) {
	for name, forward := range map[string]func(l *life){
		"cold": func(l *life) {
			l.good(operator("ada"), engine.Draft{Op: engine.OpTransfer, Plan: &engine.Plan{Target: engine.Target{Department: "sales"}, Cold: true, Or: engine.OrQueue}})
		},
		"nobody there": func(l *life) {
			plan := &engine.Plan{Target: engine.Target{Department: "sales"}, Or: engine.OrQueue}
			l.good(operator("ada"), engine.Draft{Op: engine.OpTransfer, Plan: plan})
			l.is(engine.StateActive, "ada")
			l.do(session.TransferFailed{Epoch: l.s.Row().Epoch, Transfer: l.s.Row().Service.Transfer.ID, Cause: engine.CauseTargetOffline})
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLife(t)
			l.owned()
			forward(l)
			l.is(engine.StateQueued, "")
			row := l.s.Row()
			if row.Department != "sales" || row.Boost != engine.RequeueBoost || row.Service.Transfer != nil || !l.hasTold("ada", session.Lost) {
				t.Fatalf("got %+v", row)
			}
			l.bad(engine.ErrNotFound, operator("ada"), l.say("still here"))
			l.offer("bob")
			l.good(operator("bob"), engine.Draft{Op: engine.OpAccept, Offer: l.s.Last()})
			l.is(engine.StateActive, "bob")
		})
	}
}

func TestFailure32_transfer_confirms_but_nothing_changes(t *testing.T) {
	l := newLife(t)
	l.owned()
	plan := &engine.Plan{Target: engine.Target{Department: "sales"}}
	a := l.good(operator("ada"), engine.Draft{Op: engine.OpTransfer, Plan: plan, Body: engine.BodyOf("wants a refund")})
	if e := l.log[a.Seq-1]; e.Kind != engine.KindTransferStarted || e.IsVisible(engine.VisibleToAll) {
		t.Fatalf("the answer names %v", e)
	}
	if note := l.log[a.Seq-2]; note.Kind != engine.KindMessageNew || note.IsVisible(engine.VisibleToAll) {
		t.Fatalf("the note is %v", note)
	}
	l.do(session.TransferFailed{Epoch: l.s.Row().Epoch, Transfer: a.Seq, Cause: engine.CauseTargetFull})
	if end := l.last(); end.Kind != engine.KindTransferEnded || end.Target != a.Seq || end.Cause != engine.CauseTargetFull {
		t.Fatalf("got %v", end)
	}
	a = l.good(operator("ada"), engine.Draft{Op: engine.OpTransfer, Plan: plan})
	l.good(operator("bob"), engine.Draft{Op: engine.OpAccept, Offer: l.transferOffer("bob")})
	if row := l.s.Row(); row.Department != "sales" || row.Owner != "bob" {
		t.Fatalf("got %+v", row)
	}
	if at := slices.IndexFunc(l.log, func(e *engine.Entry) bool { return e.Kind == engine.KindTransferEnded && e.Target == a.Seq }); at < 0 {
		t.Fatal("the transfer has no end")
	}
}

func TestFailure34_old_agent_reads_on_after_department_switch(t *testing.T) {
	l := newLife(t)
	l.owned()
	l.good(operator("ada"), engine.Draft{Op: engine.OpTransfer, Plan: &engine.Plan{Target: engine.Target{Department: "sales"}, Cold: true, Or: engine.OrQueue}})
	l.good(visitor, l.say("a secret"))
	if l.s.MayRead(operator("ada")) || l.s.MayWrite(operator("ada"), engine.VisibleToOperators) {
		t.Fatal("ada may read on")
	}
	if a := l.answer(operator("chief"), engine.RightSupervise, engine.Draft{Op: engine.OpSet, Plan: &engine.Plan{Target: engine.Target{Department: "support"}}}); a.Err != nil {
		t.Fatal(a.Err)
	}
	l.offer("bob")
	l.good(operator("bob"), engine.Draft{Op: engine.OpAccept, Offer: l.s.Last()})
	if a := l.answer(operator("chief"), engine.RightSupervise, engine.Draft{Op: engine.OpSet, Plan: &engine.Plan{Target: engine.Target{Department: "sales"}}}); !errors.Is(a.Err, engine.ErrBadRequest) {
		t.Fatalf("an owned session's department was changed under its owner: %v", a.Err)
	}
}

func TestFailure40_nobody_is_told_of_a_lost_operator(t *testing.T) {
	l := newLife(t)
	l.owned()
	l.lost("ada")
	l.is(engine.StateDetached, "ada")
	gone := l.last()
	if gone.Kind != engine.KindSessionDetached || !gone.IsVisible(engine.VisibleToAll) || !gone.Deadline.Equal(l.now.Add(engine.DefaultOperatorGrace)) {
		t.Fatalf("the visitor sees %v", gone)
	}
	l.good(visitor, l.say("are you there?")) // it is kept for whoever comes
	l.advance(engine.DefaultOperatorGrace)
	if e := l.last(); e.Kind != engine.KindSessionRequeued || !e.IsVisible(engine.VisibleToAll) || e.Cause != engine.CauseOperatorLost {
		t.Fatalf("the visitor sees %v", e)
	}
	if row := l.s.Row(); row.Boost != engine.RequeueBoost || l.s.MayRead(operator("ada")) {
		t.Fatalf("got %+v", row)
	}
}

func TestFailure41_reload_ends_the_session(t *testing.T) {
	l := newLife(t)
	l.owned()
	epoch := l.s.Row().Epoch
	l.lost("ada")
	l.advance(engine.DefaultOperatorGrace - time.Millisecond)
	l.do(session.OwnerBack{Operator: "ada", Epoch: l.s.Row().Epoch})
	l.is(engine.StateActive, "ada")
	l.advance(time.Minute)
	l.is(engine.StateActive, "ada")
	if l.s.Row().Epoch != epoch {
		t.Fatal("it has changed hands")
	}
	l.good(operator("ada"), l.say("back"))
	l.lost("ada")
	l.now = l.now.Add(engine.DefaultOperatorGrace) // nobody has looked at the clock yet
	l.do(session.OwnerBack{Operator: "ada", Epoch: l.s.Row().Epoch})
	l.is(engine.StateQueued, "")
}

func TestFailure42_restart_forgets_the_grace(t *testing.T) {
	l := newLife(t)
	l.owned()
	l.lost("ada")
	want := l.s.Deadline()
	l.now = l.now.Add(10 * time.Second)
	l.restarted()
	l.do(session.Recover{Since: l.now})
	if got := l.s.Deadline(); !got.Equal(want) {
		t.Fatalf("deadline: got %v, want %v", got, want)
	}
	l.now = want
	l.tick()
	l.is(engine.StateQueued, "")
}

func TestFailure47_message_silently_reopens_a_closed_chat(t *testing.T) {
	l := newLife(t)
	l.owned()
	end := l.good(operator("ada"), engine.Draft{Op: engine.OpClose})
	l.bad(engine.ErrClosed, visitor, l.say("one more thing"))
	if a := l.answer(visitor, 0, l.say("one more thing")); a.Err.Seq != end.Seq {
		t.Fatalf("the refusal points at %d, want %d", a.Err.Seq, end.Seq)
	}
	if sit := l.s.Situation(engine.VisibleToAll); sit.State != engine.StateClosing || sit.RateBy.IsZero() {
		t.Fatalf("the widget sees %+v", sit)
	}
	l.advance(time.Minute)
	before := len(l.log)
	l.ask(visitor, engine.Draft{Op: engine.OpContinue, Body: engine.BodyOf("one more thing")})
	if len(l.log) != before {
		t.Fatal("the closed session was written to")
	}
}
