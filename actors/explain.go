package actors

import (
	"github.com/parleyhq/parley/engine"
)

// An operator asks its session, by socket, how it came to be where it is: the
// decisions are read from the log as history is, and of one of them the router is
// asked why somebody was not chosen.

// inquiry is one engine.OpExplain under way. It belongs to the session's actor until
// the first read, and to the read under way from then on.
type inquiry struct {
	a        *tenancy
	log      engine.Log
	ref      engine.SessionRef
	operator engine.OperatorID
	decision engine.Seq        // 0: all, or, of why, the last
	only     engine.OperatorID // whose own part is wanted; "": all of it
	done     func(engine.Answer)
	found    []Decided
}

// mayExplain reports whether a seat may ask why the session was decided upon as it
// was: whoever reads it as an operator does, and who supervises its department.
func (a *sessionActor) mayExplain(s *seat) bool {
	switch {
	case s.author.Kind != engine.AuthorOperator || s.isSignedOut():
		return false
	case a.mayRead(s):
		return true
	}
	return s.rights(a.rules.Department()).Has(engine.RightSupervise)
}

func (a *sessionActor) explain(item draftPosted) {
	d := item.draft
	q := &inquiry{a: a.h.tenant, log: a.h.log, ref: a.h.ref, operator: d.For, decision: d.Target}
	if !a.mayExplain(item.seat) {
		q.only = item.seat.author.Operator
		if !a.mayExplainOwn(item.seat) || d.For != "" && d.For != q.only {
			item.seat.answer(d, engine.Answer{Err: engine.ErrNotFound})
			return
		}
	}
	if d.For != "" {
		if _, declared := a.h.tenant.config().Operator(d.For); !declared {
			item.seat.answer(d, engine.Answer{Err: engine.ErrBadRequest.In("operator")})
			return
		}
	}
	q.done = a.readOn(item)
	q.read(0)
}

// read reads the log on from after an entry, a bounded part at a time.
func (q *inquiry) read(after engine.Seq) {
	q.log.ReadFrom(q.ref, after, engine.MaxCatchUp, func(entries []*engine.Entry, err error) {
		switch {
		case engine.ErrUnknown.Is(err):
			q.done(engine.Answer{Err: engine.ErrNotFound})
			return
		case err != nil:
			q.done(engine.Answer{Err: engine.ErrBusy})
			return
		}
		for _, e := range entries {
			q.found = decided(q.found, e)
		}
		if len(entries) == engine.MaxCatchUp {
			q.read(entries[len(entries)-1].Seq)
			return
		}
		q.answer()
	})
}

// answer answers with what was found, after the router's word where it is asked.
func (q *inquiry) answer() {
	if q.only != "" {
		if q.found = ownPart(q.found, q.only); len(q.found) == 0 {
			q.done(engine.Answer{Err: engine.ErrNotFound})
			return
		}
	}
	if q.decision != 0 {
		var one []Decided
		for i := range q.found {
			if q.found[i].Seq == q.decision {
				one = append(one, q.found[i])
			}
		}
		if q.found = one; one == nil {
			q.done(engine.Answer{Err: engine.ErrNotFound})
			return
		}
	}
	answer := engine.Answer{Session: q.ref.Session, Decisions: &engine.Decisions{}}
	answer.Decisions.Last = q.found[max(0, len(q.found)-engine.MaxExplained):]
	answer.Decisions.More = len(q.found) > engine.MaxExplained
	if q.operator == "" || len(q.found) == 0 {
		q.done(answer)
		return
	}
	about := q.found[len(q.found)-1]
	told := q.a.router.tell(explain{operator: q.operator, decided: about, reply: func(why Explanation, refused *engine.Error) {
		if refused != nil {
			q.done(engine.Answer{Err: refused})
			return
		}
		answer.Decisions.Why = &engine.Why{Seq: about.Seq, Operator: q.operator, Explanation: why}
		q.done(answer)
	}})
	if !told {
		q.done(engine.Answer{Err: engine.ErrBusy})
	}
}
