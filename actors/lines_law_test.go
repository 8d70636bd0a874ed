package actors

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
	"pgregory.net/rapid"
)

// lineFollower is a watcher that hears of changes late, in their order.
type lineFollower struct {
	view  *lineView
	begun bool
	rev   uint64
	rows  map[engine.SessionID]engine.QueueRow
	mail  []*linesShown
}

// lineHall is the lines, what is true of them, and who watches.
type lineHall struct {
	*rapid.T
	hub       *lines
	now       time.Time
	config    *engine.Tenant
	truth     map[engine.SessionID]engine.QueueRow
	followers []*lineFollower
	last      map[engine.DepartmentID]time.Time // a change of this line went out
}

func (h *lineHall) Tallies() []routing.Tally { return nil }

func (h *lineHall) WaitingIn(shown func(engine.DepartmentID) bool) (rows []engine.QueueRow) {
	for _, row := range h.truth {
		if shown(row.Department) {
			rows = append(rows, row)
		}
	}
	return rows
}

func (h *lineHall) Line(d engine.DepartmentID) (engine.QueueLine, bool) {
	return engine.QueueLine{Department: d, Length: len(h.WaitingIn(func(of engine.DepartmentID) bool { return of == d }))}, true
}

var hallLines = []engine.DepartmentID{"a", "b", "c"}

// change lets some sessions come, change, move and go, in one step of the rules.
func (h *lineHall) change() {
	e := routing.Show{Queue: &engine.Queue{}}
	var wasOfGone []engine.DepartmentID
	touched := map[engine.SessionID]bool{}
	for range rapid.IntRange(1, 3).Draw(h.T, "sessions") {
		id := engine.SessionID{15: byte(rapid.IntRange(0, 7).Draw(h.T, "session"))}
		was, known := h.truth[id]
		if touched[id] {
			continue
		}
		touched[id] = true
		if known && rapid.Bool().Draw(h.T, "goes") {
			e.Queue.Gone, wasOfGone = append(e.Queue.Gone, id), append(wasOfGone, was.Department)
			delete(h.truth, id)
			continue
		}
		row := engine.QueueRow{Session: id, Department: rapid.SampledFrom(hallLines).Draw(h.T, "line"), Offered: rapid.Bool().Draw(h.T, "offered")}
		e.Queue.Rows, e.Was = append(e.Queue.Rows, row), append(e.Was, was.Department)
		h.truth[id] = row
	}
	e.Was = append(e.Was, wasOfGone...)
	h.hub.record(e)
	h.tell()
}

// tell is what the router's actor does at the end of a turn.
func (h *lineHall) tell() {
	c := h.hub.take(h.now, h.Line)
	if c == nil {
		return
	}
	alone := false // of a line that was quiet
	for _, d := range c.lines {
		alone = alone || h.now.Sub(h.last[d]) >= lineWindow
	}
	if !alone {
		h.Fatalf("%v changed again within %v", c.lines, lineWindow)
	}
	for _, d := range c.lines {
		h.last[d] = h.now
	}
	for _, f := range h.followers {
		f.mail = append(f.mail, c)
	}
}

func (h *lineHall) ask(f *lineFollower) {
	f.begun = false
	f.mail = append(f.mail, &linesShown{wholes: map[string]*engine.Queue{f.view.key: h.hub.whole(f.view, h.config, h.now, h)}})
}

// hear lets a follower read its mail, as an operator's actor does.
func (h *lineHall) hear(f *lineFollower) {
	for len(f.mail) > 0 {
		c := f.mail[0]
		f.mail = f.mail[1:]
		var q *engine.Queue
		switch {
		case c.wholes != nil:
			q = c.wholes[f.view.key]
			f.begun, f.rows = true, map[engine.SessionID]engine.QueueRow{}
		case !f.begun:
			continue
		default:
			var known bool
			if q, known = c.to(f.view); !known {
				h.ask(f)
				continue
			}
			if q != nil && q.Rev != f.rev+1 {
				h.Fatalf("%s: revision %d after %d", f.view.key, q.Rev, f.rev)
			}
		}
		if q == nil {
			continue
		}
		if f.rev = q.Rev; len(q.Rows)+len(q.Gone) == 0 && !q.Snapshot {
			h.Fatalf("%s is told of nothing", f.view.key)
		}
		for _, row := range q.Rows {
			if !f.view.has(row.Department) {
				h.Fatalf("%s is shown a row of %s", f.view.key, row.Department)
			}
			f.rows[row.Session] = row
		}
		for _, id := range q.Gone {
			delete(f.rows, id)
		}
		for _, l := range q.Lines() {
			if !f.view.has(l.Department) {
				h.Fatalf("%s is told of the line %s", f.view.key, l.Department)
			}
		}
	}
}

// rest: all windows end and all mail is read. Everybody sees what is true.
func (h *lineHall) rest() {
	for range 2 {
		h.now = h.now.Add(lineWindow)
		h.tell()
		for _, f := range h.followers {
			h.hear(f)
		}
	}
	if len(h.hub.order) > 0 || len(h.hub.stirs) > 0 {
		h.Fatalf("%d changes are left behind", len(h.hub.order))
	}
	for _, f := range h.followers {
		want := map[engine.SessionID]engine.QueueRow{}
		for _, row := range h.WaitingIn(f.view.has) {
			want[row.Session] = row
		}
		if !maps.Equal(f.rows, want) {
			h.Fatalf("%s sees %v, want %v", f.view.key, f.rows, want)
		}
	}
}

