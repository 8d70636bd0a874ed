package session

import (
	"slices"
	"unicode/utf8"

	"github.com/parleyhq/parley/engine"
)

// set changes what the session needs and how it is filed. IfRev makes it
// conditional: two supervisors do not undo each other's work unseen.
func (t *turn) set(by engine.Author, d engine.Draft) {
	if t.repeatedSet(by, d) {
		return
	}
	if err := t.maySet(by, d); err != nil {
		t.refuse(d, err)
		return
	}
	p, seq := d.Plan, engine.Seq(0)
	if hasPriority(p) {
		seq = t.setPriority(by, d)
	}
	if p.Tags != nil {
		seq = t.setTags(by, d)
	}
	if p.Target.Department != "" && p.Target.Department != t.row.Department {
		t.moveTo(p.Target.Department)
	}
	t.done(d, seq, t.now)
}

func hasPriority(p *engine.Plan) bool {
	return p.Priority != nil || p.Needs != nil || p.Weight != nil || p.Target.Department != ""
}

// repeatedSet is repeated, of an operation that may add two entries under its key.
func (t *turn) repeatedSet(by engine.Author, d engine.Draft) bool {
	if d.ClientID == "" {
		return false
	}
	p, hasP := t.results.of(key{by, engine.KindPrioritySet, d.ClientID})
	g, hasG := t.results.of(key{by, engine.KindTagsSet, d.ClientID})
	switch {
	case !hasP && !hasG:
		return false
	case hasP != hasPriority(d.Plan), hasG != (d.Plan.Tags != nil), hasP && !asksSame(p, d), hasG && !asksSame(g, d):
		t.refuse(d, engine.ErrIdemConflict)
	case hasG:
		t.done(d, g.Seq, g.At)
	default:
		t.done(d, p.Seq, p.At)
	}
	return true
}

func (t *turn) maySet(by engine.Author, d engine.Draft) *engine.Error {
	if err := t.decides(by, d, true); err != nil {
		return err
	}
	p := d.Plan
	switch {
	case t.closed != 0 && (hasPriority(p) || !t.isAmendable()): // tags may follow for a while
		return engine.ErrClosed.At(t.closed)
	case !hasPriority(p) && p.Tags == nil:
		return engine.ErrBadRequest.In("priority", "skills", "weight", "tags", "department")
	case p.IfRev != 0 && p.IfRev != t.row.Service.Rev:
		return engine.ErrStaleRevision.At(t.row.Service.Rev)
	case p.Priority != nil && (*p.Priority < engine.MinPriority || *p.Priority > engine.MaxPriority):
		return engine.ErrBadRequest.In("priority")
	}
	if err := faultyNeeds(p.Needs); err != nil {
		return err
	}
	if err := faultyWeight(p.Weight); err != nil {
		return err
	}
	if err := faultyTags(p.Tags); err != nil {
		return err
	}
	if p.Target.Department == "" {
		return nil
	}
	_, known := t.rules.Department(p.Target.Department)
	isWaiting := t.row.State == engine.StateQueued || t.row.State == engine.StateOffered || t.row.State == engine.StateUnattended
	if !known || !isWaiting { // whose the session is goes with its department: that is a transfer
		return engine.ErrBadRequest.In("department")
	}
	return nil
}

func (t *turn) setPriority(by engine.Author, d engine.Draft) engine.Seq {
	if p := d.Plan.Priority; p != nil {
		t.row.Priority = *p
	}
	if d.Plan.Needs != nil {
		t.row.Service.Needs = slices.Clone(d.Plan.Needs)
	}
	if own := d.Plan.Weight; own != nil {
		t.reweigh(*own)
	}
	t.change()
	return t.revise(planned(engine.KindPrioritySet, by, d))
}

func (t *turn) setTags(by engine.Author, d engine.Draft) engine.Seq {
	t.row.Service.Tags = slices.Clone(d.Plan.Tags)
	t.change()
	return t.revise(planned(engine.KindTagsSet, by, d))
}

func (t *turn) revise(e *engine.Entry) engine.Seq {
	e.Visibility = engine.VisibleToOperators
	t.row.Service.Rev = t.write(e)
	return t.row.Service.Rev
}

// moveTo puts a waiting session into another department's line, at the place that
// its age gives it there.
func (t *turn) moveTo(department engine.DepartmentID) {
	t.endOffers(engine.CauseCancelled)
	t.row.Offers = nil
	t.row.Department = department
	if t.row.State == engine.StateUnattended {
		t.row.Weight = t.servedWeight()
		t.change()
		return
	}
	t.queue(engine.CauseTransfer)
}

func faultyNeeds(needs []engine.Need) *engine.Error {
	isFaulty := func(n engine.Need) bool {
		return n.Skill == "" || len(n.Skill) > engine.MaxTagBytes || n.Level < 0 || n.Level > engine.MaxLevel
	}
	if len(needs) > engine.MaxNeeds || slices.ContainsFunc(needs, isFaulty) {
		return engine.ErrBadRequest.In("skills")
	}
	return nil
}

func faultyTags(tags []string) *engine.Error {
	isFaulty := func(tag string) bool { return tag == "" || len(tag) > engine.MaxTagBytes || !utf8.ValidString(tag) }
	if len(tags) > engine.MaxTags || slices.ContainsFunc(tags, isFaulty) {
		return engine.ErrBadRequest.In("tags")
	}
	return nil
}
