package actors

import (
	"errors"
	"testing"

	"github.com/parleyhq/parley/engine"
)

// A supervisor sees which chats operators have, in the departments that it supervises
// and its token names; nobody else sees any.
func TestSupervisorsListWhatIsServed(t *testing.T) {
	for name, keeps := range map[string]bool{"kept": true, "transcripts off": false} {
		t.Run(name, func(t *testing.T) {
			change := func(c *Config, tenant *engine.Tenant) {
				noSilence(c, tenant)
				tenant.Transcripts = keeps
				tenant.Operators[0].MayPick = true // which is no supervising
			}
			inWorld(t, change, func(w *world) {
				ada, v, waits, helped := w.operator("ada"), w.visitor(""), w.visitor(""), w.visitor("")
				v.start("hello")
				ada.acceptOfferOf(v.id)
				helped.id = helped.good(t, helped.do(engine.Draft{Op: engine.OpStart, Department: "support"})).Session
				ada.acceptOfferOf(helped.id)
				waits.start("nobody has me yet")
				list := func(p *person, of engine.DepartmentID) ([]engine.ListedSession, *engine.Error) {
					a := p.answer(t, p.do(engine.Draft{Op: engine.OpSessions, Department: of}))
					return a.Sessions, a.Err
				}
				role := []engine.Role{engine.RoleOperator, engine.RoleSupervisor}
				boss, narrow := w.attendAs("grace", role), w.attendAs("grace", role, "sales")
				if all, err := list(boss, ""); err != nil || len(all) != 2 || all[0].Session == all[1].Session || all[0].Owner != "ada" || all[1].Owner != "ada" {
					t.Errorf("a supervisor: got %+v, %v", all, err)
				}
				for when, p := range map[string]struct {
					who *person
					of  engine.DepartmentID
				}{"one department": {boss, "sales"}, "a narrower token": {narrow, ""}} {
					if all, err := list(p.who, p.of); err != nil || len(all) != 1 || all[0].Session != v.id {
						t.Errorf("%s: got %+v, %v", when, all, err)
					}
				}
				for when, p := range map[string]struct {
					who *person
					of  engine.DepartmentID
				}{"no supervisor": {ada, ""}, "not its department": {narrow, "support"}, "no such department": {boss, "night"}, "a visitor": {v, ""}} {
					if all, err := list(p.who, p.of); !errors.Is(err, engine.ErrForbidden) || len(all) != 0 {
						t.Errorf("%s: got %+v, %v", when, all, err)
					}
				}
			})
		})
	}
}

// A configuration with fewer departments may come while a seat's rights are counted.
func TestRightsAreOfOneConfiguration(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		boss, demo := w.boss(), w.sys.tenant("demo")
		whole := demo.config()
		fewer := *whole
		fewer.Departments = fewer.Departments[:1]
		defer demo.current.Store(whole)
		stop, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for {
				select {
				case <-stop:
					return
				default:
					demo.current.Store(&fewer)
					demo.current.Store(whole)
				}
			}
		}()
		defer func() {
			close(stop)
			<-done
		}()
		for range 20000 {
			if got := len(boss.seat.(*seat).allRights()); got == 0 || got > len(whole.Departments) {
				t.Fatalf("rights in %d departments", got)
			}
		}
	})
}
