package actors

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

// silences are the notices of owners who do not answer that a screen was shown.
func (s *screen) silences() (all []engine.Notice) {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, signal := range s.signals {
		if n, is := signal.(engine.Notice); is && n.Kind == engine.NoticeSilent {
			all = append(all, n)
		}
	}
	return all
}

// TestSupervisorsHearOfSilence: once for each silence, and nobody else.
func TestSupervisorsHearOfSilence(t *testing.T) {
	inWorld(t, func(_ *Config, tenant *engine.Tenant) {
		tenant.Departments[0].Silence = &engine.Silence{OperatorNudge: time.Minute}
		tenant.Operators = append(tenant.Operators, engine.Operator{ID: "chief"}, engine.Operator{ID: "other"})
	}, func(w *world) {
		ada := w.operator("ada")
		v := served(w, ada)
		supervisor := []engine.Role{engine.RoleOperator, engine.RoleSupervisor}
		chief := w.attendAs("chief", supervisor)
		elsewhere := w.attendAs("other", supervisor, "support")
		grace := w.operator("grace")
		w.must(v, v.say("hello?"))
		time.Sleep(10 * time.Minute)
		want := engine.Notice{Kind: engine.NoticeSilent, Session: v.id, Department: "sales", Operator: "ada"}
		equal(t, "one silence", chief.silences(), []engine.Notice{want})
		w.must(ada, ada.do(engine.Draft{Op: engine.OpMessage, Session: v.id, Body: engine.BodyOf("yes")}))
		w.must(v, v.say("well?"))
		time.Sleep(10 * time.Minute)
		equal(t, "two", chief.silences(), []engine.Notice{want, want})
		for name, p := range map[string]*person{"the owner": ada, "a colleague": grace, "a supervisor of another department": elsewhere, "the visitor": v} {
			if got := p.silences(); len(got) != 0 {
				t.Errorf("%s: got %+v", name, got)
			}
		}
	})
}
