package rest_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/rest"
)

// TestRefusedBearers: each is counted, told to the audit trail with its reason, and
// told to the client as nothing but a code. A signed-out admin is refused at REST as
// at the sockets.
func TestRefusedBearers(t *testing.T) {
	tenants, err := engine.NewTenants(&engine.Tenant{ID: "acme", Departments: []engine.Department{{ID: "d"}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		tenant, header string
		signedOut      bool
		status         int
		want           engine.Denial
	}{
		"no token":      {"acme", "", false, 401, engine.DenialNoToken},
		"no bearer":     {"acme", "Basic eDp5", false, 401, engine.DenialNoToken},
		"rubbish":       {"acme", "Bearer canary-7f3a", false, 401, engine.DenialMalformed},
		"expired":       {"acme", "Bearer old", false, 401, engine.DenialExpired},
		"nowhere":       {"canary-7f3a", "Bearer old", false, 401, engine.DenialTenant},
		"no admin":      {"acme", "Bearer operator-of-acme", false, 403, engine.DenialRole},
		"signed out":    {"acme", "Bearer admin-of-acme", true, 401, engine.DenialRevoked},
		"a good bearer": {"acme", "Bearer admin-of-acme", false, 200, engine.DenialNone},
	} {
		var got []rest.Refusal
		registry := prometheus.NewRegistry()
		handle := rest.New(rest.Options{
			System: &fakeSystem{signedOut: tt.signedOut}, Tenants: tenants, Authenticator: fakeAuth{}, Registerer: registry,
			Audit: func(r rest.Refusal) { got = append(got, r) },
		})
		var ctx fasthttp.RequestCtx
		ctx.Request.SetRequestURI("/v1/tenants/" + tt.tenant + "/departments")
		if tt.header != "" {
			ctx.Request.Header.Set("Authorization", tt.header)
		}
		handle(&ctx)
		if status := ctx.Response.StatusCode(); status != tt.status {
			t.Errorf("%s: got %d, want %d", name, status, tt.status)
		}
		if tt.want == engine.DenialNone {
			if len(got) != 0 {
				t.Errorf("%s: audit: got %+v", name, got)
			}
			continue
		}
		if len(got) != 1 || got[0].Denial != tt.want || got[0].Operation != "listDepartments" || (got[0].Tenant == "") != (tt.want == engine.DenialTenant) || got[0].At.IsZero() {
			t.Errorf("%s: audit: got %+v, want %v", name, got, tt.want)
		}
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		counted := 0.0
		for _, f := range families {
			if f.GetName() == "parley_rest_denied_total" {
				counted = f.Metric[0].Counter.GetValue()
			}
		}
		if counted != 1 {
			t.Errorf("%s: counted %v times", name, counted)
		}
	}
}
