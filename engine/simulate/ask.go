package simulate

import (
	"strconv"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// asks are what visitor and operators ask for, the common ones several times.
var asks = [...]engine.Op{
	engine.OpStart, engine.OpStart, engine.OpMessage, engine.OpMessage, engine.OpMessage, engine.OpMessage, engine.OpMessage,
	engine.OpRead, engine.OpClose, engine.OpAccept, engine.OpAccept, engine.OpAccept, engine.OpAccept, engine.OpReject,
	engine.OpEdit, engine.OpRedact, engine.OpPick, engine.OpRelease, engine.OpTransfer, engine.OpTransfer, engine.OpTransferCancel,
	engine.OpJoin, engine.OpLeave, engine.OpTakeover, engine.OpSet, engine.OpWrapUpExtend, engine.OpWrapUpDone, engine.OpRate,
	engine.OpNote, engine.OpLeaveQueue, engine.OpHandoff, engine.OpContinue,
}

var text = engine.BodyOf(secret + " something")

// asked is what visitors say before a chat: a subject, which every department takes.
var asked = &engine.Form{Subject: text}

const manyKeys = 4096

// names are idempotency keys, made once.
var names = func() (names [manyKeys]string) {
	for i := range names {
		names[i] = "k" + strconv.Itoa(i)
	}
	return names
}()

// key is a fresh idempotency key; those of long ago come again.
func (w *world) key() string {
	w.keys++
	if w.keys < manyKeys {
		return names[w.keys]
	}
	return "k" + strconv.Itoa(w.keys)
}

// ask lets somebody ask for something in a visitor's session: most often who may.
func (w *world) ask(v *visitor, x act) {
	op := asks[int(x.b)%len(asks)]
	if x.c&0xc0 != 0 && (op == engine.OpClose || op == engine.OpLeaveQueue) { // most stay for a while
		op = engine.OpMessage
	}
	h := w.current(v)
	if h == nil && (op == engine.OpStart || x.c&3 == 0) {
		h = w.open(v)
		h.step(session.Present{On: true})
		op = engine.OpStart
	}
	if h == nil {
		if h = v.last; h == nil {
			return
		}
	}
	row := h.row
	if h.now != nil {
		row = h.now
	}
	t := &h.tries[int(x.a>>3)%len(h.tries)]
	*t = try{by: w.who(h, row, op, x), draft: engine.Draft{Op: op, Request: "r"}}
	if x.c&0x30 == 0 {
		t.rights = engine.RightSupervise | engine.RightPick | engine.RightHide
	}
	if op == engine.OpPick || op == engine.OpTakeover {
		t.rights |= engine.RightPick | engine.RightSupervise
	}
	w.fill(t, h, row, x)
	h.post(t)
}

// who asks: the one whom the operation is for, or anybody.
func (w *world) who(h *house, row *engine.Row, op engine.Op, x act) engine.Author {
	someone := engine.Author{Kind: engine.AuthorOperator, Operator: w.somebody(int(x.c >> 2))}
	visitor := engine.Author{Kind: engine.AuthorVisitor}
	if x.c&0xf == 15 {
		return someone
	}
	switch op {
	case engine.OpStart, engine.OpRate, engine.OpLeaveQueue, engine.OpContinue:
		return visitor
	case engine.OpAccept, engine.OpReject:
		if row != nil && len(row.Offers) > 0 {
			someone.Operator = row.Offers[int(x.a>>3)%len(row.Offers)].Operator
		}
		return someone
	case engine.OpPick, engine.OpJoin, engine.OpTakeover, engine.OpNote, engine.OpLeave:
		return someone
	case engine.OpMessage, engine.OpRead, engine.OpClose, engine.OpRedact, engine.OpHandoff:
		if x.c&1 == 0 {
			return visitor
		}
	default:
	}
	if x.c == 0xf1 {
		return engine.Author{Kind: engine.AuthorIntegration}
	}
	if row != nil && row.Owner != "" {
		someone.Operator = row.Owner
	}
	return someone
}

// somebody is an operator who is there, if anybody is.
func (w *world) somebody(from int) engine.OperatorID {
	for i := range maxOperators {
		if d := w.desks[(from+i)%maxOperators]; d.m.Connections() > 0 {
			return d.id
		}
	}
	return operatorIDs[from%maxOperators]
}

// fill completes a draft; now and then its numbers are wrong.
func (w *world) fill(t *try, h *house, row *engine.Row, x act) {
	d := &t.draft
	d.ClientID, d.Session = w.key(), h.ref.Session
	wrong := x.c>>2 == 7
	if row != nil && x.c&8 == 0 {
		d.Epoch = row.Epoch
		if wrong {
			d.Epoch--
		}
	}
	switch d.Op {
	case engine.OpStart, engine.OpContinue:
		d.Department = departments[int(x.a>>3)%len(w.tenant.Departments)]
		if x.c&2 == 0 {
			d.Body = text
		}
		if x.c&5 == 0 {
			d.Form = asked
		}
		if x.c&0x30 == 0 {
			d.Plan = &engine.Plan{Weight: weightOf(x)}
			t.rights |= engine.RightPriority
		} else if x.c&0x40 == 0 {
			d.Plan = &engine.Plan{Needs: []engine.Need{{Skill: skills[int(x.c)%len(skills)], Level: 1 + int(x.a)%3}}}
		}
	case engine.OpMessage, engine.OpNote:
		d.Body = text
		if t.by.Kind == engine.AuthorOperator && x.c&0x60 == 0 {
			d.Visibility = engine.VisibleToOperators
		}
	case engine.OpEdit:
		d.Body, d.Target = text, w.message(h, x)
	case engine.OpRedact:
		d.Target = w.message(h, x)
	case engine.OpRead:
		d.Seq = engine.Seq(len(h.log))
	case engine.OpAccept, engine.OpReject:
		if row != nil && len(row.Offers) > 0 {
			d.Offer = row.Offers[int(x.a>>3)%len(row.Offers)].ID
		}
		if wrong {
			d.Offer++
		}
	default:
		d.Plan = &t.plan
		if d.Op == engine.OpPick || d.Op == engine.OpTakeover { // the session keeps it until the router answers
			d.Plan = new(engine.Plan)
		}
		w.plan(d.Plan, d.Op, x)
		if d.Op == engine.OpRate && x.c&2 == 0 {
			d.Body = text
		}
	}
}

func (w *world) message(h *house, x act) engine.Seq {
	for i := len(h.log) - 1 - int(x.a>>3)&3; i >= 0; i-- {
		if k := h.log[i].Kind; k == engine.KindMessageNew || k == engine.KindFormFilled {
			return h.log[i].Seq
		}
	}
	return 1
}

func (w *world) plan(p *engine.Plan, op engine.Op, x act) {
	to := operatorIDs[int(x.a>>3)%maxOperators]
	switch op {
	case engine.OpTransfer:
		switch x.a & 3 {
		case 0:
			p.Target.Department = departments[int(x.a>>3)%len(w.tenant.Departments)]
		case 1:
			p.Target.Skill = skills[int(x.a>>3)%len(skills)]
		default:
			p.Target.Operator = to
		}
		p.Cold, p.Or, p.Force, p.Wait = x.c&1 == 0, engine.Fallback(x.c>>1)%3, x.c&0x40 != 0, time.Duration(x.a)*time.Second
	case engine.OpRelease:
		if x.a&1 == 0 {
			p.Target.Department = departments[int(x.a>>3)%len(w.tenant.Departments)]
		}
	case engine.OpTakeover:
		p.Force = x.c&1 == 0
	case engine.OpJoin:
		p.As, p.Hidden = engine.Part(x.a)%4, x.c&1 == 0
	case engine.OpSet:
		priority := int(x.a%16) - 5
		if p.Priority = &priority; x.c&1 == 0 {
			p.Priority, p.Tags = nil, []string{tagged}
		} else if x.c&2 == 0 {
			p.Priority, p.Needs = nil, []engine.Need{{Skill: skills[int(x.a)%len(skills)]}}
		} else if x.c&0x30 == 0 {
			p.Weight = weightOf(x)
		}
		if x.c&0xc == 0 {
			p.Target.Department = departments[int(x.a>>3)%len(w.tenant.Departments)]
		}
	case engine.OpRate:
		p.Score = 1 + int(x.a)%5
	case engine.OpLeaveQueue:
		p.Message = x.c&1 == 0
	default:
	}
}

// weightOf is a weight of a session's own, 300 to 2,500.
func weightOf(x act) *int {
	own := 300 + 550*(int(x.a)%5)
	return &own
}

// post hands a draft over, which may come again. The session does not keep the Ask.
func (h *house) post(t *try) {
	w := h.w
	w.trying = t
	w.asked = session.Ask{By: t.by, Rights: t.rights, Draft: t.draft, Banned: h.visitor.banned, Verified: h.proven != 0, Server: t.server}
	h.step(&w.asked)
	w.trying = nil
}

// again lets a draft come again, as a client does that heard no answer.
func (w *world) again(v *visitor, x act) {
	h := v.open
	if h == nil || x.b&7 == 0 {
		h = v.last
	}
	if h == nil {
		return
	}
	if t := &h.tries[int(x.b)%len(h.tries)]; t.draft.Op != engine.OpNone {
		h.post(t)
	}
}
