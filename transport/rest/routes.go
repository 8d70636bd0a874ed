package rest

import (
	"context"
	"net/url"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/parleyhq/parley/engine"
)

// route is one operation: a method and a path whose {names} are parameters.
type route struct {
	name   string // in metrics and in the document's operationId
	method string
	path   string
	open   bool // needs no token
	run    func(context.Context, *call) (any, error)
}

// call is one request on its way through a route.
type call struct {
	http   *fasthttp.RequestCtx
	tenant *engine.Tenant
	who    engine.Principal
	params []string // the path's, in order; the tenant first
}

// table lists every operation; openapi.json describes the same ones.
func (a *api) table() []route {
	const base = "/v1/tenants/{tenant}"
	const session = base + "/sessions/{session}"
	return []route{
		{name: "getDocument", method: "GET", path: "/v1/openapi.json", open: true, run: document},
		{name: "listDepartments", method: "GET", path: base + "/departments", run: a.listDepartments},
		{name: "getDepartment", method: "GET", path: base + "/departments/{department}", run: a.getDepartment},
		{name: "getDepartmentHours", method: "GET", path: base + "/departments/{department}/hours", run: a.getDepartmentHours},
		{name: "checkPolicy", method: "POST", path: base + "/policy:check", run: a.checkPolicy},
		{name: "getDepartmentStatus", method: "GET", path: base + "/departments/{department}/status", run: a.getDepartmentStatus},
		{name: "getLive", method: "GET", path: base + "/live", run: a.getLive},
		{name: "listOperators", method: "GET", path: base + "/operators", run: a.listOperators},
		{name: "getLoad", method: "GET", path: base + "/operators/{operator}/load", run: a.getLoad},
		{name: "getOperator", method: "GET", path: base + "/operators/{operator}", run: a.getOperator},
		{name: "setIntent", method: "POST", path: base + "/operators/{operator}/intent", run: a.setIntent},
		{name: "signOutOperator", method: "POST", path: base + "/operators/{operator}/sign-out", run: a.signOutOperator},
		{name: "signOutVisitor", method: "POST", path: base + "/visitors/{visitor}/sign-out", run: a.signOutVisitor},
		{name: "getVisitor", method: "GET", path: base + "/visitors/{visitor}", run: a.getVisitor},
		{name: "getBan", method: "GET", path: base + "/visitors/{visitor}/ban", run: a.getBan},
		{name: "putBan", method: "PUT", path: base + "/visitors/{visitor}/ban", run: a.putBan},
		{name: "deleteBan", method: "DELETE", path: base + "/visitors/{visitor}/ban", run: a.deleteBan},
		{name: "listSessions", method: "GET", path: base + "/sessions", run: a.listSessions},
		{name: "startSession", method: "POST", path: base + "/sessions", run: a.startSession},
		{name: "getTranscript", method: "GET", path: session + "/transcript", run: a.getTranscript},
		{name: "getSession", method: "GET", path: session, run: a.getSession},
		{name: "setSession", method: "PATCH", path: session, run: a.setSession},
		{name: "listDecisions", method: "GET", path: session + "/decisions", run: a.listDecisions},
		{name: "explain", method: "GET", path: session + "/decisions/{decision}/operators/{operator}", run: a.explain},
		{name: "listEvents", method: "GET", path: session + "/events", run: a.listEvents},
		{name: "getIdentity", method: "GET", path: session + "/identity", run: a.getIdentity},
		{name: "putIdentity", method: "PUT", path: session + "/identity", run: a.putIdentity},
		{name: "postMessage", method: "POST", path: session + "/messages", run: a.postMessage},
		{name: "closeSession", method: "POST", path: session + "/close", run: a.closeSession},
		{name: "transferSession", method: "POST", path: session + "/transfer", run: a.transferSession},
		{name: "unfreezeSession", method: "POST", path: session + "/unfreeze", run: a.unfreezeSession},
		{name: "getInvariants", method: "GET", path: base + "/invariants", run: a.getInvariants},
	}
}

// refusal is an answer given before a route was found.
type refusal struct {
	kind  *engine.Error
	allow string // the methods that the path has, when the method was the fault
}

// match finds the request's route and the path's parameters.
func (a *api) match(ctx *fasthttp.RequestCtx) (*route, []string, *refusal) {
	// The original path: the parsed one is decoded, and an operator's name may
	// hold a slash.
	path, _, _ := strings.Cut(string(ctx.URI().PathOriginal()), "?")
	var allow []string
	for i := range a.routes {
		r := &a.routes[i]
		params, ok := r.matches(path)
		if !ok {
			continue
		}
		if r.method == string(ctx.Method()) {
			return r, params, nil
		}
		allow = append(allow, r.method)
	}
	if allow != nil {
		return nil, nil, &refusal{kind: engine.ErrBadRequest.Because("this path does not take this method"), allow: strings.Join(allow, ", ")}
	}
	return nil, nil, &refusal{kind: engine.ErrNotFound}
}

// matches compares a path element by element and decodes the parameters.
func (r *route) matches(path string) ([]string, bool) {
	want, got := strings.Split(r.path, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	var params []string
	for i := range want {
		if !strings.HasPrefix(want[i], "{") {
			if want[i] != got[i] {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(got[i])
		if err != nil || value == "" {
			return nil, false
		}
		params = append(params, value)
	}
	return params, true
}
