package actors

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

// startWith starts with a form; nil says nothing.
func (p *person) startWith(key string, form *engine.Form) engine.Answer {
	p.w.t.Helper()
	a := p.answer(p.w.t, p.do(engine.Draft{Op: engine.OpStart, ClientID: key, Form: form}))
	if a.Err == nil {
		p.id = a.Session
	}
	return a
}

func asksForOrders(c *Config, tenant *engine.Tenant) {
	noSilence(c, tenant)
	tenant.Departments[0].Form = []engine.FormField{{Name: "order", Required: true}}
	tenant.Departments[0].VisitorGrace, tenant.Departments[0].QueueGrace = time.Hour, time.Hour
}

func anOrder(subject string) *engine.Form {
	return &engine.Form{Subject: engine.BodyOf(subject), Answers: []engine.FormAnswer{{Name: "order", Value: engine.BodyOf("17")}}}
}

func subjectOf(b *engine.Brief) string {
	if b == nil {
		return "(nothing)"
	}
	return string(b.Subject.Reveal())
}

// The form that a start brought is known over restarts, with transcripts off too as
// long as the process lives; taken back, it is known nowhere.
func TestFormsAreKeptAndTakenBack(t *testing.T) {
	for name, keeps := range map[string]bool{"kept": true, "transcripts off": false} {
		t.Run(name, func(t *testing.T) {
			setup := func(c *Config, tenant *engine.Tenant) {
				asksForOrders(c, tenant)
				tenant.Transcripts = keeps
			}
			inWorld(t, setup, func(w *world) {
				v := w.visitor("")
				if a := v.startWith("s", nil); !engine.ErrBadRequest.Is(a.Err) || !slices.Equal(a.Err.Fields, []string{"form.order"}) {
					t.Fatalf("without what is asked: got %+v", a.Err)
				}
				first := v.startWith("s", anOrder("late"))
				if first.Err != nil || v.lastEntry(engine.KindFormFilled) == nil {
					t.Fatalf("got %+v", first.Err)
				}
				if keeps {
					token := v.token
					w.crash()
					v = w.visitor(token)
					v.id = first.Session
				}
				w.wantFirst("again", v.startWith("s", anOrder("late")), first)
				if a := v.startWith("s", anOrder("early")); !errors.Is(a.Err, engine.ErrIdemConflict) {
					t.Errorf("another form under its key: got %v", a.Err)
				}
				ada := w.operator("ada")
				synctest.Wait()
				if got := subjectOf(wantSignal[engine.OfferNew](t, ada.screen).Brief); got != "late" {
					t.Fatalf("the offer says %q", got)
				}
				if got := subjectOf(w.operator("ada").welcome(t).Me.Briefs[0]); got != "late" {
					t.Errorf("who comes meanwhile hears %q", got)
				}
				v.good(t, v.do(engine.Draft{Op: engine.OpRedact, Target: 2}))
				synctest.Wait()
				if got := subjectOf(w.operator("ada").welcome(t).Me.Briefs[0]); got != "" {
					t.Errorf("it was taken back, who comes hears %q", got)
				}
				w.wantFirst("again, taken back", v.startWith("s", anOrder("any")), first)
				ada.acceptOfferOf(v.id)
				if e := ada.lastEntry(engine.KindFormFilled); e == nil || e.Body.Len() != 0 || e.Format != engine.FormatRedacted {
					t.Errorf("its owner reads %v", e)
				}
			})
		})
	}
}

// A server need not know what visitors are asked.
func TestAServerStartsWithoutTheForm(t *testing.T) {
	inWorld(t, asksForOrders, func(w *world) {
		v := w.visitor("")
		visitor := v.welcome(t).Visitor
		if _, err := w.sys.StartFor(context.Background(), w.tenant.ID, visitor, engine.Draft{ClientID: "k", Form: &engine.Form{Answers: []engine.FormAnswer{{Name: "x", Value: engine.BodyOf("1")}}}}); !errors.Is(err, engine.ErrBadRequest) {
			t.Errorf("what nobody asked: got %v", err)
		}
		if _, err := w.sys.StartFor(context.Background(), w.tenant.ID, visitor, engine.Draft{ClientID: "k"}); err != nil {
			t.Fatal(err)
		}
	})
}

// A hello says what its operator may do, in the departments of its token alone.
func TestAnOperatorIsToldItsRights(t *testing.T) {
	change := func(c *Config, tenant *engine.Tenant) {
		noSilence(c, tenant)
		for i := range tenant.Operators {
			tenant.Operators[i].MayPick = tenant.Operators[i].ID == "grace"
		}
	}
	inWorld(t, change, func(w *world) {
		all := engine.RightSupervise | engine.RightPick | engine.RightHide
		for name, c := range map[string]struct {
			who   *person
			sales engine.Rights
			help  engine.Rights
		}{
			"operator":           {w.operator("ada"), 0, 0},
			"who may pick":       {w.operator("grace"), engine.RightPick, engine.RightPick},
			"supervisor":         {w.attendAs("ada", []engine.Role{engine.RoleOperator, engine.RoleSupervisor}), all, all},
			"narrower":           {w.attendAs("ada", []engine.Role{engine.RoleSupervisor}, "sales"), all, 0},
			"narrower, may pick": {w.attendAs("grace", []engine.Role{engine.RoleOperator}, "support"), 0, engine.RightPick},
		} {
			if got := c.who.welcome(t).Rights; got["sales"] != c.sales || got["support"] != c.help {
				t.Errorf("%s: got %v", name, got)
			}
		}
	})
}
