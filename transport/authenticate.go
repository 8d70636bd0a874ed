package transport

import (
	"context"
	"errors"
	"strings"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/wire"
)

// authenticate takes the first message: it must be auth. Who cannot be seated is
// told why, and the connection ends.
func (c *conn) authenticate(frame *wire.Frame, err *engine.Error) {
	if err == nil && frame.Kind != wire.FrameAuth {
		if frame.Kind != wire.FrameRequest && frame.Kind != wire.FrameRefresh { // a pong or the like: nothing to answer
			return
		}
		err = engine.ErrAuthRequired
	}
	if err == nil {
		err = c.takeSeat(frame)
	}
	c.entrance = nil
	if err == nil {
		return
	}
	c.refused(duringAuth, err)
	c.refuse(frame.Request, err)
	c.end(endingOfRefusal(err), err.Retry)
}

// takeSeat judges the tenant, the origin and the token, and sits down. The hello
// comes by Answer.
func (c *conn) takeSeat(frame *wire.Frame) *engine.Error {
	s := c.server
	tenant, known := s.options.Tenants.Tenant(frame.Auth.Tenant)
	if !known {
		return engine.ErrTenantUnknown
	}
	c.tenant, c.rules = tenant, tenant
	if !c.allowsOrigin(tenant) {
		return engine.ErrOriginNotAllowed
	}
	if !s.registry.enter(c, tenant) {
		return engine.ErrTooManyConnections
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.options.AuthTimeout)
	defer cancel()
	var err error
	if c.side == visitorSide {
		err = c.visit(ctx, frame)
	} else {
		err = c.attend(ctx, frame)
	}
	if err != nil {
		return s.refusalOf(err)
	}
	c.origin = c.originOf(tenant)
	c.seated.Store(true)
	s.registry.seat(c)
	return nil
}

// allowsOrigin compares the handshake's Origin with the tenant's list: a page of
// somebody else's must not connect with a visitor's browser (cross-site
// WebSocket hijacking). Only operators may have none: native programs, whose token no browser
// adds by itself.
func (c *conn) allowsOrigin(tenant *engine.Tenant) bool {
	e := c.entrance
	if e.origin == "" {
		return c.side == operatorSide
	}
	return e.self || tenant.AllowsOrigin(e.origin)
}

// originOf is the handshake's Origin as the tenant's list has it, so that no
// connection keeps a copy of its own.
func (c *conn) originOf(tenant *engine.Tenant) string {
	if c.entrance.self {
		return ""
	}
	for _, origin := range tenant.Origins {
		if strings.EqualFold(origin, c.entrance.origin) {
			return origin
		}
	}
	return ""
}

// configured is the connection's tenant as it is configured now; one that is no
// longer is as it was.
func (c *conn) configured() *engine.Tenant {
	if tenant, known := c.server.options.Tenants.Tenant(c.tenant.ID); known {
		return tenant
	}
	return c.tenant
}

// isStillLetIn judges a seated connection by the configuration of now, if that is
// another than at its last message. Who would not be let in is told why, and the
// connection ends.
func (c *conn) isStillLetIn() bool {
	tenant, known := c.server.options.Tenants.Tenant(c.tenant.ID)
	switch {
	case tenant == c.rules:
		return true
	case !known:
		c.end(endSuspended, 0)
		return false
	case c.origin != "" && !tenant.AllowsOrigin(c.origin):
		c.end(endOrigin, 0)
		return false
	}
	c.rules = tenant
	return true
}

func (c *conn) visit(ctx context.Context, frame *wire.Frame) (err error) {
	a := frame.Auth
	if a.Token == "" && a.JWT == "" && !a.Anonymous {
		return engine.ErrBadRequest.In("token", "jwt", "anonymous").Denied(engine.DenialNoToken)
	}
	visit := engine.Visit{Request: frame.Request, Tenant: c.tenant, Token: a.Token, Origin: c.entrance.origin, Have: a.Have}
	if a.JWT != "" {
		proof, err := c.visitorOf(ctx, a.JWT)
		if err != nil {
			return err
		}
		visit.Subject, visit.Until, visit.Issued, visit.Rights, visit.Claims = proof.Subject, proof.Until, proof.Issued, proof.Rights, proof.Claims
	}
	if c.returned = c.shown(a); c.returned != nil && c.returned.word == resumeOK && len(c.returned.who) == len(engine.VisitorID{}) {
		visit.Resume = &engine.Resumption{Visitor: engine.VisitorID([]byte(c.returned.who)), Have: c.returned.have}
	}
	c.seat, err = c.server.board.Visit(ctx, visit, c)
	return err
}

func (c *conn) attend(ctx context.Context, frame *wire.Frame) error {
	a := frame.Auth
	if a.Token == "" {
		return engine.ErrBadRequest.In("token").Denied(engine.DenialNoToken)
	}
	p, err := c.operatorOf(ctx, a.Token)
	if err != nil {
		return err
	}
	c.operator = p.Operator
	c.lastsUntil(p.Expires)
	c.who = string(p.Operator)
	c.pass = c.server.sealResume(c.side, c.tenant.ID, c.who, nil)
	have := a.Have
	c.returned = c.shown(a)
	if c.returned.judged(c.who); c.returned != nil {
		have = together(have, c.returned.have)
	}
	c.seat, err = c.server.board.Attend(ctx, engine.Attendance{
		Request: frame.Request, Tenant: c.tenant, Principal: p, Device: a.Device, Kind: a.DeviceKind, Pushable: a.Pushable, Intent: a.Intent, Have: have, Watch: a.Watch,
	}, c)
	return err
}

// refusalOf is an error as the protocol has it. What the protocol has no word
// for is logged and told as internal.
func (s *Server) refusalOf(err error) *engine.Error {
	var refusal *engine.Error
	if errors.As(err, &refusal) {
		return refusal
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return engine.ErrBusy
	}
	s.options.Logger.Error("a connection could not be seated", "type", typeOf(err))
	return engine.ErrInternal
}
