package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
)

// example is the search of the manual: it drops needs and adds departments.
func example() []engine.Step {
	return []engine.Step{
		{For: 20 * time.Second, Require: []engine.Need{{Skill: "lang:fr", Level: 4}, {Skill: "billing", Level: 2}}, Prefer: true, SkipIfNone: true},
		{For: 40 * time.Second, Require: []engine.Need{{Skill: "lang:fr", Level: 2}}},
		{Also: []engine.DepartmentID{"support"}, OfferNote: true},
	}
}

func TestPolicyDefaults(t *testing.T) {
	a := tenant()
	a.Departments[0].Steps = example()
	if err := a.Validate(); err != nil {
		t.Fatal(err)
	}
	d, o := a.Departments[0], a.Operators[0]
	if d.Parallel != 1 || d.Weight != 1000 || d.IdleWeight != 300 || d.WrapUpWeight != 500 || d.WhenNobody != engine.OtherwiseQueue ||
		d.OnClose != engine.OtherwiseQueue || d.WhenClosed != engine.OtherwiseRefuse || d.FirstReply != 2*time.Minute || d.AutoAccept || d.Strategy != engine.Balanced {
		t.Errorf("department: %+v", d)
	}
	if o.OpenCap != 6 {
		t.Errorf("open cap %d, want twice the capacity", o.OpenCap)
	}
}

// Long offers were good before push_timeout was, and are: its default follows them.
func TestLongOffersNeedNoPushTimeout(t *testing.T) {
	for offer, push := range map[time.Duration]time.Duration{
		time.Second: 3 * time.Second, 20 * time.Second: time.Minute, 30 * time.Minute: time.Hour, time.Hour: time.Hour, 2 * time.Hour: 2 * time.Hour,
	} {
		a := tenant()
		a.Departments[0] = engine.Department{ID: a.Departments[0].ID, OfferTimeout: offer}
		a.EnsureDefaults()
		if err := a.Validate(); err != nil || a.Departments[0].PushTimeout != push {
			t.Errorf("offer_timeout %s: push_timeout %s, want %s: %v", offer, a.Departments[0].PushTimeout, push, err)
		}
	}
}

