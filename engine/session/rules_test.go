package session_test

import (
	"errors"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

func TestOwnerLostWhileATransferIsPending(t *testing.T) {
	pending := func(t *testing.T) (*life, engine.Seq) {
		l := newLife(t)
		l.owned()
		l.good(operator("ada"), engine.Draft{Op: engine.OpTransfer, Plan: toBob()})
		id := l.transferOffer("bob")
		l.lost("ada")
		l.is(engine.StateDetached, "ada")
		return l, id
	}
	l, id := pending(t)
	l.good(operator("bob"), engine.Draft{Op: engine.OpAccept, Offer: id})
	l.is(engine.StateActive, "bob")
	if !l.s.Row().Service.GraceBy.IsZero() {
		t.Fatal("the grace runs on")
	}
	l, id = pending(t)
	l.good(operator("bob"), engine.Draft{Op: engine.OpReject, Offer: id})
	l.is(engine.StateDetached, "ada")
	l.advance(engine.DefaultOperatorGrace)
	l.is(engine.StateQueued, "")
}

func TestTransferWaitsForItsTarget(t *testing.T) {
	l := newLife(t)
	l.owned()
	plan := toBob()
	plan.Or, plan.Wait = engine.OrWait, time.Minute
	l.good(operator("ada"), engine.Draft{Op: engine.OpTransfer, Plan: plan})
	l.do(session.TransferFailed{Epoch: l.s.Row().Epoch, Transfer: l.s.Row().Service.Transfer.ID, Cause: engine.CauseTargetOffline})
	if l.s.Row().Service.Transfer == nil {
		t.Fatal("it does not wait")
	}
	l.advance(time.Minute)
	if l.s.Row().Service.Transfer != nil || l.last().Kind != engine.KindTransferEnded {
		t.Fatal("it waits for ever")
	}
	l.is(engine.StateActive, "ada")
}

func TestColdTransferLeavesWhenTheTargetIsAsked(t *testing.T) {
	l := newLife(t)
	l.owned()
	plan := toBob()
	plan.Cold = true
	l.good(operator("ada"), engine.Draft{Op: engine.OpTransfer, Plan: plan})
	l.is(engine.StateActive, "ada")
	id := l.transferOffer("bob")
	l.is(engine.StateOffered, "")
	if l.s.MayRead(operator("ada")) {
		t.Fatal("ada stays")
	}
	l.good(operator("bob"), engine.Draft{Op: engine.OpAccept, Offer: id})
	l.is(engine.StateActive, "bob")
}

// A cold transfer to a line leaves when somebody there is asked, or at once if it is to
// queue there; where nobody can take it, nothing has changed.
func TestColdTransferToALine(t *testing.T) {
	cold := func(or engine.Fallback) *life {
		l := newLife(t)
		l.owned()
		l.good(operator("ada"), engine.Draft{Op: engine.OpTransfer, Plan: &engine.Plan{
			Target: engine.Target{Department: "sales"}, Cold: true, Or: or, Wait: time.Minute,
		}})
		return l
	}
	nobody := func(l *life) {
		l.do(session.TransferFailed{Epoch: l.s.Row().Epoch, Transfer: l.s.Row().Service.Transfer.ID, Cause: engine.CauseTargetOffline})
	}
	l := cold(engine.OrFail)
	l.is(engine.StateActive, "ada")
	nobody(l)
	l.is(engine.StateActive, "ada")
	if e, row := l.last(), l.s.Row(); e.Kind != engine.KindTransferEnded || e.Cause != engine.CauseTargetOffline || row.Department != "support" || row.Service.Transfer != nil || row.Boost != 0 {
		t.Fatalf("got %v, %+v", e, row)
	}
	l = cold(engine.OrFail)
	l.transferOffer("bob")
	l.is(engine.StateOffered, "")
	if l.s.Row().Department != "sales" || !l.hasTold("ada", session.Lost) {
		t.Fatalf("got %+v", l.s.Row())
	}
	l = cold(engine.OrWait)
	nobody(l)
	l.is(engine.StateActive, "ada")
	l.transferOffer("bob")
	l.is(engine.StateOffered, "")
	cold(engine.OrQueue).is(engine.StateQueued, "")
}

// A bot that hands a session on to a line hands it to people: it waits from then on.
func TestABotsColdTransferIsAHandOff(t *testing.T) {
	l := newLife(t)
	l.begin("sales")
	l.number++
	l.do(session.Offer{Operator: "bot", Epoch: l.s.Row().Epoch, Life: l.life, Number: l.number, Direct: true})
	l.is(engine.StateActive, "bot")
	l.good(operator("bot"), l.say("I am a machine"))
	l.now = l.now.Add(time.Minute)
	to := &engine.Plan{Target: engine.Target{Department: "support"}, Cold: true, Or: engine.OrQueue}
	l.good(operator("bot"), engine.Draft{Op: engine.OpTransfer, Plan: to})
	if row := l.s.Row(); row.State != engine.StateQueued || !row.FirstQueued.Equal(l.now) || !row.Service.Handed || row.Boost != 0 {
		t.Fatalf("got %+v", row)
	}
	since := l.now
	l.offer("ada")
	l.good(operator("ada"), engine.Draft{Op: engine.OpAccept, Offer: l.s.Last()})
	l.now = l.now.Add(time.Minute)
	l.good(operator("ada"), engine.Draft{Op: engine.OpTransfer, Plan: to})
	if row := l.s.Row(); !row.FirstQueued.Equal(since) || row.Boost != engine.RequeueBoost {
		t.Fatalf("handed on once more: got %+v", row)
	}
}

func TestFirstReplyHasADeadline(t *testing.T) {
	l := newLife(t)
	l.assigned("sales", "ada")
	arrival := l.s.Row().FirstQueued
	l.advance(engine.DefaultFirstReply)
	l.is(engine.StateQueued, "")
	if row := l.s.Row(); row.Boost != 0 || !row.FirstQueued.Equal(arrival) || !l.hasTold("ada", session.Missed) {
		t.Fatalf("got %+v", row)
	}
	if e := l.last(); e.Kind != engine.KindSessionRequeued || e.Cause != engine.CauseNoFirstReply {
		t.Fatalf("got %v", e)
	}
	l.direct("ada")
	l.is(engine.StateQueued, "") // not at once again
	l.direct("bob")
	note := l.say("a note is no reply")
	note.Visibility = engine.VisibleToOperators
	l.good(operator("bob"), note)
	l.advance(engine.DefaultFirstReply)
	l.is(engine.StateQueued, "")
	l.advance(engine.DefaultDeclineFor)
	l.direct("bob")
	l.good(operator("bob"), l.say("a reply"))
	l.advance(engine.DefaultFirstReply)
	l.is(engine.StateActive, "bob")
}

func TestSilenceCountsByTurn(t *testing.T) {
	l := newLife(t)
	l.assigned("strict", "ada") // nudge 15 s, reroute 40 s; idle 10 s, warn 20 s, close 50 s
	l.now = l.now.Add(10 * time.Second)
	l.good(visitor, l.say("anybody?")) // does not make ada any faster
	l.advance(5 * time.Second)
	if l.last().Kind != engine.KindNudged {
		t.Fatalf("got %v", l.last())
	}
	l.good(operator("ada"), l.say("yes"))
	l.advance(10 * time.Second)
	if d, _ := tenant.Department("strict"); l.last().Kind != engine.KindIdleOn || l.s.Row().Weight != d.IdleWeight {
		t.Fatalf("got %v, weight %d", l.last(), l.s.Row().Weight)
	}
	l.good(operator("ada"), l.say("are you there?")) // asks anew
	l.advance(19 * time.Second)
	if l.count(engine.KindWarned) != 0 {
		t.Fatal("warned too early")
	}
	l.advance(time.Second)
	if l.count(engine.KindWarned) != 1 {
		t.Fatal("not warned")
	}
	l.good(visitor, l.say("yes"))
	if row := l.s.Row(); row.Service.Idle || row.Weight != 2000 || row.Service.Warned {
		t.Fatalf("got %+v", row)
	}
	l.advance(15 * time.Second)
	l.advance(25 * time.Second)
	l.is(engine.StateQueued, "")
	if e := l.last(); e.Cause != engine.CauseOperatorSilent {
		t.Fatalf("got %v", e)
	}
	l.advance(90 * time.Second) // queue_max
	l.is(engine.StateUnattended, "")
	l.advance(time.Hour)
	l.is(engine.StateClosed, "")
}

func TestTheDepartmentCloses(t *testing.T) {
	l := newLife(t)
	l.begin("sunday")
	if d := l.s.Deadline(); !d.Equal(zero.Add(5 * time.Minute)) {
		t.Fatalf("deadline: got %v", d)
	}
	l.advance(5 * time.Minute)
	l.is(engine.StateUnattended, "")
	early := newLife(t)
	early.bad(engine.ErrDepartmentClosed, visitor, engine.Draft{Op: engine.OpStart, Department: "early", ClientID: "k"})
	early.bad(engine.ErrDepartmentClosed, visitor, engine.Draft{Op: engine.OpStart, Department: "early", ClientID: "k"})
	early.is(engine.StateClosed, "")
}

func TestMembersReadAndWriteWhatTheirPartAllows(t *testing.T) {
	for part, may := range map[engine.Part][2]bool{
		engine.PartMember: {true, true}, engine.PartWhisper: {false, true}, engine.PartObserver: {false, false}, engine.PartFollower: {false, false},
	} {
		l := newLife(t)
		l.owned()
		if a := l.answer(operator("bob"), engine.RightSupervise, engine.Draft{Op: engine.OpJoin, Plan: &engine.Plan{As: part}}); a.Err != nil {
			t.Fatal(a.Err)
		}
		bob := operator("bob")
		if got := [2]bool{l.s.MayWrite(bob, engine.VisibleToAll), l.s.MayWrite(bob, engine.VisibleToOperators)}; got != may || !l.s.MayRead(bob) {
			t.Errorf("%s may write %v, want %v", part, got, may)
		}
		if l.last().IsVisible(engine.VisibleToAll) != (part == engine.PartMember) {
			t.Errorf("the visitor sees a %s join: %v", part, l.last())
		}
		l.good(bob, engine.Draft{Op: engine.OpLeave})
		if l.s.MayRead(bob) {
			t.Errorf("a %s who left reads on", part)
		}
	}
}

func TestTakeoverKeepsTheOldOwnerAsAMember(t *testing.T) {
	l := newLife(t)
	l.owned()
	l.do(session.Ask{By: operator("chief"), Draft: engine.Draft{Op: engine.OpTakeover, Request: "r", Plan: &engine.Plan{Force: true}}, Rights: engine.RightSupervise})
	if wish := l.wishes[0]; wish.Operator != "chief" || !wish.Force {
		t.Fatalf("got %+v", wish)
	}
	l.do(session.Again{}) // a router that lost its memory is asked again
	if wish, is := l.effects[0].(session.Pick); !is || wish.Number != 1 {
		t.Fatalf("got %v", l.effects)
	}
	l.direct("chief")
	l.is(engine.StateActive, "chief")
	if !l.s.MayWrite(operator("ada"), engine.VisibleToAll) || !l.hasTold("ada", session.Lost) || !l.hasTold("ada", session.Joined) {
		t.Fatalf("got %+v", l.s.Row().Service.Members)
	}
}

func TestTwoSupervisorsDoNotUndoEachOther(t *testing.T) {
	l := newLife(t)
	l.owned()
	set := func(rev engine.Seq, priority int) engine.Answer {
		return l.answer(operator("chief"), engine.RightSupervise, engine.Draft{Op: engine.OpSet, Plan: &engine.Plan{Priority: &priority, IfRev: rev}})
	}
	first := set(0, 3)
	if a := set(first.Seq, 5); a.Err != nil || l.s.Row().Priority != 5 {
		t.Fatalf("got %+v", a)
	}
	if a := set(first.Seq, 7); !errors.Is(a.Err, engine.ErrStaleRevision) || l.s.Row().Priority != 5 {
		t.Fatalf("got %+v", a)
	}
}

func TestOnlyASignedProofSetsAPriority(t *testing.T) {
	nine := 9
	start := engine.Draft{Op: engine.OpStart, Department: "sales", Plan: &engine.Plan{Priority: &nine}}
	l := newLife(t)
	l.bad(engine.ErrForbidden, visitor, start)
	if a := l.answer(visitor, engine.RightPriority, start); a.Err != nil || l.s.Row().Priority != 9 {
		t.Fatalf("got %+v", a)
	}
}

func TestWrapUpIsExtended(t *testing.T) {
	l := newLife(t)
	l.owned()
	l.good(operator("ada"), engine.Draft{Op: engine.OpClose, Plan: &engine.Plan{Tags: []string{"refund"}, FollowUp: zero.AddDate(0, 0, 1)}})
	l.advance(50 * time.Second)
	l.good(operator("ada"), engine.Draft{Op: engine.OpWrapUpExtend})
	l.restarted()
	l.do(session.Recover{Since: l.now})
	l.advance(59 * time.Second)
	l.is(engine.StateClosing, "ada")
	if s := l.s.Situation(engine.VisibleToOperators).Serving; len(s.Tags) != 1 || !s.FollowUp.Equal(zero.AddDate(0, 0, 1)) {
		t.Fatalf("got %+v", s)
	}
	l.good(operator("ada"), engine.Draft{Op: engine.OpWrapUpDone})
	l.is(engine.StateClosed, "ada")
}

func TestReleasedSessionIsNotTheReleasersAtOnce(t *testing.T) {
	l := newLife(t)
	l.owned()
	l.now = l.now.Add(time.Minute)
	l.good(operator("ada"), engine.Draft{Op: engine.OpRelease})
	if row := l.s.Row(); !row.Service.Queued.Equal(l.now) || row.Service.Step != 0 || row.Boost != engine.RequeueBoost {
		t.Fatalf("got %+v", row)
	}
	l.offer("ada")
	l.is(engine.StateQueued, "")
	l.offer("bob")
	l.is(engine.StateOffered, "")
}

func TestServedVisitorWhoWasGoneHasTheWholeGraceInLine(t *testing.T) {
	l := newLife(t)
	l.owned()
	l.do(session.Present{On: false})
	l.advance(5 * time.Minute)
	l.is(engine.StateActive, "ada")
	l.lost("ada")
	l.advance(engine.DefaultOperatorGrace)
	l.is(engine.StateQueued, "")
	l.advance(engine.DefaultQueueGrace - time.Millisecond)
	l.is(engine.StateQueued, "")
	l.advance(time.Millisecond)
	l.is(engine.StateClosed, "")
}

func TestServedVisitorIsGivenUpAfterItsGrace(t *testing.T) {
	l := newLife(t)
	l.begin("sales")
	l.offer("ada")
	l.good(operator("ada"), engine.Draft{Op: engine.OpAccept, Offer: l.s.Last()})
	l.do(session.Present{On: false})
	l.advance(engine.DefaultVisitorGrace - time.Millisecond)
	l.is(engine.StateActive, "ada")
	l.advance(time.Millisecond)
	l.is(engine.StateClosed, "ada")
}

func TestOldTransferDoesNotFailTheNewOne(t *testing.T) {
	l := newLife(t)
	l.owned()
	old := l.good(operator("ada"), engine.Draft{Op: engine.OpTransfer, Plan: toBob()})
	l.good(operator("ada"), engine.Draft{Op: engine.OpTransferCancel})
	l.good(operator("ada"), engine.Draft{Op: engine.OpTransfer, Plan: toBob()})
	l.do(session.TransferFailed{Epoch: l.s.Row().Epoch, Transfer: old.Seq, Cause: engine.CauseTargetFull})
	if l.s.Row().Service.Transfer == nil {
		t.Fatal("the new transfer was failed")
	}
}

func TestAStepIsLoggedOnceAndKept(t *testing.T) {
	l := newLife(t)
	l.begin("strict")
	for _, step := range []int{1, 1, 2, 1} {
		l.do(session.Relax{Epoch: l.s.Row().Epoch, Step: step})
	}
	if l.count(engine.KindStepRelaxed) != 2 || l.s.Row().Service.Step != 2 || !l.last().IsVisible(engine.VisibleToAll) {
		t.Fatalf("logged %d, step %d, %v", l.count(engine.KindStepRelaxed), l.s.Row().Service.Step, l.last())
	}
}

func TestSignedOutOwnerKeepsWhatItDrains(t *testing.T) {
	l := newLife(t)
	l.owned()
	l.do(session.OwnerGone{Operator: "ada", Epoch: l.s.Row().Epoch, Cause: engine.CauseOperatorSignedOut, Drain: true})
	l.is(engine.StateActive, "ada")
	l.do(session.OwnerGone{Operator: "ada", Epoch: l.s.Row().Epoch, Cause: engine.CauseOperatorSignedOut})
	l.is(engine.StateQueued, "")
	if e := l.last(); e.Cause != engine.CauseOperatorSignedOut || l.s.Row().Service.Preferred != "ada" {
		t.Fatalf("got %v", e)
	}
}
