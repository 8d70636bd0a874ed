package session

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// maxPicks is how many operators may reach for one session at a time.
const maxPicks = 20

// pick is somebody's wish to own the session out of turn, which waits for the
// router: it alone promises slots (I2). It does not survive a restart; whoever
// wished asks again.
type pick struct {
	number   uint64
	by       engine.Author
	draft    engine.Draft
	epoch    engine.Epoch
	takeover bool
}

func (t *turn) wish(p *pick) {
	t.do(Pick{After: t.last, Life: t.life, Number: p.number, Operator: p.by.Operator, Epoch: t.row.Epoch, Force: p.draft.Plan.Force})
}

// pick asks for a waiting session.
func (t *turn) pick(by engine.Author, d engine.Draft) {
	if t.repeated(by, engine.KindSessionAssigned, d) {
		return
	}
	t.tick()
	supervises := t.rights.Has(engine.RightSupervise)
	isAllowed := (supervises || t.rights.Has(engine.RightPick)) && (supervises || !d.Plan.Force)
	switch {
	case by.Kind != engine.AuthorOperator, !isAllowed:
		t.refuse(d, t.forbidden(by))
	case t.owns(by) && t.closed == 0:
		t.refuse(d, engine.ErrAlreadyOwner)
	case t.row.State != engine.StateQueued && t.row.State != engine.StateOffered && t.row.State != engine.StateUnattended:
		t.refuse(d, t.unfit())
	default:
		t.reach(pick{by: by, draft: d})
	}
}

// takeover asks for a session that another owns.
func (t *turn) takeover(by engine.Author, d engine.Draft) {
	if t.repeated(by, engine.KindSessionAssigned, d) {
		return
	}
	t.tick()
	switch {
	case by.Kind != engine.AuthorOperator, !t.rights.Has(engine.RightSupervise):
		t.refuse(d, t.forbidden(by))
	case t.owns(by) && t.closed == 0:
		t.refuse(d, engine.ErrAlreadyOwner)
	case t.row.State != engine.StateActive && t.row.State != engine.StateDetached:
		t.refuse(d, t.unfit())
	default:
		t.reach(pick{by: by, draft: d, takeover: true})
	}
}

// forbidden refuses who has not the right to reach for the session. Who has nothing
// to do with its department does not learn that it is there.
func (t *turn) forbidden(by engine.Author) *engine.Error {
	if by.Kind == engine.AuthorOperator && !t.serves(by.Operator) && !t.MayRead(by) {
		return engine.ErrNotFound
	}
	return engine.ErrForbidden
}

func (t *turn) reach(p pick) {
	if err := t.current(p.draft); err != nil {
		t.refuse(p.draft, err)
		return
	}
	waits := func(other pick) bool { return other.by == p.by }
	if len(t.picks) >= maxPicks || slices.ContainsFunc(t.picks, waits) {
		t.refuse(p.draft, engine.ErrBusy)
		return
	}
	t.reached++
	p.number, p.epoch = t.reached, t.row.Epoch
	t.picks = append(t.picks, p)
	t.wish(&p)
}

// granted makes the operator the owner if the router's direct offer answers a wish
// of its own.
func (t *turn) granted(in Offer) bool {
	at := slices.IndexFunc(t.picks, func(p pick) bool { return p.by.Operator == in.Operator && p.epoch == t.row.Epoch })
	if at < 0 {
		return false
	}
	p := t.picks[at]
	t.picks = slices.Delete(t.picks, at, at+1)
	cause := engine.CauseManual
	if p.takeover {
		cause = engine.CauseSupervisor
	}
	seq := t.assign(assignment{to: in.Operator, by: p.by, draft: p.draft, cause: cause, decision: in.Why, stays: p.takeover})
	t.answerPick(p, seq, engine.Answer{Seq: seq, At: t.now, Epoch: t.row.Epoch})
	return true
}

// picked answers a wish that the router does not grant.
func (t *turn) picked(in Picked) {
	at := slices.IndexFunc(t.picks, func(p pick) bool { return in.Life == t.life && p.number == in.Number })
	if at < 0 {
		return
	}
	p := t.picks[at]
	t.picks = slices.Delete(t.picks, at, at+1)
	err := in.Err
	if err == nil {
		err = engine.ErrBusy
	}
	t.answerPick(p, 0, engine.Answer{Err: err})
}

// settlePicks answers the wishes that the session's change of hands, or its end,
// has made void.
func (t *turn) settlePicks() {
	for len(t.picks) > 0 && (t.picks[0].epoch != t.row.Epoch || t.closed != 0) {
		p := t.picks[0]
		t.picks = slices.Delete(t.picks, 0, 1)
		t.answerPick(p, 0, engine.Answer{Err: t.unfit()})
	}
}

func (t *turn) answerPick(p pick, after engine.Seq, a engine.Answer) {
	if p.draft.Request == "" {
		return
	}
	a.Request, a.Op, a.Session = p.draft.Request, p.draft.Op, t.row.Ref.Session
	t.do(Reply{After: after, Pick: p.number, Answer: a})
}
