package actors

import (
	"context"

	"github.com/parleyhq/parley/engine"
)

// The verbs of REST and embedding hosts. They wait for an answer, so they take
// a context; nothing on the message path does.

// SessionInfo says where a session stands, open or closed. engine.ErrNotFound if
// the tenant has no such session.
func (s *System) SessionInfo(ctx context.Context, ref engine.SessionRef) (engine.SessionInfo, error) {
	t := s.tenant(ref.Tenant)
	if t == nil {
		return engine.SessionInfo{}, engine.ErrNotFound
	}
	return ask(ctx, func(reply func(engine.SessionInfo, *engine.Error)) bool {
		for range 3 { // a handle found may end before it is asked
			if t.lookup(ref.Session).tell(inform{reply}) {
				return true
			}
		}
		return false
	})
}

// History reads up to limit durable entries numbered above after, oldest first,
// with operators' visibility. engine.ErrNotFound if the tenant has no such session.
func (s *System) History(ctx context.Context, ref engine.SessionRef, after engine.Seq, limit int) ([]*engine.Entry, error) {
	t := s.tenant(ref.Tenant)
	if t == nil {
		return nil, engine.ErrNotFound
	}
	log := engine.Log(s.cfg.Store)
	if h := t.known(ref.Session); h != nil {
		log = h.log
	}
	type read struct {
		entries []*engine.Entry
		err     error
	}
	done := make(chan read, 1)
	log.ReadFrom(ref, after, min(max(limit, 1), engine.MaxCatchUp), func(entries []*engine.Entry, err error) { done <- read{entries, err} })
	select {
	case r := <-done:
		if engine.ErrUnknown.Is(r.err) {
			return nil, engine.ErrNotFound
		}
		return r.entries, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// PostAs posts a draft on behalf of a server of the tenant's (OpMessage, OpEdit,
// OpRedact, OpClose)
// and waits for its answer. The draft's ClientID makes a repetition harmless.
func (s *System) PostAs(ctx context.Context, ref engine.SessionRef, by engine.Author, d engine.Draft) (engine.Answer, error) {
	t := s.tenant(ref.Tenant)
	if t == nil {
		return engine.Answer{}, engine.ErrNotFound
	}
	answers := make(answerOutlet, 1)
	seat := &seat{sys: s, tenant: t, author: by, reader: engine.VisibleToOperators, outlet: answers}
	d.Session = ref.Session
	if d.Request == "" {
		d.Request = "host"
	}
	if err := seat.Post(d); err != nil {
		return engine.Answer{}, err
	}
	return answers.wait(ctx)
}

// answerOutlet takes one answer and nothing else.
type answerOutlet chan engine.Answer

func (answerOutlet) Deliver(*engine.Entry) bool { return false }

func (answerOutlet) Notify(engine.Signal) bool { return false }

func (answerOutlet) Close(engine.Reason) {}

func (o answerOutlet) Answer(a engine.Answer) bool {
	select {
	case o <- a:
		return true
	default:
		return false
	}
}

// OperatorInfo says what an operator is doing. engine.ErrNotFound if the tenant
// declares no such operator.
func (s *System) OperatorInfo(ctx context.Context, tenant engine.TenantID, id engine.OperatorID) (engine.OperatorInfo, error) {
	h, err := s.declared(tenant, id)
	if err != nil {
		return engine.OperatorInfo{}, err
	}
	return ask(ctx, func(reply func(engine.OperatorInfo, *engine.Error)) bool { return h.tell(informAbout{reply}) })
}
