package actors

import (
	"context"
	"encoding/json"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

type (
	// Decided is a decision of the router's and what came of it.
	Decided = engine.Decided
	// Explanation says why an operator was not chosen in a decision.
	Explanation = engine.Explanation
)

// Decisions lists the router's decisions about a session, oldest first, as they were
// logged: every input is there, and all are declared facts (GDPR Art. 15(1)(h), Art. 22).
// They are for operators' eyes. engine.ErrNotFound if there is no such session.
func (s *System) Decisions(ctx context.Context, ref engine.SessionRef) ([]Decided, error) {
	var all []Decided
	for after := engine.Seq(0); ; {
		entries, err := s.History(ctx, ref, after, engine.MaxCatchUp)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			all = decided(all, e)
			after = e.Seq
		}
		if len(entries) < engine.MaxCatchUp {
			return all, nil
		}
	}
}

// decided takes an entry of a log in.
func decided(all []Decided, e *engine.Entry) []Decided {
	switch e.Kind {
	case engine.KindOfferMade, engine.KindSessionAssigned:
		isAssigned := e.Kind == engine.KindSessionAssigned
		if isAssigned && e.Offer != 0 {
			outcome(all, e, true)
			return all
		}
		var facts engine.Facts
		if e.Format != engine.FormatFacts || json.Unmarshal(e.Body.Reveal(), &facts) != nil || facts.Decision == nil {
			return all // a supervisor's word, or from before there were records
		}
		d := Decided{Seq: e.Seq, At: e.At, Epoch: e.Epoch, Operator: e.Operator, Cause: e.Cause, Direct: isAssigned, Decision: *facts.Decision}
		if isAssigned {
			d.Accepted, d.EndedAt = true, e.At
		}
		return append(all, d)
	case engine.KindOfferEnded:
		outcome(all, e, false)
	default:
	}
	return all
}

// outcome notes what became of an offer.
func outcome(all []Decided, e *engine.Entry, accepted bool) {
	for i := range all {
		if all[i].Seq == e.Offer {
			all[i].Accepted, all[i].EndedAt = accepted, e.At
			if !accepted {
				all[i].Ended = e.Cause
			}
		}
	}
}

// explain asks a router; reply is called once, by its actor, and does not block.
type explain struct {
	operator engine.OperatorID
	decided  Decided
	reply    func(Explanation, *engine.Error)
}

// Explain says why an operator was not chosen in one of a session's Decisions, named
// by its Seq: "why not me?". Who is named in the decision itself is explained for as
// long as the log is there; the others for as long as the router remembers what they
// were, about a day, and not over a restart. engine.ErrNotFound if there is no such
// session, decision or operator.
func (s *System) Explain(ctx context.Context, ref engine.SessionRef, decision engine.Seq, operator engine.OperatorID) (Explanation, error) {
	all, err := s.Decisions(ctx, ref)
	if err != nil {
		return Explanation{}, err
	}
	t := s.tenant(ref.Tenant)
	if _, declared := t.config().Operator(operator); !declared {
		return Explanation{}, engine.ErrNotFound
	}
	for i := range all {
		if all[i].Seq == decision {
			return t.explain(ctx, explain{operator: operator, decided: all[i]})
		}
	}
	return Explanation{}, engine.ErrNotFound
}

func (t *tenancy) explain(ctx context.Context, about explain) (Explanation, error) {
	return ask(ctx, func(reply func(Explanation, *engine.Error)) bool {
		about.reply = reply
		return t.router.tell(about)
	})
}

// explain asks the rules. They count decisions from their start on: one from before
// has a number that is another's now.
func (a *routerActor) explain(ask explain, now time.Time) {
	if a.rules == nil {
		ask.reply(Explanation{}, engine.ErrBusy)
		return
	}
	d := ask.decided.Decision
	if ask.decided.At.Before(a.since) {
		d.Revision = 0
	}
	a.asked = ask.reply
	a.step(routing.Explain{Operator: ask.operator, Decision: &d}, now)
	a.asked = nil
}

// unexplained answers, after a panic, who would wait in vain.
func (a *routerActor) unexplained() {
	if reply := a.asked; reply != nil {
		a.asked = nil
		reply(Explanation{}, engine.ErrInternal)
	}
	if reply := a.listing; reply != nil {
		a.listing = nil
		reply(nil, engine.ErrInternal)
	}
	for _, item := range a.batch {
		if ask, waits := item.(targetsAsked); waits {
			ask.reply(nil, engine.ErrBusy)
		}
		if ask, waits := item.(explain); waits {
			ask.reply(Explanation{}, engine.ErrBusy)
		}
		if ask, waits := item.(survey); waits {
			ask.reply(nil)
		}
	}
	a.batch = nil
}

func (a *routerActor) explained(e routing.Explained) {
	if reply := a.asked; reply != nil {
		a.asked = nil
		reply(Explanation{Reason: e.Reason, Then: e.Then}, nil)
	}
}
