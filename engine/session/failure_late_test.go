package session_test

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// assigned is a session in a department, owned by an operator without having been
// offered to it.
func (l *life) assigned(in engine.DepartmentID, to engine.OperatorID) {
	l.begin(in)
	l.direct(to)
}

func (l *life) direct(to engine.OperatorID) {
	l.number++
	l.do(session.Offer{Operator: to, Epoch: l.s.Row().Epoch, Life: l.life, Number: l.number, Direct: true})
}

func TestFailure51_messages_lost_when_all_are_offline(t *testing.T) {
	l := newLife(t)
	l.now = zero.Add(time.Hour) // sunday has closed
	l.begin("sunday")
	l.is(engine.StateUnattended, "")
	l.good(visitor, l.say("and another thing"))
	if l.count(engine.KindMessageNew) != 2 {
		t.Fatalf("the log holds %d messages", l.count(engine.KindMessageNew))
	}
	came := l.s.Row().FirstQueued
	l.restarted()
	l.do(session.Recover{Since: l.now})
	l.do(session.Resume{Epoch: l.s.Row().Epoch})
	l.is(engine.StateUnattended, "") // nobody is there to be served
	l.do(session.Present{On: true})
	l.do(session.Resume{Epoch: l.s.Row().Epoch})
	l.is(engine.StateQueued, "")
	if !l.s.Row().FirstQueued.Equal(came) {
		t.Fatal("its place in line is lost")
	}
	l.do(session.Ask{By: operator("ada"), Draft: engine.Draft{Op: engine.OpPick, Request: "r"}, Rights: engine.RightPick})
	l.direct("ada")
	l.is(engine.StateActive, "ada")
}

func TestFailure54_typing_into_a_closed_chat(t *testing.T) {
	l := newLife(t)
	l.owned()
	l.good(operator("ada"), engine.Draft{Op: engine.OpClose})
	before := len(l.log)
	for _, in := range []session.Input{
		session.Typing{By: visitor, On: true}, session.Typing{By: operator("ada"), On: true}, session.Peek{By: visitor, Body: engine.BodyOf("secret")},
	} {
		if l.do(in); len(l.effects) != 0 {
			t.Fatalf("%T is passed on: %v", in, l.effects)
		}
	}
	l.bad(engine.ErrClosed, visitor, l.say("hello?"))
	l.bad(engine.ErrClosed, operator("ada"), l.say("bye"))
	l.bad(engine.ErrClosed, operator("ada"), engine.Draft{Op: engine.OpEdit, Target: 6, ClientID: "e", Body: engine.BodyOf("x")})
	if len(l.log) != before {
		t.Fatalf("%v was written", l.last())
	}
}

func TestFailure55_bot_and_human_both_answer(t *testing.T) {
	l := newLife(t)
	l.assigned("sales", "bot")
	l.good(operator("ada"), engine.Draft{Op: engine.OpJoin})
	l.bad(engine.ErrForbidden, operator("ada"), l.say("I too"))
	note := l.say("let me watch")
	note.Visibility = engine.VisibleToOperators
	l.good(operator("ada"), note)
	l.advance(time.Minute)
	l.good(operator("bot"), engine.Draft{Op: engine.OpHandoff})
	l.is(engine.StateQueued, "")
	if row := l.s.Row(); !row.FirstQueued.Equal(l.now) || !row.Service.Handed || row.Boost != 0 {
		t.Fatalf("it waits for a person from now on: got %+v", row)
	}
	l.bad(engine.ErrNotFound, operator("bot"), l.say("one more thing"))
	l.direct("ada")
	l.good(operator("ada"), l.say("here I am"))
	l.bad(engine.ErrNotFound, operator("bot"), l.say("I think"))

	l = newLife(t)
	l.assigned("sales", "bot")
	l.do(session.Ask{By: operator("ada"), Draft: engine.Draft{Op: engine.OpTakeover, Request: "r"}, Rights: engine.RightSupervise})
	l.direct("ada")
	l.is(engine.StateActive, "ada")
	if l.s.MayRead(operator("bot")) {
		t.Fatal("the bot stays where a person has taken over")
	}
}

func TestFailure57_timer_acts_on_a_chat_back_in_the_queue(t *testing.T) {
	l := newLife(t)
	l.owned() // it is the visitor's turn
	l.lost("ada")
	l.advance(engine.DefaultOperatorGrace)
	l.is(engine.StateQueued, "")
	l.advance(time.Hour)
	l.is(engine.StateQueued, "")
	if n := l.count(engine.KindWarned) + l.count(engine.KindNudged) + l.count(engine.KindIdleOn); n != 0 {
		t.Fatalf("%d timers acted on a waiting session", n)
	}
	l.offer("bob")
	l.good(operator("bob"), engine.Draft{Op: engine.OpAccept, Offer: l.s.Last()})
	l.advance(engine.DefaultSilence().OperatorNudge - time.Millisecond)
	if l.count(engine.KindNudged) != 0 {
		t.Fatal("bob is reminded of what ada owed")
	}
	l.advance(time.Millisecond)
	if l.count(engine.KindNudged) != 1 || !l.hasTold("bob", session.Nudge) {
		t.Fatal("bob is not reminded")
	}
}

