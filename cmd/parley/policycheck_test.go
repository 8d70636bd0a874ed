package main

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/rest"
)

// The same faults as check-config finds, with where they are.
func TestCheckPolicy(t *testing.T) {
	set, err := engine.NewTenants(&engine.Tenant{ID: "acme", Departments: []engine.Department{{ID: "sales"}, {ID: "night"}}})
	if err != nil {
		t.Fatal(err)
	}
	tenant, _ := set.Tenant("acme")
	for text, want := range map[string][]rest.PolicyProblem{
		`{}`:                              nil,
		`{"id":"sales","parallel":2}`:     nil,
		`{"id":"new","also":[]}`:          {{Path: "also", Problem: "unknown key"}},
		`{"parallel":9}`:                  {{Path: "parallel", Problem: "parallel is 1 to 5"}},
		`{"breathing":"5"}`:               {{Problem: "want a duration with its unit, like 20s or 5m"}},
		`{"strategy":"best"}`:             {{Problem: "want balanced, longest_idle, round_robin, fill or manual"}},
		`{"steps":[{"require":["fr"]}]}`:  {{Problem: "want a need with its keys, got str"}},
		`{"on_close":"refuse"}`:           {{Path: "on_close", Problem: "on_close is queue or unattended"}},
		`{"steps":[{"also":["nobody"]}]}`: {{Path: "steps[0].also", Problem: `step 1: also: no department "nobody"`}},
		`{"steps":[{"for":"20s"},{"require":[{"skill":"fr"}]}]}`: {{
			Path: "steps[1].require", Problem: `step 2: require: "fr" asks more than the step before it: a step only drops needs`,
		}},
		`{"id":"sales","steps":[{"also":["sales"]}]}`: {{Path: "steps[0].also", Problem: `step 1: also: "sales" is the department itself`}},
	} {
		if got := checkPolicy(tenant, []byte(text)); !slices.Equal(got, want) {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
	if len(tenant.Departments) != 2 || tenant.Departments[0].Parallel != 1 {
		t.Errorf("the tenant was changed: %+v", tenant.Departments)
	}
}

// What a department's file may say, GET …/departments/{d} says of the department.
func TestAnEffectivePolicyIsWhole(t *testing.T) {
	var document struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Properties map[string]any `json:"properties"`
				} `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	text, err := os.ReadFile("../../transport/rest/openapi.json")
	if err == nil {
		err = json.Unmarshal(text, &document)
	}
	if err != nil {
		t.Fatal(err)
	}
	said := document.Components.Schemas["DepartmentPolicy"].Properties["policy"].Properties
	for _, file := range []reflect.Type{reflect.TypeFor[departmentFile](), reflect.TypeFor[policyFile]()} {
		for i := range file.NumField() {
			name, _, _ := strings.Cut(file.Field(i).Tag.Get("yaml"), ",")
			switch name {
			case "", "id", "name", "hours": // inline; beside the policy; a route of its own
				continue
			}
			if _, is := said[name]; !is {
				t.Errorf("the answer has no %s", name)
			}
		}
	}
}
