package simulate

import "github.com/parleyhq/parley/engine/session"

// isStale reports whether an input was computed from an epoch that is over, or is about
// an offer that has ended. Such a one must change nothing (I13).
func (h *house) isStale(in session.Input) bool {
	if h.now == nil {
		return false
	}
	epoch := h.now.Epoch
	switch in := in.(type) {
	case session.OwnerGone:
		return in.Epoch != epoch
	case session.OwnerBack:
		return in.Epoch != epoch
	case session.Relax:
		return in.Epoch != epoch
	case session.Refuse:
		return in.Epoch != epoch
	case session.Defer:
		return in.Epoch != epoch
	case session.Resume:
		return in.Epoch != epoch
	case session.TransferFailed:
		return in.Epoch != epoch
	case session.Revoke:
		return !h.now.HasOffer(in.Offer)
	default:
		return false
	}
}

// fenced checks that a stale input had no effect; the router may be told once more
// how things are.
func (h *house) fenced(in session.Input, effects []session.Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case session.Write:
			h.w.broken("I13", h, "%T of an epoch or offer that is over: %v", in, e.Entry.Kind)
		case session.Report:
			is, was := e.Row, h.now
			if is.State != was.State || is.Epoch != was.Epoch || is.Owner != was.Owner || len(is.Offers) != len(was.Offers) || is.Service.Draining != was.Service.Draining {
				h.w.broken("I13", h, "%T of an epoch or offer that is over: %v after %v", in, is.State, was.State)
			}
		default:
		}
	}
}
