package transport

import (
	"context"
	"strings"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/internal/rfc6455"
	"github.com/parleyhq/parley/transport/wire"
)

// Refusal is an attempt to be somebody that was refused, for an audit trail. It
// holds ids and closed lists of words, nothing that anybody typed.
type Refusal struct {
	At       time.Time
	Conn     engine.ID
	Side     string            // "visitor" or "operator"
	During   string            // "auth" or "auth.refresh"
	Tenant   engine.TenantID   // empty: the client named none that there is
	Operator engine.OperatorID // of an operator's auth.refresh: who is seated
	Reason   string            // the error code, which is what the client was told
	Denial   engine.Denial     // why, as far as the server knows
}

const (
	duringAuth    = "auth"
	duringRefresh = "auth.refresh"
)

// refused counts a refusal and hands it to the audit trail.
func (c *conn) refused(during string, err *engine.Error) {
	s := c.server
	s.metrics.auths.WithLabelValues(c.side.String(), wire.Code(err)).Inc()
	s.metrics.denials.WithLabelValues(c.side.String(), engine.DenialOf(err).String()).Inc()
	if s.options.Audit == nil {
		return
	}
	r := Refusal{At: s.now(), Conn: c.id, Side: c.side.String(), During: during, Operator: c.operator, Reason: wire.Code(err), Denial: engine.DenialOf(err)}
	if c.tenant != nil {
		r.Tenant = c.tenant.ID
	}
	s.options.Audit(r)
}

// strayed counts a connection that never came to auth, once, and hands it to the
// audit trail. Any goroutine: it touches nothing of the connection's own.
func (c *conn) strayed(err *engine.Error) {
	if c.astray.Swap(true) {
		return
	}
	s := c.server
	s.metrics.auths.WithLabelValues(c.side.String(), wire.Code(err)).Inc()
	s.metrics.denials.WithLabelValues(c.side.String(), engine.DenialOf(err).String()).Inc()
	if s.options.Audit != nil {
		s.options.Audit(Refusal{
			At: s.now(), Conn: c.id, Side: c.side.String(), During: duringAuth, Reason: wire.Code(err), Denial: engine.DenialOf(err),
		})
	}
}

// operatorOf verifies an operator's token, which must allow to answer chats.
func (c *conn) operatorOf(ctx context.Context, token string) (engine.Principal, error) {
	p, err := c.server.options.Authenticator.Operator(ctx, c.configured(), token)
	if err != nil {
		return engine.Principal{}, err
	}
	if !p.Has(engine.RoleOperator) && !p.Has(engine.RoleSupervisor) && !p.Has(engine.RoleBot) {
		return engine.Principal{}, engine.ErrForbidden.Because("the token has no role that answers chats").Denied(engine.DenialRole)
	}
	return p, nil
}

// visitorOf verifies a visitor's signed token.
func (c *conn) visitorOf(ctx context.Context, token string) (engine.Proof, error) {
	proof, err := c.server.options.Visitors.Visitor(ctx, c.configured(), token)
	if err == nil && proof.Subject == "" { // a host's mistake must not seat somebody as nobody
		err = engine.ErrAuthInvalid.Denied(engine.DenialSubject)
	}
	return proof, err
}

// refresh takes a newer token. Refused, nothing changes.
func (c *conn) refresh(frame *wire.Frame) {
	renewed, err := c.renew(frame.Auth.Token)
	if err != nil {
		refusal := c.server.refusalOf(err)
		c.refused(duringRefresh, refusal)
		c.refuse(frame.Request, refusal)
		return
	}
	c.lastsUntil(renewed.Expires)
	c.send(outFrame{wire.AppendRenewed(nil, frame.Request, renewed), rfc6455.OpText})
}

func (c *conn) renew(token string) (engine.Renewed, error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.server.options.AuthTimeout)
	defer cancel()
	var r engine.Renewal
	var err error
	switch {
	case token == "":
		return engine.Renewed{}, engine.ErrBadRequest.In("token").Denied(engine.DenialNoToken)
	case c.side == operatorSide:
		r.Principal, err = c.operatorOf(ctx, token)
		if err == nil && r.Principal.Operator != c.operator {
			err = engine.ErrForbidden.Because("the token is somebody else's")
		}
	case strings.ContainsRune(token, '.'): // a JWT; the server's own tokens have none
		var proof engine.Proof
		proof, err = c.visitorOf(ctx, token)
		r.Subject, r.Until, r.Issued, r.Rights, r.Claims = proof.Subject, proof.Until, proof.Issued, proof.Rights, proof.Claims
	default:
		r.Token = token
	}
	if err != nil {
		return engine.Renewed{}, err
	}
	return c.seat.Renew(r)
}

// lastsUntil notes when the connection's token ends; the zero time: never.
func (c *conn) lastsUntil(t time.Time) {
	at := int64(0)
	if !t.IsZero() {
		at = t.Unix()
	}
	c.expires.Store(at)
	c.server.expiries.set(c, at)
}

// isExpired reports that the connection's token has ended. A timer looks at the very
// time, the reader at each message.
func (c *conn) isExpired(now time.Time) bool {
	at := c.expires.Load()
	return at != 0 && at <= now.Unix()
}
