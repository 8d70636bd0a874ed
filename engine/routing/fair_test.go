package routing_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
	"pgregory.net/rapid"
)

// TestOvertakingIsBounded: whatever comes, a newcomer is served before another of
// the same line only if it came less than the difference of their priorities,
// times the credit, after it; and the router's own figure is the worst of it.
func TestOvertakingIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		router := routing.New()
		tenant := shop(1, "ada", "bob")
		tenant.EnsureDefaults()
		tenant.Departments[0].QueueLimit = 1000
		now := epoch0
		waiting := map[engine.SessionID]engine.Row{}
		var owned []engine.Row // in the order of assignment
		var worst time.Duration
		step := func(in routing.Input) {
			effects := router.Step(in, now, nil)
			for i := 0; i < len(effects); i++ {
				offer, ok := effects[i].(routing.Offer)
				if !ok {
					continue
				}
				row := waiting[offer.Session.Session]
				delete(waiting, offer.Session.Session)
				for _, other := range waiting {
					after := row.FirstQueued.Sub(other.FirstQueued)
					if after > 0 && after > time.Duration(row.Priority-other.Priority)*engine.PriorityCredit {
						t.Fatalf("priority %d overtakes %d having come %s later", row.Priority, other.Priority, after)
					}
					worst = max(worst, after)
				}
				row.State, row.Owner, row.Epoch = engine.StateActive, offer.Operator, row.Epoch+1
				owned = append(owned, row)
				effects = append(effects, router.Step(routing.SessionIs{Row: new(row), Number: offer.Number}, now, nil)...)
			}
		}
		step(routing.Configure{Tenant: tenant})
		step(routing.OperatorIs{Operator: "ada", Routable: true})
		step(routing.OperatorIs{Operator: "bob", Routable: true})
		for n := range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "seconds")) * time.Second)
			if len(owned) > 0 && one(t, 3, "ends") {
				row := owned[0]
				owned = owned[1:]
				row.State = engine.StateClosed
				step(routing.SessionIs{Row: new(row), Number: 1 << 60})
			}
			row := engine.Row{
				Ref: engine.SessionRef{Session: sessionID(n + 1)}, State: engine.StateQueued, Epoch: 1, Department: "sales", FirstQueued: now,
				Weight: 1000, Priority: rapid.IntRange(engine.MinPriority, engine.MaxPriority).Draw(t, "priority"), Service: engine.Service{Queued: now},
			}
			waiting[row.Ref.Session] = row
			step(routing.SessionIs{Row: new(row)})
		}
		got := router.Fairness()[0].Overtaken
		if got != worst || got > (engine.MaxPriority-engine.MinPriority)*engine.PriorityCredit {
			t.Fatalf("worst overtaking: got %s, want %s, within 15 minutes", got, worst)
		}
	})
}

// TestInputsHoldNoProfile: from what the router takes in, only ids, closed words,
// counts and times can be reached, and the configuration's declared facts: no
// text, no profile, no history of scores. A new field's type is added here by
// whoever can say why it is none of these (GDPR Art. 22).
func TestInputsHoldNoProfile(t *testing.T) {
	allowed := map[reflect.Type]bool{}
	for _, value := range []any{
		engine.TenantID(""),
		engine.SessionID{},
		engine.VisitorID{},
		engine.DepartmentID(""), engine.OperatorID(""), engine.Seq(0), engine.Epoch(0),
		engine.State(0), engine.Turn(0), engine.Both(0), engine.Part(0), engine.Fallback(0), engine.Tier(0), engine.Strategy(0), engine.Otherwise(0),
		time.Time{},
		time.Duration(0), &time.Location{},
	} {
		allowed[reflect.TypeOf(value)] = true
	}
	// Fields of plain text, by struct and name: what people declare of skills, the
	// router's own words, names and keys of the configuration. A tag is an operator's
	// word about a session; the router does not read it.
	words := map[string]bool{
		"engine.Need.Skill": true, "engine.Target.Skill": true, "engine.Service.Tags": true, "engine.Decision.Strategy": true, "engine.Decision.Rule": true,
		"engine.Department.Name": true, "engine.Operator.Name": true, "engine.Operator.Skills": true, "engine.Department.CloseReasons": true, "engine.Tenant.Name": true, "engine.Tenant.Origins": true,
		"engine.TokenKey.ID": true, "engine.TokenKey.Algorithm": true, "engine.TokenKey.PEM": true,
		"engine.KeySet.Issuer": true, "engine.KeySet.URL": true, "engine.KeySet.Audience": true, "engine.Tenant.Attributes": true, "engine.Files.Types": true,
		"engine.FormField.Name": true, "engine.FormField.Label": true, "engine.FormField.Options": true,
	}
	secrets := map[string]bool{"engine.TokenKey.Secret": true} // of the configuration
	seen := map[reflect.Type]bool{}
	var walk func(at string, typ reflect.Type)
	walk = func(at string, typ reflect.Type) {
		if allowed[typ] {
			return
		}
		switch typ.Kind() {
		case reflect.String:
			if !words[at] {
				t.Errorf("%s is text", at)
			}
		case reflect.Slice, reflect.Array, reflect.Pointer:
			walk(at, typ.Elem())
		case reflect.Map:
			walk(at, typ.Key())
			walk(at, typ.Elem())
		case reflect.Struct:
			if typ == reflect.TypeFor[engine.Body]() {
				if !secrets[at] {
					t.Errorf("%s holds text", at)
				}
				return
			}
			if seen[typ] {
				return
			}
			seen[typ] = true
			for i := range typ.NumField() {
				f := typ.Field(i)
				name := typ.String() + "." + f.Name
				if strings.Contains(strings.ToLower(f.Name), "score") {
					t.Errorf("%s: a score", name)
				}
				walk(name, f.Type)
			}
		case reflect.Bool, reflect.Int, reflect.Int64, reflect.Uint8, reflect.Uint64, reflect.Float64:
		default:
			t.Errorf("%s is a %s: the router cannot judge what it holds", at, typ.Kind())
		}
	}
	for _, in := range []routing.Input{
		routing.SessionIs{}, routing.OperatorIs{}, routing.Configure{}, routing.Tick{}, routing.Pick{}, routing.Explain{},
	} {
		walk(reflect.TypeOf(in).String(), reflect.TypeOf(in))
	}
	if len(seen) < 15 {
		t.Errorf("only %d types were looked at", len(seen))
	}
}
