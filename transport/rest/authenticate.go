package rest

import (
	"context"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/parleyhq/parley/engine"
)

// authenticate judges the bearer token (RFC 6750 section 2.1) for the tenant
// that the path names. An unknown tenant answers as a wrong token does, so that
// nobody can try out which tenants there are.
func (a *api) authenticate(wait context.Context, ctx *fasthttp.RequestCtx, name string) (*engine.Tenant, error) {
	token, ok := bearer(string(ctx.Request.Header.Peek(fasthttp.HeaderAuthorization)))
	if !ok {
		return nil, engine.ErrAuthRequired.Because("the Authorization header must hold a bearer token")
	}
	tenant, ok := a.Tenants.Tenant(engine.TenantID(name))
	if !ok {
		return nil, engine.ErrAuthInvalid
	}
	principal, err := a.Authenticator.Operator(wait, tenant, token)
	if err != nil {
		return nil, err
	}
	if !principal.Has(engine.RoleAdmin) {
		return nil, engine.ErrForbidden.Because("the token's roles do not include admin")
	}
	return tenant, nil
}

// bearer cuts the token from the header; the scheme's name is in either case.
func bearer(header string) (string, bool) {
	scheme, token, ok := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	return token, ok && strings.EqualFold(scheme, "Bearer") && token != ""
}
