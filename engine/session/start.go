package session

import (
	"slices"
	"strings"

	"github.com/parleyhq/parley/engine"
)

// start admits the session to its department's waiting line. An open session
// answers as it is, and takes the form, and the text as a message: nothing a visitor
// typed is lost.
func (t *turn) start(by engine.Author, d engine.Draft, from Inherit) {
	d.Visibility, d.Format = engine.VisibleToAll, engine.FormatText // not a start's
	if by.Kind != engine.AuthorVisitor {
		t.refuse(d, engine.ErrForbidden)
		return
	}
	if t.row.State != engine.StateNew {
		t.startAgain(by, d)
		return
	}
	if err := t.bannedFrom(by); err != nil {
		t.refuse(d, err)
		return
	}
	if d.Plan == nil {
		d.Plan = &engine.Plan{}
	}
	department, err := t.mayStart(d, from)
	if err != nil {
		t.refuse(d, err)
		return
	}
	t.establish(d.Plan, &department, from)
	first := t.write(t.started(by, d))
	if !t.present && t.goneSince.IsZero() {
		t.goneSince = t.now
	}
	isOpen := t.isOpen(&department)
	if !isOpen && department.WhenClosed == engine.OtherwiseRefuse {
		t.write(&engine.Entry{Kind: engine.KindSessionRefused, Cause: engine.CauseDepartmentClosed, ClientID: d.ClientID})
		t.finish(engine.CauseDepartmentClosed)
		t.reply(d, t.last, engine.Answer{Err: t.closedNow(&department)})
		return
	}
	t.fillForm(by, d)
	if !isOpen && department.WhenClosed == engine.OtherwiseUnattended {
		t.setAside(engine.CauseDepartmentClosed, engine.Author{}, engine.Draft{})
	} else {
		t.queue(engine.CauseNone)
	}
	if d.Body.Len() > 0 {
		t.say(by, d)
	}
	t.reply(d, t.last, engine.Answer{Seq: first, At: t.now, Epoch: t.row.Epoch, State: t.row.State})
}

func (t *turn) mayStart(d engine.Draft, from Inherit) (engine.Department, *engine.Error) {
	department, ok := t.rules.Department(d.Department)
	p, mayPrioritise := d.Plan, t.rights.Has(engine.RightPriority)
	isHard := func(n engine.Need) bool { return n.Hard }
	switch {
	case !ok:
		return department, engine.ErrBadRequest.In("department")
	case d.Body.Len() > t.rules.BodyBytes:
		return department, engine.ErrTooLarge
	case p.Priority != nil && (*p.Priority < engine.MinPriority || *p.Priority > engine.MaxPriority):
		return department, engine.ErrBadRequest.In("priority")
	case !mayPrioritise && (p.Priority != nil || p.Weight != nil || slices.ContainsFunc(p.Needs, isHard)):
		return department, engine.ErrForbidden
	}
	if err := faultyWeight(p.Weight); err != nil {
		return department, err
	}
	asksAll := from.Previous.IsZero() && t.spokenFor() == engine.CauseNone
	if fields := engine.CheckForm(d.Form, department.Form, asksAll); len(fields) > 0 {
		return department, engine.ErrBadRequest.In(fields...)
	}
	complete(&department)
	return department, faultyNeeds(p.Needs)
}

// establish takes in what a new session is to be.
func (t *turn) establish(p *engine.Plan, d *engine.Department, from Inherit) {
	s := &t.row.Service
	t.row.Department, t.row.Weight = d.ID, d.Weight
	if p.Weight != nil {
		t.reweigh(*p.Weight)
	}
	t.row.Started, t.row.FirstQueued = t.now, t.now
	t.row.Turn = engine.TurnOperator
	s.Queued = t.now
	if p.Priority != nil {
		t.row.Priority = *p.Priority
	}
	if s.Needs = from.Needs; p.Needs != nil {
		s.Needs = slices.Clone(p.Needs)
	}
	s.Previous, s.Preferred, s.Verified = from.Previous, from.Preferred, t.proven
}

