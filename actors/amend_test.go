package actors

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/parleyhq/parley/engine"
)

// last is the newest entry of a kind that a person was shown.
func (p *person) last(kind engine.Kind) *engine.Entry {
	p.w.t.Helper()
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range slices.Backward(p.entries) {
		if e.Kind == kind {
			return e
		}
	}
	p.w.t.Fatalf("no %s came", kind)
	return nil
}

func TestEditAndRedact(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor, operator := talking(w)
		card := visitor.good(t, visitor.say("my card is 4711")).Seq
		said := operator.good(t, operator.say("tankh you")).Seq
		operator.good(t, operator.do(engine.Draft{Op: engine.OpEdit, Target: said, Body: engine.BodyOf("thank you")}))
		if e := visitor.last(engine.KindMessageEdited); e.Target != said || string(e.Body.Reveal()) != "thank you" {
			t.Errorf("the visitor sees an edit of %d: %v", e.Target, e)
		}
		for _, op := range []engine.Op{engine.OpEdit, engine.OpRedact} {
			if a := operator.answer(t, operator.do(engine.Draft{Op: op, Target: card, Body: engine.BodyOf("x")})); !errors.Is(a.Err, engine.ErrForbidden) {
				t.Errorf("%s of the visitor's message: got %v, want %v", op, a.Err, engine.ErrForbidden)
			}
		}
		first := visitor.good(t, visitor.do(engine.Draft{Op: engine.OpRedact, Target: card}))
		if again := visitor.good(t, visitor.do(engine.Draft{Op: engine.OpRedact, Target: card})); again.Seq != first.Seq {
			t.Errorf("redacted again: got entry %d, want %d", again.Seq, first.Seq)
		}
		if e := operator.last(engine.KindMessageRedacted); e.Target != card || e.Seq != first.Seq {
			t.Errorf("the operator sees a redaction of %d: %v", e.Target, e)
		}
		page := operator.good(t, operator.do(engine.Draft{Op: engine.OpHistory})).Entries
		if e := page[card-1]; e.Body.Len() != 0 || e.Format != engine.FormatRedacted || e.Seq != card {
			t.Errorf("history still shows %v, %s", e, e.Format)
		}
		back := w.visitor(visitor.token)
		equal(t, "a second tab sees", back.texts(), []string{"hello", "", "tankh you"})
	})
}

// TestRedactedIsGoneWhereNothingIsKept: transcripts off change nothing.
func TestRedactedIsGoneWhereNothingIsKept(t *testing.T) {
	inWorld(t, func(_ *Config, tenant *engine.Tenant) { tenant.Transcripts = false }, func(w *world) {
		visitor, _ := talking(w)
		card := visitor.good(t, visitor.say("my card is 4711")).Seq
		visitor.good(t, visitor.do(engine.Draft{Op: engine.OpRedact, Target: card}))
		equal(t, "a second tab sees", w.visitor(visitor.token).texts(), []string{"hello", ""})
	})
}

// TestNotesStayAmongOperators, in the events, in history and on resuming; a
// restart of the session's actor does not change that.
func TestNotesStayAmongOperators(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor, operator := talking(w)
		note := operator.good(t, operator.do(engine.Draft{Op: engine.OpMessage, Visibility: engine.VisibleToOperators, Body: engine.BodyOf("difficult")})).Seq
		operator.good(t, operator.do(engine.Draft{Op: engine.OpEdit, Target: note, Body: engine.BodyOf("very difficult")}))
		operator.good(t, operator.say("how may I help"))
		if a := visitor.answer(t, visitor.do(engine.Draft{Op: engine.OpMessage, Visibility: engine.VisibleToOperators, Body: engine.BodyOf("x")})); !errors.Is(a.Err, engine.ErrForbidden) {
			t.Errorf("a visitor's note: got %v, want %v", a.Err, engine.ErrForbidden)
		}
		equal(t, "operator sees", operator.texts(), []string{"hello", "difficult", "how may I help"})
		for _, p := range []*person{visitor, w.visitor(visitor.token)} {
			equal(t, "visitor sees", p.texts(), []string{"hello", "how may I help"})
			if slices.Contains(p.kinds(), engine.KindMessageEdited) {
				t.Error("the visitor sees the edit of a note")
			}
		}
		visitor.id = operator.id
		for _, e := range visitor.good(t, visitor.do(engine.Draft{Op: engine.OpHistory})).Entries {
			if e.Visibility != engine.VisibleToAll {
				t.Errorf("history shows the visitor %v", e)
			}
		}
	})
}

// TestPeekGoesToOperatorsOnly, where the tenant wants it, and is stored nowhere.
func TestPeekGoesToOperatorsOnly(t *testing.T) {
	for _, enabled := range []bool{true, false} {
		inWorld(t, func(_ *Config, tenant *engine.Tenant) { tenant.Peek = enabled }, func(w *world) {
			visitor, operator := talking(w)
			tab := w.visitor(visitor.token)
			visitor.seat.Signal(visitor.id, engine.Peek{Body: engine.BodyOf("I wond")})
			operator.seat.Signal(visitor.id, engine.Peek{Body: engine.BodyOf("not me")})
			stranger := w.visitor("")
			stranger.seat.Signal(visitor.id, engine.Peek{Body: engine.BodyOf("not me either")})
			synctest.Wait()
			peek, came := lastSignal[engine.Peek](operator.screen)
			if came != enabled || came && (string(peek.Body.Reveal()) != "I wond" || peek.Author.Kind != engine.AuthorVisitor || peek.Session != visitor.id) {
				t.Errorf("enabled %v: the operator got %+v, %v", enabled, peek, came)
			}
			for _, p := range []*person{visitor, tab, stranger} {
				if _, came := lastSignal[engine.Peek](p.screen); came {
					t.Error("a visitor got a peek")
				}
			}
			for _, e := range operator.good(t, operator.do(engine.Draft{Op: engine.OpHistory})).Entries {
				if strings.Contains(string(e.Body.Reveal()), "wond") {
					t.Errorf("stored: %v", e)
				}
			}
		})
	}
}
