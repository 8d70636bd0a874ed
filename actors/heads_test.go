package actors

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

// A visitor is told how far the session has come for visitors: a number that only
// operators' entries have would make it wait for ever, and tells that there are some.
func TestHeadsAreOfTheReadersVisibility(t *testing.T) {
	note := engine.Draft{Op: engine.OpMessage, Visibility: engine.VisibleToOperators, Body: engine.BodyOf("a note")}
	for _, tt := range []struct {
		name string
		held func(visible, durable engine.Seq) []engine.Seq // what the returning visitor says it holds
	}{
		{"holds all it may see", func(visible, _ engine.Seq) []engine.Seq { return []engine.Seq{visible} }},
		{"claims the operators' last entry", func(_, durable engine.Seq) []engine.Seq { return []engine.Seq{durable} }},
		{"claims an operators' entry before the last", func(_, durable engine.Seq) []engine.Seq { return []engine.Seq{durable - 1} }},
		{"claims more than there is", func(_, durable engine.Seq) []engine.Seq { return []engine.Seq{durable + 7} }},
		{"holds nothing", func(engine.Seq, engine.Seq) []engine.Seq { return nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				visitor, operator := talking(w)
				said := visitor.good(t, visitor.say("the last that visitors see"))
				operator.good(t, operator.do(note))
				last := operator.good(t, operator.do(note))
				visitor.seat.Leave()
				var have []engine.Have
				for _, seq := range tt.held(said.Seq, last.Seq) {
					have = append(have, engine.Have{Session: visitor.id, Seq: seq})
				}
				back := w.visitor(visitor.token, have...)
				if sit := wantSignal[engine.Situation](t, back.screen); sit.Head != said.Seq {
					t.Errorf("visitor's head: got %d, want %d", sit.Head, said.Seq)
				}
				again := w.operator("ada", engine.Have{Session: visitor.id, Seq: last.Seq})
				if sit := wantSignal[engine.Situation](t, again.screen); sit.Head != last.Seq {
					t.Errorf("operator's head: got %d, want %d", sit.Head, last.Seq)
				}
			})
		})
	}
}

// The head is known to an actor's next life as well, before anything new is written.
func TestHeadsOfAnActorsNextLife(t *testing.T) {
	short := func(cfg *Config, tenant *engine.Tenant) {
		cfg.IdleAfter = time.Minute
		tenant.Departments[0].OperatorGrace = time.Hour
	}
	inWorld(t, short, func(w *world) {
		visitor, operator := talking(w)
		visitor.good(t, visitor.say("one"))
		visitor.seat.Leave()
		operator.seat.Leave()
		synctest.Wait()
		ref := engine.SessionRef{Tenant: "demo", Session: visitor.id}
		detached, err := w.sys.SessionInfo(context.Background(), ref)
		if err != nil || detached.State != engine.StateDetached {
			t.Fatalf("got %+v, %v; want a detached session", detached, err)
		}
		note := engine.Draft{Op: engine.OpMessage, ClientID: "note", Visibility: engine.VisibleToOperators, Body: engine.BodyOf("a note")}
		last, err := w.sys.PostAs(context.Background(), ref, engine.Author{Kind: engine.AuthorIntegration}, note)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(8 * time.Minute) // of the bubble: the session's actor goes to rest; the visitor's grace goes on
		synctest.Wait()
		back := w.visitor(visitor.token, engine.Have{Session: visitor.id, Seq: last.Seq})
		synctest.Wait()
		if sit := wantSignal[engine.Situation](t, back.screen); sit.Head != detached.Head || sit.Head == last.Seq {
			t.Errorf("head: got %d, want %d", sit.Head, detached.Head)
		}
	})
}

// What operators write among themselves is no gap of the visitor's: one that holds
// all it may see is told so, however many notes follow, and one that missed a
// message gets that and no reset. With a reset, from is never beyond to.
func TestNotesAreNoGapOfTheVisitors(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor, operator := talking(w)
		said := visitor.good(t, visitor.say("the last that visitors see"))
		note := engine.Draft{Op: engine.OpMessage, Visibility: engine.VisibleToOperators, Body: engine.BodyOf("a note")}
		var last engine.Answer
		for range engine.MaxCatchUp + 1 {
			last = operator.good(t, operator.do(note))
		}
		visitor.seat.Leave()
		for _, tt := range []struct {
			name  string
			have  engine.Seq
			from  engine.Seq
			reset bool
			seen  int
		}{
			{"holds all it may see", said.Seq, said.Seq + 1, false, 0},
			{"missed one message", said.Seq - 1, said.Seq, false, 1},
			{"claims more than there is", last.Seq + 1, 1, true, 5},
		} {
			back := w.visitor(visitor.token, engine.Have{Session: visitor.id, Seq: tt.have})
			sit := wantSignal[engine.Situation](t, back.screen)
			if sit.From != tt.from || sit.Head != said.Seq || sit.Reset != tt.reset {
				t.Errorf("%s: got %d to %d, reset %v; want %d to %d, reset %v", tt.name, sit.From, sit.Head, sit.Reset, tt.from, said.Seq, tt.reset)
			}
			if got := len(back.screen.seqs(visitor.id)); got != tt.seen {
				t.Errorf("%s: got %d events, want %d", tt.name, got, tt.seen)
			}
			back.seat.Leave()
		}
	})
}
