package actors

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
)

// A ban is lifted, or made shorter, by who supervises the department whose it is; the
// tenant's own by who supervises the whole tenant. That is so after a restart.
func TestAnotherDepartmentsBanStands(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		boss := w.attendAs("grace", supervising)
		boss.intend("i1", engine.IntentPaused)
		v := w.visitor("")
		chat := func(d engine.DepartmentID) engine.SessionID {
			return v.good(t, v.do(engine.Draft{Op: engine.OpStart, Department: d, Body: engine.BodyOf("hello")})).Session
		}
		first := chat("sales")
		v.id = first
		v.good(t, v.do(engine.Draft{Op: engine.OpClose}))
		second := chat("support")
		visitor := v.welcome(t).Visitor
		by := func(d engine.DepartmentID, of engine.SessionID) *person {
			p := w.attendAs("grace", supervising, d)
			p.id = of
			return p
		}
		sales, support := by("sales", first), by("support", second)
		made := support.good(t, support.ban(5, engine.BanAbuse, "b1")).Visitor.Ban
		if made.Department != "support" {
			t.Fatalf("got %+v", made)
		}
		refused := func(when string, p *person, days int, key string) {
			t.Helper()
			if a := p.answer(t, p.ban(days, engine.BanAbuse, key)); !errors.Is(a.Err, engine.ErrForbidden) {
				t.Errorf("%s: got %v, want forbidden", when, a.Err)
			}
			if now, err := w.sys.BanOf("demo", visitor); err != nil || now != made {
				t.Errorf("%s: the ban is %+v, %v", when, now, err)
			}
		}
		refused("lifted by sales", sales, 0, "s1")
		refused("made shorter by sales", sales, 1, "s2")
		made = sales.good(t, sales.ban(9, engine.BanAbuse, "s3")).Visitor.Ban
		refused("prolonged by sales, and lifted", sales, 0, "s4")
		w.stop()
		w.start(Config{Store: w.store})
		sales, support = by("sales", first), by("support", second)
		refused("after a restart", sales, 0, "s5")
		support.good(t, support.ban(0, engine.BanNone, "b2"))

		var err error
		if made, err = w.sys.Ban(context.Background(), "demo", visitor, engine.BanOrder{Days: 2, Reason: engine.BanOther}, "k"); err != nil {
			t.Fatal(err)
		}
		refused("the tenant's own", support, 0, "b3")
		wide := w.attendAs("grace", supervising)
		wide.id = second
		wide.good(t, wide.ban(0, engine.BanNone, "w1"))
		if now, _ := w.sys.BanOf("demo", visitor); now.Holds(time.Now()) {
			t.Errorf("still banned: %+v", now)
		}
	})
}
