package routing

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// pick grants an operator's wish for one session, or says why not. Who may pick
// is judged before; capacity and the open cap are judged here, the only place
// where a slot is promised (I2).
func (r *Router) pick(in Pick) {
	s, o := r.sessions[in.Session], r.operators[in.Operator]
	if err := r.mayPick(in, s, o); err != nil {
		r.do(Picked{Life: in.Life, Request: in.Request, Operator: in.Operator, Session: in.Session, Err: err})
		return
	}
	c := s.class
	if c == nil { // it does not wait: it is taken over, or it is a message
		s.step = min(s.step, len(s.line.steps)-1)
		c = r.classOf(s)
	}
	m := c.of(o)
	if m == nil { // its tier or its skills keep it out of the class
		m = &member{o: o, c: c, tier: engine.TierNever}
	}
	d := r.decide(s, c, append(r.found[:0], m), "pick")
	r.winners = append(r.winners[:0], o)
	r.promise(s, r.winners, true, d)
}

func (r *Router) mayPick(in Pick, s *session, o *operator) *engine.Error {
	switch {
	case len(r.awaited) > 0:
		return engine.ErrBusy
	case s == nil || s.dismissed || s.state == engine.StateClosing:
		return engine.ErrNotFound
	case s.epoch != in.Epoch:
		return engine.ErrStaleEpoch.InEpoch(s.epoch)
	case o == nil || !slices.ContainsFunc(s.line.reach, o.serves):
		return engine.ErrForbidden
	case s.owner == o:
		return engine.ErrAlreadyOwner
	case len(s.promised) > 0 || len(s.offers) > 0:
		return engine.ErrOfferNotYours
	case s.transfer != nil:
		return engine.ErrTransferPending
	case !o.present:
		return engine.ErrTargetOffline
	case o.open >= o.profile.openCap || !in.Force && o.room() < s.lease:
		return engine.ErrCapacityExceeded
	default:
		return nil
	}
}
