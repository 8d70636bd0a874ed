package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
)

func tenant() *engine.Tenant {
	t := &engine.Tenant{
		ID: "acme", Origins: []string{"https://shop.example", "http://127.0.0.1:8080"},
		Departments: []engine.Department{{ID: "sales"}, {ID: "support"}},
		Operators:   []engine.Operator{{ID: "ada"}, {ID: "bob", Departments: []engine.DepartmentID{"support"}}},
		Keys:        []engine.TokenKey{{ID: "k1", Algorithm: "HS256", Secret: engine.BodyOf(strings.Repeat("s", 32))}, {ID: "k2", Algorithm: "EdDSA", PEM: "x"}},
	}
	t.EnsureDefaults()
	return t
}

func TestTenantDefaults(t *testing.T) {
	a := tenant()
	if err := a.Validate(); err != nil {
		t.Fatal(err)
	}
	d, o, l := a.Departments[0], a.Operators[0], a.Limits
	if d.OfferTimeout != 20*time.Second || d.DeclineFor != time.Minute || d.QueueLimit != 1000 || d.QueueGrace != 45*time.Second || d.WrapUp != 0 || d.Name != "sales" {
		t.Errorf("department: %+v", d)
	}
	if o.Capacity != 3 || o.Name != "ada" || a.Name != "acme" {
		t.Errorf("operator: %+v of %s", o, a.Name)
	}
	if l.MessageBytes != 8192 || l.VisitorDevices != 10 || l.OperatorDevices != 10 || l.Connections != 50_000 || l.MessagesPerSecond != 10 || l.TokenTTL != 30*24*time.Hour {
		t.Errorf("limits: %+v", l)
	}
	kept := &engine.Tenant{ID: "a", Name: "A", Departments: []engine.Department{{ID: "d", Name: "D", QueueLimit: 7}}, Limits: engine.Limits{MessageBytes: 9}}
	kept.EnsureDefaults()
	if kept.Name != "A" || kept.Departments[0].Name != "D" || kept.Departments[0].QueueLimit != 7 || kept.Limits.MessageBytes != 9 {
		t.Errorf("what was set was overwritten: %+v", kept)
	}
}

func TestTenantValidate(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*engine.Tenant)
		says  string
	}{
		"id":                  {func(a *engine.Tenant) { a.ID = "A" }, "tenant"},
		"origin":              {func(a *engine.Tenant) { a.Origins = []string{"shop.example"} }, "origin"},
		"no department":       {func(a *engine.Tenant) { a.Departments = nil }, "at least one"},
		"department id":       {func(a *engine.Tenant) { a.Departments[0].ID = "" }, "department"},
		"department twice":    {func(a *engine.Tenant) { a.Departments[1].ID = "sales" }, "named twice"},
		"offer timeout":       {func(a *engine.Tenant) { a.Departments[0].OfferTimeout = time.Millisecond }, "offer_timeout"},
		"decline":             {func(a *engine.Tenant) { a.Departments[0].DeclineFor = -1 }, "negative"},
		"wrap-up":             {func(a *engine.Tenant) { a.Departments[0].WrapUp = -1 }, "negative"},
		"queue limit":         {func(a *engine.Tenant) { a.Departments[0].QueueLimit = -1 }, "queue_limit"},
		"queue grace":         {func(a *engine.Tenant) { a.Departments[0].QueueGrace = 1 }, "queue_grace"},
		"operator id":         {func(a *engine.Tenant) { a.Operators[0].ID = "a b" }, "operator 1"},
		"operator twice":      {func(a *engine.Tenant) { a.Operators[1].ID = "ada" }, "operator 2: named twice"},
		"capacity":            {func(a *engine.Tenant) { a.Operators[0].Capacity = -1 }, "capacity"},
		"much capacity":       {func(a *engine.Tenant) { a.Operators[0].Capacity = 1001 }, "capacity"},
		"operator's line":     {func(a *engine.Tenant) { a.Operators[0].Departments = []engine.DepartmentID{"none"} }, "no department"},
		"algorithm":           {func(a *engine.Tenant) { a.Keys[0].Algorithm = "none" }, "algorithm"},
		"short secret":        {func(a *engine.Tenant) { a.Keys[0].Secret = engine.BodyOf(strings.Repeat("s", 31)) }, "32 bytes"},
		"no pem":              {func(a *engine.Tenant) { a.Keys[1].PEM = "" }, "needs pem"},
		"key twice":           {func(a *engine.Tenant) { a.Keys[1].ID = "k1" }, "share the id"},
		"visitors' algorithm": {func(a *engine.Tenant) { a.VisitorKeys = []engine.TokenKey{{Algorithm: "RS256"}} }, "visitor_keys: key 1"},
		"visitors' secret":    {func(a *engine.Tenant) { a.VisitorKeys = []engine.TokenKey{{Algorithm: "HS256"}} }, "visitor_keys: key 1"},
		"a shared secret": {func(a *engine.Tenant) {
			a.VisitorKeys = []engine.TokenKey{{ID: "v", Algorithm: "HS256", Secret: a.Keys[0].Secret}}
		}, "keys of their own"},
		"a shared public key": {func(a *engine.Tenant) {
			a.VisitorKeys = []engine.TokenKey{{ID: "v", Algorithm: "EdDSA", PEM: a.Keys[1].PEM}}
		}, "keys of their own"},
		"message bytes":        {func(a *engine.Tenant) { a.Limits.MessageBytes = engine.MaxBody + 1 }, "limits"},
		"no message":           {func(a *engine.Tenant) { a.Limits.MessageBytes = -1 }, "limits"},
		"visitor devices":      {func(a *engine.Tenant) { a.Limits.VisitorDevices = -1 }, "limits"},
		"operator devices":     {func(a *engine.Tenant) { a.Limits.OperatorDevices = -1 }, "limits"},
		"connections":          {func(a *engine.Tenant) { a.Limits.Connections = -1 }, "limits"},
		"messages per second":  {func(a *engine.Tenant) { a.Limits.MessagesPerSecond = -1 }, "limits"},
		"token ttl":            {func(a *engine.Tenant) { a.Limits.TokenTTL = time.Second }, "limits"},
		"second origin spoilt": {func(a *engine.Tenant) { a.Origins[1] += "/" }, "origin"},
	} {
		a := tenant()
		c.spoil(a)
		err := a.Validate()
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want it to say %q", name, err, c.says)
			continue
		}
		mustNotLeak(t, name, err.Error())
		if strings.Contains(err.Error(), "sss") {
			t.Errorf("%s: the error holds a secret", name)
		}
		if _, err := engine.NewTenants(a); err == nil {
			t.Errorf("%s: NewTenants takes it", name)
		}
	}
}