// started is the log's first entry.
func (t *turn) started(by engine.Author, d engine.Draft) *engine.Entry {
	s := &t.row.Service
	f := engine.Facts{Needs: s.Needs}
	if !s.Previous.IsZero() {
		f.Previous = &s.Previous
	}
	if p := t.row.Priority; p != 0 {
		f.Priority = &p
	}
	if own := s.Weight; own != 0 {
		f.Weight = &own
	}
	for _, n := range s.Needs {
		if language, is := strings.CutPrefix(n.Skill, "lang:"); is {
			f.Language = language
			break
		}
	}
	return with(&engine.Entry{Author: by, Kind: engine.KindSessionStarted, Cause: t.spokenFor(), ClientID: d.ClientID, Department: t.row.Department}, &f)
}

func (t *turn) startAgain(by engine.Author, d engine.Draft) {
	first, started := t.results.of(key{by, engine.KindSessionStarted, d.ClientID})
	_, refused := t.results.of(key{engine.Author{}, engine.KindSessionRefused, d.ClientID})
	said, hasSaid := t.results.of(key{by, engine.KindMessageNew, d.ClientID})
	switch {
	case refused: // repeated
		department := t.department()
		t.reply(d, t.last, engine.Answer{Err: t.closedNow(&department)})
		return
	case hasSaid && !asksSame(said, d), (started || t.hasFilled(by, d)) && !hasSaid && d.Body.Len() > 0, started && t.asksElsewhere(first, d),
		t.fillsElse(by, d, started || hasSaid):
		t.refuse(d, engine.ErrIdemConflict)
		return
	case started || hasSaid || t.hasFilled(by, d): // repeated: the first answer again, closed or not
	case t.bannedFrom(by) != nil:
		t.refuse(d, t.bannedFrom(by))
		return
	case !t.names(d.Department):
		t.refuse(d, engine.ErrBadRequest.In("department"))
		return
	case t.closed != 0:
		t.refuse(d, engine.ErrClosed.At(t.closed))
		return
	case d.Body.Len() > t.rules.BodyBytes:
		t.refuse(d, engine.ErrTooLarge)
		return
	case len(t.faultyForm(d)) > 0:
		t.refuse(d, engine.ErrBadRequest.In(t.faultyForm(d)...))
		return
	default:
		if t.fillForm(by, d); d.Body.Len() > 0 {
			t.say(by, d)
		}
	}
	t.reply(d, t.last, engine.Answer{Seq: 1, At: t.row.Started, Epoch: t.row.Epoch, State: t.row.State})
}

// names reports whether there is such a department; none is the default.
func (t *turn) names(d engine.DepartmentID) bool {
	_, ok := t.rules.Department(d)
	return ok
}

// asksElsewhere reports that a start names another department than it did under
// the same key. One that names none asks for the default, whichever that was.
func (t *turn) asksElsewhere(first engine.Result, d engine.Draft) bool {
	return d.Department != "" && first.Digest != engine.BodyOf(string(d.Department)).Digest()
}

// goOn continues what is over in a new session: of two, the first asks for the
// second, which begins with what it inherits. A session that is still open answers
// as it is.
func (t *turn) goOn(by engine.Author, d engine.Draft, from *Inherit) {
	isOver := t.closed != 0
	_, isRepeated := t.results.of(key{by, engine.KindSessionStarted, d.ClientID})
	switch {
	case by.Kind != engine.AuthorVisitor:
		t.refuse(d, engine.ErrForbidden)
	case !isRepeated && t.bannedFrom(by) != nil:
		t.refuse(d, t.bannedFrom(by))
	case t.row.State == engine.StateNew && from == nil:
		t.refuse(d, engine.ErrNotFound)
	case t.row.State == engine.StateNew:
		if _, known := t.rules.Department(from.Department); known && d.Department == "" {
			d.Department = from.Department
		}
		t.start(by, d, *from)
	case isOver && (d.ClientID == "" || !isRepeated || from == nil):
		t.do(Begin{After: t.last, Inherit: t.legacy()})
	default:
		t.startAgain(by, d)
	}
}

// legacy is what a session that continues this one takes over.
func (t *turn) legacy() Inherit {
	in := Inherit{
		Previous: t.row.Ref.Session, Department: t.row.Department, Preferred: t.row.Owner,
		Needs: slices.DeleteFunc(slices.Clone(t.row.Service.Needs), func(n engine.Need) bool { return !strings.HasPrefix(n.Skill, "lang:") }),
	}
	if t.isBot(in.Preferred) {
		in.Preferred = ""
	}
	return in
}
