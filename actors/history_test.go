package actors

import (
	"fmt"
	"slices"
	"testing"

	"github.com/parleyhq/parley/engine"
	"pgregory.net/rapid"
)

// pages reads a session's history backwards to its beginning, page by page.
func (p *person) pages(limit int) (all []engine.Seq, err error) {
	p.w.t.Helper()
	var before engine.Seq
	for range 1000 {
		a := p.good(p.w.t, p.do(engine.Draft{Op: engine.OpHistory, Before: before, Limit: limit}))
		var seqs []engine.Seq
		for _, e := range a.Entries {
			seqs = append(seqs, e.Seq)
		}
		all = append(seqs, all...)
		switch full := len(seqs) == limit; {
		case len(seqs) > limit:
			return nil, fmt.Errorf("a page of %d entries, asked for %d", len(seqs), limit)
		case a.More && !full:
			return nil, fmt.Errorf("a page of %d of %d entries says that there are more", len(seqs), limit)
		case len(seqs) == 0 && before != 0:
			return nil, fmt.Errorf("the page before %d is empty although it was said to be there", before)
		case !a.More:
			return all, nil
		}
		before = seqs[0]
	}
	return nil, fmt.Errorf("history has no beginning")
}

// visibleTo is what a reader may see of a log.
func (w *world) visibleTo(id engine.SessionID, reader engine.Visibility) (all []engine.Seq) {
	w.t.Helper()
	ref := engine.SessionRef{Tenant: "demo", Session: id}
	for after := engine.Seq(0); ; {
		entries, err := w.sys.History(w.t.Context(), ref, after, engine.MaxCatchUp)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, e := range visible(entries, reader) {
			all = append(all, e.Seq)
		}
		if len(entries) == 0 {
			return all
		}
		after = entries[len(entries)-1].Seq
	}
}

// The pages of a history, one after another, are what the reader may see of the
// log; each is full, unless it is the last one; and the last one says so. However
// the notes lie between the messages.
func TestHistoryPagesAreTheVisibleLog(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		runs := rapid.SliceOfN(rapid.IntRange(1, 250), 1, 5).Draw(rt, "runs of notes and of messages, in turn")
		limit := rapid.OneOf(rapid.IntRange(1, 5), rapid.IntRange(1, engine.MaxHistory)).Draw(rt, "limit")
		notes := rapid.Bool().Draw(rt, "notes first")
		var wrong string
		inWorld(t, nil, func(w *world) {
			visitor, ada := talking(w)
			for _, run := range runs {
				for range run {
					d := engine.Draft{Op: engine.OpMessage, Body: engine.BodyOf("x")}
					if notes {
						d.Visibility = engine.VisibleToOperators
					}
					ada.do(d)
				}
				ada.texts() // until it is durable: the inbox is bounded
				notes = !notes
			}
			for name, p := range map[string]*person{"visitor": visitor, "operator": ada} {
				reader := engine.VisibleToAll
				if p == ada {
					reader = engine.VisibleToOperators
				}
				got, err := p.pages(limit)
				if want := w.visibleTo(visitor.id, reader); err != nil || !slices.Equal(got, want) {
					wrong = fmt.Sprintf("%s: got %v, error %v, want %v", name, got, err, want)
				}
			}
		})
		if wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

// A page of what a log has let go of is empty, and the page before says so.
func TestHistoryOfAForgetfulLogEnds(t *testing.T) {
	inWorld(t, func(_ *Config, tenant *engine.Tenant) { tenant.Transcripts = false }, func(w *world) {
		visitor, _ := talking(w)
		for range memoryEntries + 200 {
			visitor.say("x")
			visitor.texts()
		}
		last := visitor.seqs(visitor.id)
		got, err := visitor.pages(100)
		if want := last[len(last)-memoryEntries:]; err != nil || !slices.Equal(got, want) {
			t.Errorf("got %d entries from %v on, error %v, want the last %d", len(got), got[:min(1, len(got))], err, memoryEntries)
		}
		a := visitor.good(t, visitor.do(engine.Draft{Op: engine.OpHistory, Before: got[0]}))
		if len(a.Entries) > 0 || a.More {
			t.Errorf("before the first one left: got %d entries, more %v", len(a.Entries), a.More)
		}
	})
}

// A session that begins is not idle: its first control item must not end it.
func TestNewSessionIsNotIdle(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		h := w.sys.newHandle(w.sys.tenant("demo"), engine.SessionRef{Tenant: "demo"}, w.store, nil)
		if got := h.used.Load(); got != w.sys.cfg.Clock().UnixNano() {
			t.Errorf("used: got %d, want now", got)
		}
	})
}