func TestPolicyValidate(t *testing.T) {
	type sales = *engine.Department
	fr := func(level int, hard bool) []engine.Need {
		return []engine.Need{{Skill: "lang:fr", Level: level, Hard: hard}}
	}
	for name, c := range map[string]struct {
		spoil func(sales)
		says  string
	}{
		"weight":          {func(d sales) { d.Weight = 99 }, "weight is 100 to 5000"},
		"much weight":     {func(d sales) { d.Weight = 5001 }, "weight is 100"},
		"idle weight":     {func(d sales) { d.IdleWeight = 1 }, "idle_weight is"},
		"wrap-up weight":  {func(d sales) { d.WrapUpWeight = -1 }, "wrapup_weight is"},
		"heavy when idle": {func(d sales) { d.IdleWeight = 1001 }, "at most weight"},
		"heavy wrap-up":   {func(d sales) { d.WrapUpWeight = 1001 }, "at most weight"},
		"parallel":        {func(d sales) { d.Parallel = 6 }, "parallel is 1 to 5"},
		"no parallel":     {func(d sales) { d.Parallel = -1 }, "parallel"},
		"first reply":     {func(d sales) { d.FirstReply = 1 }, "first_reply"},
		"operator grace":  {func(d sales) { d.OperatorGrace = 1 }, "operator_grace"},
		"visitor grace":   {func(d sales) { d.VisitorGrace = -1 }, "visitor_grace"},
		"unattended":      {func(d sales) { d.UnattendedFor = time.Second }, "unattended_for"},
		"breathing":       {func(d sales) { d.Breathing = -1 }, "breathing"},
		"short push":      {func(d sales) { d.PushTimeout = time.Second }, "push_timeout"},
		"long push":       {func(d sales) { d.PushTimeout = 2 * time.Hour }, "push_timeout"},
		"sla":             {func(d sales) { d.SLA = time.Millisecond }, "sla is"},
		"long sla":        {func(d sales) { d.SLA = 25 * time.Hour }, "sla is"},
		"close reason":    {func(d sales) { d.CloseReasons = []string{"Not A Code"} }, "close_reasons"},
		"reason twice":    {func(d sales) { d.CloseReasons = []string{"spam", "spam"} }, "close_reasons"},
		"stop before":     {func(d sales) { d.StopBefore = 24 * time.Hour }, "stop_before"},
		"silence":         {func(d sales) { d.Silence = &engine.Silence{QueueMax: -1} }, "silence"},
		"strategy":        {func(d sales) { d.Strategy = 9 }, "strategy"},
		"when closed":     {func(d sales) { d.WhenClosed = engine.OtherwiseQueue }, "when_closed"},
		"when nobody":     {func(d sales) { d.WhenNobody = 9 }, "when_nobody"},
		"on close":        {func(d sales) { d.OnClose = engine.OtherwiseRefuse }, "on_close"},
		"manual and auto": {func(d sales) { d.Strategy, d.AutoAccept = engine.Manual, true }, "auto_accept"},
		"hours":           {func(d sales) { d.Hours = &engine.Hours{Weekly: [7][]engine.Span{{{From: 2, Until: 1}}}} }, "hours"},
		"many steps":      {func(d sales) { d.Steps = make([]engine.Step, 21) }, "steps: at most 20"},
		"endless step":    {func(d sales) { d.Steps[0].For = 0 }, "step 1: for is more than 0"},
		"long step":       {func(d sales) { d.Steps[1].For = 25 * time.Hour }, "step 2: for"},
		"last step ends":  {func(d sales) { d.Steps[2].For = time.Second }, "step 3: for is 0"},
		"last skips":      {func(d sales) { d.Steps[2].SkipIfNone = true }, "step 3: skip_if_none"},
		"new need":        {func(d sales) { d.Steps[1].Require = []engine.Need{{Skill: "lang:de"}} }, `step 2: require: "lang:de" asks more`},
		"higher level":    {func(d sales) { d.Steps[1].Require[0].Level = 5 }, "step 2: require"},
		"need comes back": {func(d sales) { d.Steps[2].Require = fr(1, false); d.Steps[1].Require = nil }, "step 3: require"},
		"hard dropped":    {func(d sales) { d.Steps[0].Require[1].Hard = true }, `"billing" is hard`},
		"hard lowered":    {func(d sales) { d.Steps[0].Require[0].Hard, d.Steps[1].Require[0].Hard = true, true }, `"lang:fr" is hard`},
		"hard softened": {func(d sales) {
			d.Steps[0].Require, d.Steps[1].Require, d.Steps[2].Require = fr(2, true), fr(2, true), fr(2, false)
		}, "step 3"},
		"need twice":       {func(d sales) { d.Steps[0].Require[1].Skill = "lang:fr" }, "step 1: require: \"lang:fr\" is named twice"},
		"level":            {func(d sales) { d.Steps[0].Require[0].Level = 6 }, "a level is 1 to 5"},
		"skill":            {func(d sales) { d.Steps[0].Require[0].Skill = "" }, "a skill has"},
		"many needs":       {func(d sales) { d.Steps[0].Require = make([]engine.Need, 11) }, "require: at most 10"},
		"also unknown":     {func(d sales) { d.Steps[2].Also[0] = "gone" }, `step 3: also: no department "gone"`},
		"also nothing":     {func(d sales) { d.Steps[2].Also[0] = "" }, "step 3: also"},
		"also itself":      {func(d sales) { d.Steps[2].Also[0] = "sales" }, "itself"},
		"also twice":       {func(d sales) { d.Steps[2].Also = []engine.DepartmentID{"support", "support"} }, "named twice"},
		"department taken": {func(d sales) { d.Steps[1].Also = []engine.DepartmentID{"support"}; d.Steps[2].Also = nil }, `step 3: also: "support"`},
	} {
		a := tenant()
		a.Departments[0].Steps = example()
		c.spoil(&a.Departments[0])
		err := a.Validate()
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "department sales: ") {
			t.Errorf("%s: got %v, want it to name the department and say %q", name, err, c.says)
		}
	}
}

func TestOperatorValidate(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*engine.Operator)
		says  string
	}{
		"tier of no department": {func(o *engine.Operator) { o.Tiers = map[engine.DepartmentID]engine.Tier{"gone": 0} }, `tiers: no department "gone"`},
		"tier of nothing":       {func(o *engine.Operator) { o.Tiers = map[engine.DepartmentID]engine.Tier{"": 0} }, "tiers"},
		"tier of another's":     {func(o *engine.Operator) { o.Tiers = map[engine.DepartmentID]engine.Tier{"sales": 1} }, "not a member"},
		"tier":                  {func(o *engine.Operator) { o.Tiers = map[engine.DepartmentID]engine.Tier{"support": 3} }, "unknown tier"},
		"level":                 {func(o *engine.Operator) { o.Skills = map[string]int{"billing": 6} }, "skills"},
		"no level":              {func(o *engine.Operator) { o.Skills = map[string]int{"billing": 0} }, "skills"},
		"skill":                 {func(o *engine.Operator) { o.Skills = map[string]int{"": 1} }, "skills"},
		"open cap":              {func(o *engine.Operator) { o.OpenCap = -1 }, "open_cap"},
		"push reach":            {func(o *engine.Operator) { o.PushReach = -1 }, "push_reach"},
	} {
		a := tenant()
		c.spoil(&a.Operators[1])
		if err := a.Validate(); err == nil || !strings.Contains(err.Error(), "operator 2: ") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want it to say %q", name, err, c.says)
		}
	}
	a := tenant()
	a.Operators[1].Tiers, a.Operators[1].Skills = map[engine.DepartmentID]engine.Tier{"support": engine.TierSecondary}, map[string]int{"lang:fr": 5}
	if err := a.Validate(); err != nil {
		t.Error(err)
	}
}
