package operator

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// setIntent takes somebody's word. Saying it again clears the misses: one click
// brings a paused operator back.
func (m *Machine) setIntent(in SetIntent) {
	if in.Intent == engine.IntentNone {
		return
	}
	info := engine.IntentInfo{Intent: in.Intent, Cause: in.Cause, By: in.By, Device: in.Device, At: m.now, Reason: in.Reason}
	if in.Intent == engine.IntentPaused && in.Until.After(m.now) {
		info.Until = in.Until
	}
	info.Drain = in.Drain && in.Intent == engine.IntentSignedOut
	m.declare(info)
}

// declare changes the intent, has it kept and clears the misses.
func (m *Machine) declare(info engine.IntentInfo) {
	info.At = info.At.UTC().Truncate(time.Millisecond)
	info.Revoked = m.intent.Revoked
	if info.Cause == engine.CauseIntegration && info.Intent == engine.IntentSignedOut {
		info.Revoked = m.now.UTC() // its tokens are worth nothing from here on
	}
	m.intent, m.misses, m.changed = info, 0, true
	m.unkept++
	m.do(Store{info})
}

// keptIntent: what could not be kept is as if it had not been said, unless it was said
// again meanwhile. A pause by the miss rule stays all the same: nobody was told that
// it was kept.
func (m *Machine) keptIntent(in Kept) {
	m.unkept = max(0, m.unkept-1)
	switch {
	case in.OK:
		m.kept = in.Intent
	case m.intent == in.Intent && m.unkept == 0 && in.Intent.Cause != engine.CauseMissed:
		m.intent, m.changed = m.kept, true
	}
}

// MustState reports whether the operator has to state an intent before it gets
// chats: it never did, or it signed out.
func (m *Machine) MustState() bool {
	return m.intent.Intent == engine.IntentNone || m.intent.Intent == engine.IntentSignedOut
}

// Misses is how many offers ran out in a row.
func (m *Machine) Misses() int { return m.misses }

// missed counts; too many in a row pause the operator, who sees why.
func (m *Machine) missed() {
	m.misses++
	if m.settings.MaxMisses < 0 || m.misses < m.settings.MaxMisses || m.intent.Intent != engine.IntentAccepting {
		return
	}
	m.declare(engine.IntentInfo{Intent: engine.IntentPaused, Cause: engine.CauseMissed, At: m.now})
}

func (m *Machine) offered(o engine.Offer) {
	m.dropOffer(o.Session)
	m.offers = append(m.offers, o)
	m.changed = true
}

// offerEnded: a rejection is an answer, so misses are no longer in a row.
func (m *Machine) offerEnded(in OfferEnded) {
	i := slices.IndexFunc(m.offers, func(o engine.Offer) bool { return o.Session == in.Session })
	if i >= 0 && m.offers[i].ID <= in.ID {
		m.offers = slices.Delete(m.offers, i, i+1)
		m.changed = true
	}
	if in.Cause == engine.CauseRejected {
		m.misses = 0
	}
}

// revokeWhatCannotBe ends offers that have come, or stand, although the operator
// takes none: it left while they were under way, or has just stopped.
func (m *Machine) revokeWhatCannotBe() {
	switch {
	case len(m.offers) == 0:
	case !m.settings.Known:
		m.revoke(engine.CauseOperatorRemoved)
	case m.draining:
		m.revoke(engine.CauseShutdown)
	case !m.canTake():
		m.revoke(engine.CauseOperatorLost)
	case m.intent.Intent != engine.IntentAccepting:
		m.revoke(engine.CauseOperatorSignedOut)
	}
}

func (m *Machine) revoke(cause engine.Cause) {
	if len(m.offers) > 0 {
		m.do(RevokeOffers{Offers: slices.Clone(m.offers), Cause: cause})
		m.offers = m.offers[:0]
	}
}

func (m *Machine) dropOffer(id engine.SessionID) bool {
	i := slices.IndexFunc(m.offers, func(o engine.Offer) bool { return o.Session == id })
	if i < 0 {
		return false
	}
	m.offers = slices.Delete(m.offers, i, i+1)
	return true
}
