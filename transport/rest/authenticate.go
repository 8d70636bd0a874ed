package rest

import (
	"context"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/parleyhq/parley/engine"
)

// authenticate judges the bearer token (RFC 6750 section 2.1) for the tenant
// that the path names. An unknown tenant answers as a wrong token does, so that
// nobody can try out which tenants there are.
func (a *api) authenticate(wait context.Context, ctx *fasthttp.RequestCtx, name string) (*engine.Tenant, engine.Principal, error) {
	token, ok := bearer(string(ctx.Request.Header.Peek(fasthttp.HeaderAuthorization)))
	if !ok {
		return nil, engine.Principal{}, engine.ErrAuthRequired.Because("the Authorization header must hold a bearer token").Denied(engine.DenialNoToken)
	}
	tenant, ok := a.Tenants.Tenant(engine.TenantID(name))
	if !ok {
		return nil, engine.Principal{}, engine.ErrAuthInvalid.Denied(engine.DenialTenant)
	}
	principal, err := a.Authenticator.Operator(wait, tenant, token)
	if err != nil {
		return nil, engine.Principal{}, err
	}
	switch {
	case !principal.Has(engine.RoleAdmin):
		return nil, engine.Principal{}, engine.ErrForbidden.Because("the token's roles do not include admin").Denied(engine.DenialRole)
	case a.System.Revoked(tenant.ID, principal):
		return nil, engine.Principal{}, engine.ErrAuthInvalid.Denied(engine.DenialRevoked)
	}
	return tenant, principal, nil
}

// bearer cuts the token from the header; the scheme's name is in either case.
func bearer(header string) (string, bool) {
	scheme, token, ok := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	return token, ok && strings.EqualFold(scheme, "Bearer") && token != ""
}

// Refusal is a request whose bearer was refused, for an audit trail. It holds ids
// and closed lists of words, nothing that anybody typed.
type Refusal struct {
	At        time.Time
	Tenant    engine.TenantID // empty: the path names none that there is
	Operation string
	Reason    string        // the error code, which is what the client was told
	Denial    engine.Denial // why, as far as the server knows
}

func (a *api) refused(name, operation string, err error) {
	denial := engine.DenialOf(err)
	a.metrics.denials.WithLabelValues(denial.String()).Inc()
	if a.Audit == nil {
		return
	}
	r := Refusal{At: time.Now(), Operation: operation, Reason: public(err).Code, Denial: denial}
	if tenant, known := a.Tenants.Tenant(engine.TenantID(name)); known {
		r.Tenant = tenant.ID
	}
	a.Audit(r)
}