// However changes gather, whoever is late and whenever somebody begins to watch: each
// view's frames are its own, without a hole, at most one for a line in a window, and
// lead to what is true.
func TestGatheredChangesLeadToTheTruth(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := &lineHall{T: rt, hub: newLines(), now: time.Unix(1e6, 0), config: &engine.Tenant{}, truth: map[engine.SessionID]engine.QueueRow{}, last: map[engine.DepartmentID]time.Time{}}
		for _, d := range hallLines {
			h.config.Departments = append(h.config.Departments, engine.Department{ID: d})
		}
		h.hub.watchers.Add(1)
		for _, v := range []*lineView{
			viewOf(nil, nil), viewOf([]engine.DepartmentID{"b", "a"}, nil), viewOf(nil, []engine.DepartmentID{"a", "b"}), viewOf([]engine.DepartmentID{"a", "b"}, []engine.DepartmentID{"b", "c"}), viewOfOne("a"), viewOfOne("b"),
		} {
			f := &lineFollower{view: v, rows: map[engine.SessionID]engine.QueueRow{}}
			h.followers = append(h.followers, f)
			h.ask(f)
		}
		follower := func() *lineFollower { return rapid.SampledFrom(h.followers).Draw(rt, "follower") }
		rt.Repeat(map[string]func(*rapid.T){
			"change": func(*rapid.T) { h.change() },
			"more":   func(*rapid.T) { h.change() },
			"hear":   func(*rapid.T) { h.hear(follower()) },
			"ask":    func(*rapid.T) { h.ask(follower()) },
			"time": func(*rapid.T) {
				h.now = h.now.Add(time.Duration(rapid.IntRange(1, 150).Draw(rt, "ms")) * time.Millisecond)
				h.tell()
			},
			"rest": func(*rapid.T) { h.rest() },
			"anew": func(*rapid.T) { // a router that has panicked hears everything again
				h.hub.reset()
				clear(h.last)
				for _, f := range h.followers {
					f.mail = nil
					h.ask(f)
				}
			},
		})
		h.rest()
	})
}

func TestViewsOfLines(t *testing.T) {
	of := func(ids ...engine.DepartmentID) []engine.DepartmentID { return ids }
	for _, c := range []struct {
		serves, named []engine.DepartmentID
		sees          string
	}{
		{nil, nil, "abc"}, {of("b", "a"), nil, "ab"}, {nil, of("c"), "c"}, {of("a", "b"), of("b", "c"), "b"}, {of("a"), of("b"), ""}, {of("a", "a"), nil, "a"},
	} {
		v, got := viewOf(c.serves, c.named), ""
		for _, d := range hallLines {
			if v.has(d) {
				got += string(d)
			}
		}
		if got != c.sees || v.has("") {
			t.Errorf("%v and %v: sees %q, want %q", c.serves, c.named, got, c.sees)
		}
	}
	keys := map[string]bool{}
	for _, v := range []*lineView{viewOf(nil, nil), viewOf(of("a"), nil), viewOf(of("a", "b"), nil), viewOf(of("a"), of("b")), viewOfOne("a"), viewOfOne("*")} {
		if keys[v.key] {
			t.Errorf("two views have the key %q", v.key)
		}
		keys[v.key] = true
	}
	if a, b := viewOf(of("b", "a"), nil), viewOf(nil, of("a", "b", "a")); a.key != b.key {
		t.Errorf("one view has two keys: %q and %q", a.key, b.key)
	}
}

// A view at whose changes nobody looks any more is forgotten; a watcher that was only
// slow asks again.
func TestAViewThatNobodyLooksAtIsForgotten(t *testing.T) {
	l, now := newLines(), time.Unix(1e6, 0)
	l.watchers.Add(1)
	figures := func(d engine.DepartmentID) (engine.QueueLine, bool) { return engine.QueueLine{Department: d}, true }
	followed, left := viewOfOne("a"), viewOf([]engine.DepartmentID{"a"}, nil)
	for _, v := range []*lineView{followed, left} {
		l.views[v.key] = &shownView{lineView: v}
	}
	var last *linesShown
	for n := range forgetViewAfter + 2 {
		row := engine.QueueRow{Session: engine.SessionID{15: byte(n)}, Department: "a"}
		l.record(routing.Show{Queue: &engine.Queue{Rows: []engine.QueueRow{row}}, Was: []engine.DepartmentID{""}})
		if last = l.take(now, figures); last == nil {
			t.Fatalf("change %d does not go out", n)
		}
		if q, known := last.to(followed); !known || q.Rev != uint64(n+1) {
			t.Fatalf("change %d: got %v", n, fmt.Sprint(q))
		}
		now = now.Add(lineWindow)
	}
	if _, known := last.to(left); known || len(l.views) != 1 {
		t.Errorf("the view is still numbered: %d views", len(l.views))
	}
	l.watchers.Add(-1)
	l.record(routing.Show{Queue: &engine.Queue{Gone: []engine.SessionID{{}}}, Was: []engine.DepartmentID{"a"}})
	if len(l.views)+len(l.order)+len(l.until) != 0 {
		t.Error("something is kept for nobody")
	}
}
