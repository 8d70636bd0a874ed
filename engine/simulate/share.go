package simulate

import (
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/engine/session"
)

// signals passes on what is in no log, and what a token says of the visitor.
func (w *world) signals(v *visitor, x act) {
	h := w.current(v)
	if h == nil {
		if h = v.last; h == nil {
			return
		}
	}
	by := engine.Author{Kind: engine.AuthorVisitor}
	if x.c&0x10 == 0 && h.now != nil {
		by = engine.Author{Kind: engine.AuthorOperator, Operator: h.now.Owner}
	}
	switch x.b & 3 {
	case 0:
		h.step(session.Typing{By: by, On: x.c&1 == 0})
	case 1:
		h.step(session.Peek{By: by, Body: text})
	case 2:
		h.step(session.Introduce{Claims: &engine.IdentityChange{
			Basis: engine.BasisContract, Set: []engine.Attr{{Name: engine.AttrName, Value: engine.BodyOf(secret + names[x.c]), Verified: true}},
		}})
	default:
		if x.c&7 == 7 {
			w.ban(v, h)
			return
		}
		h.step(session.Present{On: x.c&1 == 0})
	}
}

// ban keeps a visitor away for ten minutes: its session ends.
func (w *world) ban(v *visitor, h *house) {
	v.banned = w.now.Add(10 * time.Minute)
	h.step(session.Banned{By: engine.Author{Kind: engine.AuthorOperator, Operator: w.desks[0].id}})
	if h.s.State() != engine.StateNew && h.s.State() != engine.StateClosing && h.s.State() != engine.StateClosed {
		w.broken("I3", h, "a banned visitor's session is %v", h.s.State())
	}
}

// files announces a file, lets its bytes come and sends it: now and then out of order.
func (w *world) files(v *visitor, x act) {
	h := w.current(v)
	if h == nil || len(h.log) == 0 {
		return
	}
	t := &h.tries[int(x.a>>3)%len(h.tries)]
	*t = try{by: engine.Author{Kind: engine.AuthorVisitor}, draft: engine.Draft{Request: "r", ClientID: w.key(), Session: h.ref.Session}}
	if x.c&1 == 0 {
		t.operator(w, h, x)
	}
	f := &engine.File{Name: engine.BodyOf(secret + ".png"), Bytes: int64(1 + x.a), Media: "image/png"}
	switch h.files++; x.c >> 1 & 7 {
	case 0:
		f.Name = engine.BodyOf("../" + secret)
	case 1:
		f.Media = "application/x-sh"
	case 2:
		f.Bytes = 1 << 40
	default:
	}
	f.ID = engine.FileID{0: 1, 14: byte(h.files >> 8), 15: byte(h.files)}
	t.draft.Op, t.draft.File = engine.OpFile, f
	h.post(t)
	if x.b&1 == 0 {
		h.step(session.Uploaded{File: f.ID, Key: engine.BodyOf("key")})
	}
	if x.b&2 == 0 {
		sent := *t
		sent.draft.Op, sent.draft.Format, sent.draft.ClientID, sent.seq = engine.OpMessage, engine.FormatFile, w.key(), 0
		*t = sent
		h.post(t)
	}
	if m, err := h.s.FileAt(t.by, f.ID); err == nil && m > h.s.Durable() {
		w.broken("I11", h, "file of message %d is shown before it is durable", m)
	}
}

// prove lets a visitor show who it is: its open session moves to that name, and so do
// those to come.
func (w *world) prove(v *visitor) {
	to := provenID(v)
	if h := w.current(v); h != nil && len(h.log) > 0 {
		h.step(session.Upgrade{From: v.id, To: to})
	}
	v.id = to
}

func provenID(v *visitor) engine.VisitorID { return engine.VisitorID{14: 1, 15: byte(v.number + 1)} }

// rescope lets a device show a newer token, for fewer departments or for all.
func (d *desk) rescope(x act) {
	in := operator.Rescope{Connection: d.there[int(x.b)%maxDevices]}
	if x.c&1 == 0 {
		in.Departments = departments[int(x.c>>1)%len(departments):][:1]
	}
	d.step(in)
}

// question asks the router what it knows; an answer changes nothing.
func (w *world) question(d *desk, x act) {
	switch x.c & 3 {
	case 0:
		w.shown(departments[int(x.b)%len(departments)])
	case 1:
		w.router.Census()
		for _, f := range w.router.Fairness() {
			if f.Waiting < 0 || f.Jain <= 0 || f.Jain > 1.000001 {
				w.broken("I2", nil, "department %s: %d wait, Jain's index is %g", f.Department, f.Waiting, f.Jain)
			}
		}
	default:
		if w.decision != nil {
			w.explaining = d.id
			w.stepRouter(routing.Explain{Operator: d.id, Decision: w.decision, Request: 1})
		}
	}
}

// shown compares a line as operators are shown it with its figures.
func (w *world) shown(d engine.DepartmentID) {
	rows := w.router.WaitingIn(func(of engine.DepartmentID) bool { return of == d })
	if l, known := w.router.Line(d); known && l.Length != len(rows) {
		w.broken("I4", nil, "department %s: %d are shown, its line is %d long", d, len(rows), l.Length)
	}
}

// explained checks an answer: the winner won, and everybody else has a reason.
func (w *world) explained(e routing.Explained) {
	if won := w.decision.Winner.Operator == w.explaining; won != (e.Reason == "winner") || e.Reason == "" {
		w.broken("I6", nil, "operator %s: %q, and operator %s won", w.explaining, e.Reason, w.decision.Winner.Operator)
	}
}

// stop is an orderly end: nobody is lost by it, all that was said is on the disk, and
// another process begins.
func (w *world) stop(x act) {
	for _, d := range w.desks {
		d.step(operator.Drain{})
	}
	for _, d := range w.desks {
		for i, id := range d.there {
			if id != 0 {
				d.step(operator.Disconnect{Connection: id})
				d.there[i] = 0
			}
		}
	}
	for range x.a {
		if len(w.busy) > 0 && w.violation == nil {
			w.deliver(w.busy[(int(x.b)+int(x.c))%len(w.busy)])
		}
	}
	w.newProcess(len(w.houses) + manyKeys)
}