func TestOrigins(t *testing.T) {
	for origin, valid := range map[string]bool{
		"https://shop.example": true, "http://shop.example": true, "https://shop.example:8443": true, "http://[::1]:8080": true, "http://localhost": true,
		"": false, "*": false, "null": false, "shop.example": false, "//shop.example": false, "https://": false, "https:": false,
		"https://shop.example/": false, "https://shop.example/page": false, "https://shop.example?x": false, "https://shop.example#x": false,
		"https://user@shop.example": false, "HTTPS://shop.example": false, "https://Shop.example": false, "ftp://shop.example": false,
		"ws://shop.example": false, " https://shop.example": false, "https://shop.example ": false, "https://a b": false,
	} {
		a := tenant()
		a.Origins = []string{origin}
		if err := a.Validate(); (err == nil) != valid {
			t.Errorf("%q: got %v, valid is %v", origin, err, valid)
		}
	}
	a := tenant()
	for origin, allowed := range map[string]bool{
		"https://shop.example": true, "HTTPS://Shop.Example": true, "http://127.0.0.1:8080": true,
		"": false, "null": false, "http://shop.example": false, "https://shop.example:443": false, "https://shop.example/": false,
		"https://evil.shop.example": false, "https://shop.example.evil": false, "https://xshop.example": false, "https://shop.exampl": false,
		"http://127.0.0.1": false, "http://127.0.0.1:80801": false,
	} {
		if got := a.AllowsOrigin(origin); got != allowed {
			t.Errorf("%q: allowed %v, want %v", origin, got, allowed)
		}
	}
	if a.Origins = nil; a.AllowsOrigin("") || a.AllowsOrigin("https://shop.example") {
		t.Error("a tenant without origins allows one")
	}
}

func TestTenants(t *testing.T) {
	b := tenant()
	b.ID = "beta"
	set, err := engine.NewTenants(b, tenant())
	if err != nil {
		t.Fatal(err)
	}
	if all := set.All(); len(all) != 2 || all[0].ID != "acme" || all[1] != b {
		t.Errorf("all: %v", all)
	}
	if got, ok := set.Tenant("beta"); !ok || got != b {
		t.Errorf("beta: got %v, %v", got, ok)
	}
	if got, ok := set.Tenant("none"); ok || got != nil {
		t.Errorf("none: got %v", got)
	}
	if _, err := engine.NewTenants(tenant(), tenant()); err == nil {
		t.Error("one tenant is taken twice")
	}
	if d, ok := b.Department(""); !ok || d.ID != "sales" {
		t.Errorf("the default department: got %v", d.ID)
	}
	if d, ok := b.Department("support"); !ok || d.ID != "support" {
		t.Errorf("support: got %v", d.ID)
	}
	if _, ok := b.Department("none"); ok {
		t.Error("a department that is not there is found")
	}
	if _, ok := (&engine.Tenant{}).Department(""); ok {
		t.Error("a tenant without departments has a default one")
	}
	if o, ok := b.Operator("bob"); !ok || o.ID != "bob" {
		t.Errorf("bob: got %v", o.ID)
	}
	if _, ok := b.Operator("none"); ok {
		t.Error("an operator who is not there is found")
	}
	p := engine.Principal{Roles: []engine.Role{engine.RoleOperator}}
	if !p.Has(engine.RoleOperator) || p.Has(engine.RoleAdmin) {
		t.Error("roles are not told apart")
	}
}