func TestFailure58_the_visitor_never_wrote(t *testing.T) {
	l := newLife(t)
	l.do(session.Present{On: true})
	l.good(visitor, engine.Draft{Op: engine.OpStart, Department: "sales"})
	l.advance(time.Hour) // waiting is not silence
	l.offer("ada")
	l.good(operator("ada"), engine.Draft{Op: engine.OpAccept, Offer: l.s.Last()})
	l.advance(time.Minute)
	l.good(operator("ada"), l.say("hello?"))
	silence := engine.DefaultSilence()
	l.advance(silence.VisitorWarn)
	if l.last().Kind != engine.KindWarned || !l.last().IsVisible(engine.VisibleToAll) {
		t.Fatalf("got %v", l.last())
	}
	l.advance(silence.VisitorClose - silence.VisitorWarn)
	l.is(engine.StateClosed, "ada")
	if l.log[l.closing-1].Cause != engine.CauseVisitorSilent || l.count(engine.KindRatingRequested) != 0 {
		t.Fatalf("got %v, asked for %d ratings", l.log[l.closing-1], l.count(engine.KindRatingRequested))
	}

	l = newLife(t) // nor did the operator: the clock starts at the assignment
	l.do(session.Present{On: true})
	l.good(visitor, engine.Draft{Op: engine.OpStart, Department: "sales"})
	l.offer("ada")
	l.good(operator("ada"), engine.Draft{Op: engine.OpAccept, Offer: l.s.Last()})
	l.advance(silence.VisitorWarn)
	l.advance(silence.VisitorClose - silence.VisitorWarn)
	l.is(engine.StateClosed, "ada")
}

func TestFailure59_auto_resolve_posts_into_a_closed_chat(t *testing.T) {
	l := newLife(t)
	l.owned()
	for range 30 {
		l.advance(time.Minute)
	}
	l.is(engine.StateClosed, "ada")
	if n := l.count(engine.KindSessionClosing); n != 1 {
		t.Fatalf("it was closed %d times", n)
	}
	before := len(l.log)
	l.advance(48 * time.Hour)
	if len(l.log) != before || l.count(engine.KindSessionStarted) != 1 {
		t.Fatalf("%v was written later", l.last())
	}

	l = newLife(t) // a server that was away warns before it closes
	l.owned()
	l.advance(3 * time.Hour)
	l.is(engine.StateActive, "ada")
	l.advance(engine.DefaultSilence().VisitorClose - engine.DefaultSilence().VisitorWarn)
	l.is(engine.StateClosing, "ada")
}

func TestFailure60_survey_after_a_month(t *testing.T) {
	l := newLife(t)
	l.owned()
	l.good(operator("ada"), engine.Draft{Op: engine.OpClose})
	if l.count(engine.KindRatingRequested) != 1 {
		t.Fatal("nobody is asked after a conversation")
	}
	l.advance(time.Minute)
	rate := engine.Draft{Op: engine.OpRate, Plan: &engine.Plan{Score: 4}, ClientID: "r1"}
	l.bad(engine.ErrBadRequest, visitor, engine.Draft{Op: engine.OpRate, Plan: &engine.Plan{Score: 6}, ClientID: "r0"})
	l.restarted()
	l.do(session.Recover{Since: l.now})
	l.now = zero.Add(engine.DefaultRatingWindow - time.Millisecond)
	first := l.good(visitor, rate)
	rate.ClientID = "r2"
	l.bad(engine.ErrForbidden, visitor, rate) // once
	rate.ClientID = "r1"
	l.restarted()
	l.do(session.Recover{Since: l.now})
	if again := l.good(visitor, rate); again.Seq != first.Seq {
		t.Fatalf("got %+v, want %+v", again, first)
	}
	l.is(engine.StateClosed, "ada")

	l = newLife(t)
	l.owned()
	l.good(operator("ada"), engine.Draft{Op: engine.OpClose})
	l.advance(time.Minute)
	l.now = zero.Add(engine.DefaultRatingWindow)
	l.bad(engine.ErrClosed, visitor, rate)
	l.bad(engine.ErrClosed, operator("ada"), engine.Draft{Op: engine.OpNote, ClientID: "n", Body: engine.BodyOf("late")})

	l = newLife(t) // a message that nobody answers has an end, without a survey
	l.begin("sunday")
	l.do(session.Defer{Epoch: 1, Cause: engine.CauseNobody})
	l.is(engine.StateUnattended, "")
	l.advance(engine.DefaultUnattendedFor)
	l.is(engine.StateClosed, "")
	if l.count(engine.KindRatingRequested) != 0 {
		t.Fatal("a survey was sent")
	}
}
