package simulate

import (
	"slices"
	"strings"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// oddity is a draft that ask does not draw: one that is wrong, or that asks for what
// is rarely asked for. It begins as a correct one of the visitor's.
type oddity func(w *world, h *house, t *try, x act)

var (
	tooLong = engine.BodyOf(strings.Repeat("long ", 300))
	form    = engine.BodyOf(`{"name":"` + secret + `"}`)
	noForm  = engine.BodyOf(`["` + secret + `"]`)
)

// oddities are by what they are about. Their order is in stories: add at the end.
var oddities = [...]oddity{
	oddStart, oddMessage, oddAgain, oddAmend, oddHandover, oddTransfer, oddSet, oddPick, oddEnd, oddOffer, oddIdentity, oddRequest, oddJoin,
	fitting, fitting,
}

// odd lets somebody ask for something unusual in a visitor's session.
func (w *world) odd(v *visitor, x act) {
	h := w.current(v)
	if h == nil && x.b&0x80 != 0 {
		h = w.open(v)
		h.step(session.Present{On: x.b&0x40 == 0})
	}
	if h == nil {
		h = v.last
	}
	if h == nil {
		return
	}
	t := &h.tries[int(x.a>>3)%len(h.tries)]
	before := *t
	*t = try{by: engine.Author{Kind: engine.AuthorVisitor}, draft: engine.Draft{Request: "r", ClientID: w.key(), Session: h.ref.Session, Plan: &engine.Plan{}}}
	if x.c&0x30 == 0 {
		t.rights = engine.RightSupervise | engine.RightPick | engine.RightHide | engine.RightPriority
	}
	of := oddities[int(x.b&0x3f)%len(oddities)]
	if h.s.State() == engine.StateNew { // it has yet to begin
		of = oddStart
	}
	if of(w, h, t, x); t.draft.Op == engine.OpNone {
		*t = before
		return
	}
	h.post(t)
	if t.draft.ClientID == "" {
		t.seq = 0
	}
}

// fitting asks for what fits how the session is now and seldom comes at the right time.
func fitting(_ *world, h *house, t *try, x act) {
	d := &t.draft
	row := h.s.Row()
	owner := engine.Author{Kind: engine.AuthorOperator, Operator: row.Owner}
	switch {
	case !row.State.IsOpen() || row.State == engine.StateClosing:
		d.Op = [...]engine.Op{engine.OpRate, engine.OpWrapUpDone, engine.OpWrapUpExtend, engine.OpNote, engine.OpRate, engine.OpWrapUpDone, engine.OpSet, engine.OpContinue}[x.c&7]
		d.Plan.Score, d.Plan.Tags, d.Body, d.Department = 1+int(x.a)%5, []string{tagged}, text, row.Department
		if d.Op != engine.OpRate && d.Op != engine.OpContinue {
			t.by = owner
		}
	case row.Service.Transfer != nil:
		d.Op, t.by = engine.OpTransferCancel, owner
	case len(row.Service.Members) > 0:
		d.Op, t.by = engine.OpLeave, engine.Author{Kind: engine.AuthorOperator, Operator: row.Service.Members[0].Operator}
	case len(row.Offers) > 0:
		o := &row.Offers[int(x.a)%len(row.Offers)]
		d.Op, d.Offer, t.by = engine.OpAccept, o.ID, engine.Author{Kind: engine.AuthorOperator, Operator: o.Operator}
	case row.State == engine.StateActive && x.c&3 == 0:
		d.Op, d.Plan.Tags = engine.OpClose, []string{tagged}
		t.by = owner
	case row.State == engine.StateActive: // both write
		if d.Op, d.Body = engine.OpMessage, text; row.Turn == engine.TurnOperator {
			t.by = owner
		}
	default:
		d.Op, d.Body = engine.OpMessage, text
	}
}

// operator makes one the asker: the owner, or anybody.
func (t *try) operator(w *world, h *house, x act) {
	t.by = engine.Author{Kind: engine.AuthorOperator, Operator: w.somebody(int(x.a))}
	if h.now != nil && h.now.Owner != "" && x.c&0xc != 0 {
		t.by.Operator = h.now.Owner
	}
}

func (t *try) integration() { t.by = engine.Author{Kind: engine.AuthorIntegration} }

func oddStart(w *world, _ *house, t *try, x act) {
	d := &t.draft
	d.Op, d.Department, d.Body = engine.OpStart, departments[int(x.a>>3)%len(w.tenant.Departments)], text
	priority := int(x.a%16) - 5
	t.server = x.c&0x18 == 0
	switch x.c & 7 {
	case 0:
		d.Department = "nowhere"
	case 1:
		d.Body = tooLong
	case 2:
		priority = 99
		fallthrough
	case 3:
		d.Plan.Priority = &priority
		t.rights |= engine.RightPriority
	case 4:
		d.Plan.Needs, d.Plan.Priority = []engine.Need{{Skill: skills[int(x.a)%len(skills)], Hard: true}}, &priority
	case 5:
		d.Plan.Needs = []engine.Need{{Skill: "", Level: 9}}
	case 6:
		t.by = engine.Author{Kind: engine.AuthorOperator, Operator: operatorIDs[int(x.a)%maxOperators]}
	default:
		d.Department = ""
	}
}

func oddMessage(w *world, h *house, t *try, x act) {
	d := &t.draft
	d.Op, d.Body = engine.OpMessage, text
	if x.a&1 == 0 {
		t.operator(w, h, x)
	}
	switch x.c & 7 {
	case 0:
		d.IfSeq = 1
	case 1:
		d.Body = engine.Body{}
	case 2:
		d.ClientID = ""
	case 3:
		d.ClientID = strings.Repeat("k", engine.MaxClientID+1)
	case 4:
		d.Format, d.Body = engine.FormatForm, form
	case 5:
		d.Format, d.Body = engine.FormatPostback, noForm
	case 6:
		d.Body = tooLong
	default:
		d.Visibility = engine.VisibleToOperators
	}
}

// oddAgain asks for something else under a known key.
func oddAgain(_ *world, h *house, t *try, x act) {
	from := h.tries[int(x.b>>3)%len(h.tries)]
	if from.draft.Op == engine.OpNone {
		t.draft.Op = engine.OpNone
		return
	}
	*t = from
	t.seq = 0
	switch t.draft.Body = noForm; x.c & 3 {
	case 0:
		t.draft.Department = "nowhere"
	case 1:
		score := engine.Plan{Score: 2, Tags: []string{"other"}, Target: engine.Target{Department: departments[0]}}
		t.draft.Plan = &score
	default:
	}
}

func oddAmend(w *world, h *house, t *try, x act) {
	d := &t.draft
	d.Op, d.Body, d.Target = engine.OpEdit, text, w.message(h, x)
	if x.c&1 == 0 {
		d.Op = engine.OpRedact
	}
	switch x.c >> 1 & 3 {
	case 0:
		t.operator(w, h, x)
		t.rights |= engine.RightSupervise
	case 1:
		t.integration()
		d.Target = 99
	case 2:
		d.ClientID = ""
	default:
	}
}

// oddHandover gives a session back, or asks a bot for a person, with a note and needs.
func oddHandover(w *world, h *house, t *try, x act) {
	d := &t.draft
	d.Op, d.Body = engine.OpRelease, text
	if x.c&1 == 0 {
		d.Op, d.Plan.Needs = engine.OpHandoff, []engine.Need{{Skill: skills[int(x.a)%len(skills)]}}
	}
	t.operator(w, h, x)
	switch x.c >> 4 & 7 {
	case 0:
		d.Plan.Target.Skill = skills[0]
	case 1:
		d.Plan.Target.Department = "nowhere"
	case 2:
		d.Body = tooLong
	case 3:
		d.Plan.Needs = []engine.Need{{Level: 7}}
	case 4:
		t.by = engine.Author{Kind: engine.AuthorVisitor}
	case 5:
		t.integration()
	default:
		d.Plan.Target.Department = departments[int(x.a>>3)%len(w.tenant.Departments)]
	}
}

func oddTransfer(w *world, h *house, t *try, x act) {
	d := &t.draft
	d.Op, d.Body = engine.OpTransfer, text
	t.operator(w, h, x)
	d.Plan.Target.Department = departments[int(x.a>>3)%len(w.tenant.Departments)]
	switch x.c >> 4 & 7 {
	case 0:
		d.Plan.Or = 99
	case 1:
		d.Plan.Target.Skill = skills[0]
	case 2:
		d.Plan.Target.Department = "nowhere"
	case 3:
		d.Body = tooLong
	case 4:
		d.Op = engine.OpTransferCancel
	case 5:
		t.integration()
		d.Plan.Cold, d.Plan.Or = true, engine.OrQueue
	case 6:
		d.Plan.Target = engine.Target{Operator: operatorIDs[int(x.a)%maxOperators]}
		d.Plan.Force, d.Plan.Or, d.Plan.Wait = true, engine.OrWait, time.Minute
		t.rights |= engine.RightSupervise
	default:
	}
}

func oddSet(w *world, h *house, t *try, x act) {
	d := &t.draft
	d.Op = engine.OpSet
	if t.operator(w, h, x); x.a&1 == 0 {
		t.integration()
	}
	priority := 3
	d.Plan.Priority = &priority
	switch x.c & 7 {
	case 0:
		d.Plan.IfRev = 999
	case 1:
		priority = 99
	case 2:
		d.Plan.Needs = []engine.Need{{Level: 9}}
	case 3:
		d.Plan.Tags = []string{""}
	case 4:
		d.Plan.Priority = nil
	case 5:
		d.Plan.Tags, d.Plan.Target.Department = []string{tagged}, departments[int(x.a>>3)%len(w.tenant.Departments)]
	case 6:
		d.Plan.Target.Department = "nowhere"
		if x.c&8 == 0 {
			d.Plan.Target.Department, d.Plan.Weight = "", &[]int{engine.MinWeight - 1, engine.MaxWeight + 1}[int(x.a>>1)%2]
		}
	default:
		d.ClientID, d.Plan.Tags = "", slices.Repeat([]string{tagged}, engine.MaxTags+1)
	}
}

// oddPick reaches for a session without the right to, and with it for one that an
// operator has already.
func oddPick(w *world, h *house, t *try, x act) {
	t.draft.Op = engine.OpPick
	if x.c&1 == 0 {
		t.draft.Op = engine.OpTakeover
	}
	switch x.c >> 6 {
	case 0:
	case 1:
		t.integration()
	default:
		t.operator(w, h, x)
	}
	t.draft.Plan.Force = x.c&2 == 0
}

func oddEnd(w *world, h *house, t *try, x act) {
	d := &t.draft
	d.Op = [...]engine.Op{engine.OpRate, engine.OpNote, engine.OpClose, engine.OpWrapUpExtend, engine.OpWrapUpDone, engine.OpLeaveQueue, engine.OpRate, engine.OpNote}[x.c&7]
	d.Plan.Score, d.Body = int(x.a)%7, text
	switch {
	case d.Op == engine.OpClose:
		if x.a&7 != 0 { // most stay
			d.Op = engine.OpNone
			return
		}
		d.Plan.FollowUp, d.Plan.Tags = w.now.Add(time.Hour), []string{tagged}
	case x.c&8 == 0:
		d.ClientID = ""
	}
	if x.c&0x40 != 0 {
		t.operator(w, h, x)
	} else if x.c&0x80 != 0 {
		t.integration()
	}
}

func oddOffer(w *world, h *house, t *try, x act) {
	d := &t.draft
	d.Op = engine.OpAccept
	if x.c&1 == 0 {
		d.Op = engine.OpReject
	}
	if h.now != nil && len(h.now.Offers) > 0 {
		d.Offer = h.now.Offers[0].ID
	}
	switch x.c >> 6 {
	case 0:
	case 1:
		t.integration()
	default:
		t.operator(w, h, x)
	}
}

func oddIdentity(w *world, h *house, t *try, x act) {
	d := &t.draft
	d.Op = engine.OpIdentify
	c := &engine.IdentityChange{Basis: engine.BasisConsent, Set: []engine.Attr{
		{Name: engine.AttrEmail, Value: engine.BodyOf(secret + "@example.org")}, {Name: "order", Value: engine.BodyOf(names[x.a]), Verified: true},
	}}
	if d.Identity = c; x.c&3 == 0 {
		t.operator(w, h, x)
	} else if x.c&3 == 1 {
		t.integration()
	}
	switch x.c >> 2 & 7 {
	case 0:
		d.Op = engine.OpIdentity
	case 1:
		c.Basis = engine.BasisNone
	case 2:
		c.Set = []engine.Attr{{Name: "shoes"}}
	case 3:
		never := engine.Seq(999)
		c.If = &never
	case 4:
		c.Whole, c.Set = true, []engine.Attr{{Name: engine.AttrName, Value: engine.BodyOf(secret)}}
	case 5:
		d.ClientID = ""
	default:
	}
}

// oddRequest wants no answer, or what the session's machine does not do.
func oddRequest(w *world, h *house, t *try, x act) {
	d := &t.draft
	d.Request, d.Op, d.Body = "", engine.OpMessage, text
	switch x.c & 7 {
	case 0:
		d.Op = engine.OpHistory
	case 1:
		d.Op, d.Plan = engine.OpLeave, nil
	case 2:
		d.Op = engine.OpContinue
	case 3:
		d.Op, d.Seq = engine.OpRead, 1
		t.integration()
	case 4:
		d.Op = engine.OpPick
		t.operator(w, h, x)
		t.rights |= engine.RightPick
	default:
	}
}

func oddJoin(w *world, h *house, t *try, x act) {
	t.draft.Op = engine.OpJoin
	t.draft.Plan.As, t.draft.Plan.Hidden = engine.Part(x.c&7), x.c&8 == 0
	switch x.c >> 4 & 3 {
	case 0:
	case 1:
		t.draft.Op = engine.OpLeave
	default:
		t.by = engine.Author{Kind: engine.AuthorOperator, Operator: operatorIDs[int(x.a)%maxOperators]}
		t.rights |= engine.RightSupervise | engine.RightHide
	}
	if t.draft.ClientID = w.key(); h.now == nil {
		t.draft.Plan = nil
	}
}
