package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/parleyhq/parley/engine"
)

// routingExample is the page's example, and a file that holds it.
func routingExample(t *testing.T) (text, path string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/ROUTING.md")
	must(t, err)
	_, rest, found := strings.Cut(string(page), "```yaml\n")
	text, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("the page has no example")
	}
	path = filepath.Join(t.TempDir(), "acme.yaml")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return text, path
}

// TestRoutingExample: what the page shows is taken, and means what it says.
func TestRoutingExample(t *testing.T) {
	_, path := routingExample(t)
	_, tenant, err := readTenant(path)
	must(t, err)
	zone, err := time.LoadLocation("Europe/Vienna")
	must(t, err)
	hour := func(h int) time.Duration { return time.Duration(h) * time.Hour }
	french := engine.Need{Skill: "lang:fr", Level: 3, Hard: true}
	d := tenant.Departments[0]
	for what, pair := range map[string][2]any{
		"steps": {d.Steps, []engine.Step{
			{For: 30 * time.Second, Require: []engine.Need{french, {Skill: "billing", Level: 2}}, Prefer: true},
			{For: time.Minute, Require: []engine.Need{french}, SkipIfNone: true},
			{Require: []engine.Need{french}, Also: []engine.DepartmentID{"night"}, OfferNote: true},
		}},
		"silence": {*d.Silence, engine.Silence{VisitorWarn: 3 * time.Minute, VisitorClose: 6 * time.Minute, OperatorNudge: 2 * time.Minute, OperatorReroute: 5 * time.Minute}},
		"weekly": {d.Hours.Weekly, [7][]engine.Span{
			time.Monday: {{From: hour(9), Until: hour(12)}, {From: hour(13), Until: hour(17)}}, time.Friday: {{From: hour(9), Until: hour(24)}}, time.Saturday: {{Until: hour(2)}},
		}},
		"zone":       {d.Hours.Zone.String(), zone.String()},
		"exceptions": {d.Hours.Exceptions, []engine.Exception{{Year: 2026, Month: 12, Day: 24, Open: []engine.Span{{From: hour(9), Until: hour(12)}}}, {Year: 2026, Month: 12, Day: 25}}},
		"choices":    {[]engine.Otherwise{d.WhenClosed, d.WhenNobody, d.OnClose}, []engine.Otherwise{engine.OtherwiseUnattended, engine.OtherwiseQueue, engine.OtherwiseQueue}},
		"numbers":    {[]any{d.Parallel, d.OperatorGrace, d.RatingWindow, d.StopBefore, d.Weight, d.ResumeUnattended, d.HideQueue, tenant.MaxMisses}, []any{2, 45 * time.Second, 48 * time.Hour, 10 * time.Minute, 1000, true, true, 3}},
		"operator": {tenant.Operators[0], engine.Operator{
			ID: "ada", Name: "ada", Departments: []engine.DepartmentID{"sales", "night"}, Capacity: 4, OpenCap: 6, MayPick: true,
			Tiers:  map[engine.DepartmentID]engine.Tier{"sales": engine.TierPrimary, "night": engine.TierSecondary},
			Skills: map[string]int{"lang:fr": 5, "billing": 2},
		}},
		"bot": {tenant.Operators[1].Bot, true},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: got %+v, want %+v", what, pair[0], pair[1])
		}
	}
}

// TestPolicyIsPrintedAsItIsRead: what check-config prints can be read again.
func TestPolicyIsPrintedAsItIsRead(t *testing.T) {
	_, path := routingExample(t)
	file, tenant, err := readTenant(path)
	must(t, err)
	text, err := yaml.Marshal(file)
	must(t, err)
	again := filepath.Join(t.TempDir(), "again.yaml")
	must(t, os.WriteFile(again, text, 0o600))
	_, got, err := readTenant(again)
	must(t, err)
	if !reflect.DeepEqual(got, tenant) {
		t.Errorf("printed and read again:\n%+v\nbefore:\n%+v\n%s", got, tenant, text)
	}
}

// TestPolicyFaults: each is reported with its line and its key, or what is wanted.
func TestPolicyFaults(t *testing.T) {
	text, _ := routingExample(t)
	lineOf := func(part string) string {
		before, _, _ := strings.Cut(text, part)
		return ":" + strconv.Itoa(strings.Count(before, "\n")+1) + ":"
	}
	for _, c := range []struct{ old, replacement, says, line string }{
		{"strategy: balanced", "strategy: best", "balanced, longest_idle", "strategy: balanced"},
		{"zone: Europe/Vienna", "zone: Vienna", "time zone", "zone: Europe"},
		{"zone: Europe/Vienna", "zone: Local", "time zone", "zone: Europe"},
		{"mon: [", "monday: [", "mon, tue", "mon: ["},
		{`"09:00-24:00"`, `"9-24"`, "part of a day", `"09:00-24:00"`},
		{"date: 2026-12-24", "date: 24.12.2026", "a date", "date: 2026-12-24"},
		{"when_closed: unattended", "when_closed: pray", "refuse, unattended", "when_closed"},
		{"when_closed: unattended", "when_nobody: refuse", "when_nobody is queue", "- id: sales"},
		{"when_closed: unattended", "on_close: refuse", "on_close is queue", "- id: sales"},
		{"night: secondary", "night: third", "primary, secondary", "night: secondary"},
		{"parallel: 2", "parallel: 6", "parallel is 1 to 5", "- id: sales"},
		{"also: [night]", "also: [day]", `no department "day"`, "- require:"},
		{"skip_if_none: true", "skip_if_nobody: true", "unknown key skip_if_nobody", "skip_if_none"},
		{"for: 1m", "for: 60", "duration with its unit", "for: 1m"},
		{`      - for: 1m
        require: [{skill: "lang:fr", level: 3, hard: true}]`, `      - for: 1m
        require: []`, "no step drops", "- for: 1m"},
		{"first_reply: 1m", "strategy: manual", "auto_accept", "- id: night"},
	} {
		path := filepath.Join(t.TempDir(), "acme.yaml")
		must(t, os.WriteFile(path, []byte(strings.Replace(text, c.old, c.replacement, 1)), 0o600))
		_, _, err := readTenant(path)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "acme.yaml"+lineOf(c.line)) {
			t.Errorf("%s: got %v, want line %s and %q", c.replacement, err, lineOf(c.line), c.says)
		}
	}
}

// TestNobodyIsAskedForARating: 0 is no default there.
func TestNobodyIsAskedForARating(t *testing.T) {
	text, path := routingExample(t)
	must(t, os.WriteFile(path, []byte(strings.Replace(text, "rating_window: 48h", "rating_window: 0s", 1)), 0o600))
	_, tenant, err := readTenant(path)
	must(t, err)
	if got := tenant.Departments[0].RatingWindow; got >= 0 {
		t.Errorf("got %s, want it off", got)
	}
}
