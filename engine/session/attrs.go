package session

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// What is held about the visitor is one entry's body: attrs.set has all of it, and
// takes the place of the one before, whose text goes (GDPR Art. 16). What stays of
// that is the fact: which attributes, on what basis, from where, when and by whom.

// identify sets what is held about the visitor.
func (t *turn) identify(by engine.Author, d engine.Draft) {
	if t.identified(by, d) {
		return
	}
	change, err := t.mayIdentify(by, d)
	if err != nil {
		t.refuse(d, err)
		return
	}
	// One that changes nothing is an entry too: its key is known by that, and a late
	// repetition does not take back what was said since.
	next, changed := t.identity.Apply(change, t.now)
	t.done(d, t.hold(by, d.ClientID, change, next, changed), t.now)
}

// mayIdentify judges a draft, and answers its change with each value's source. What
// the tenant vouches for, only the tenant changes: by REST, or by another token.
func (t *turn) mayIdentify(by engine.Author, d engine.Draft) (*engine.IdentityChange, *engine.Error) {
	switch {
	case !t.MayRead(by), t.row.State == engine.StateNew:
		return nil, engine.ErrNotFound
	case t.closed != 0:
		return nil, engine.ErrClosed.At(t.closed)
	case d.ClientID == "":
		return nil, engine.ErrBadRequest.In("idem")
	}
	if fields := engine.CheckIdentity(d.Identity, t.rules.Attributes); len(fields) > 0 {
		return nil, engine.ErrBadRequest.In(fields...)
	}
	if of := d.Identity.If; of != nil && *of != t.identity.Revision() {
		return nil, engine.ErrPrecondition.At(t.identity.Revision())
	}
	change := sourced(by, d.Identity)
	if by.Kind == engine.AuthorIntegration {
		return change, nil
	}
	var vouched []string
	next, changed := t.identity.Apply(change, t.now)
	for _, name := range changed {
		was, _ := t.identity.Find(name)
		if is, _ := next.Find(name); was.Verified && !is.Verified {
			vouched = append(vouched, name)
		}
	}
	if len(vouched) > 0 {
		return nil, engine.ErrForbidden.In(vouched...).Because("the tenant vouches for it, and the tenant changes it")
	}
	return change, nil
}

// sourced copies a change with its sources. Only a server of the tenant's may say
// that a value is verified; what is a token's says so already.
func sourced(by engine.Author, c *engine.IdentityChange) *engine.IdentityChange {
	own := *c
	own.Set = slices.Clone(c.Set)
	for i := range own.Set {
		a := &own.Set[i]
		if a.Source == engine.SourceToken && by.Kind == engine.AuthorVisitor {
			continue
		}
		a.Source = sourceOf(by.Kind)
		a.Verified = a.Verified && by.Kind == engine.AuthorIntegration
	}
	return &own
}

func sourceOf(kind engine.AuthorKind) engine.Source {
	switch kind {
	case engine.AuthorIntegration:
		return engine.SourceIntegration
	case engine.AuthorOperator:
		return engine.SourceOperator
	default:
		return engine.SourceForm
	}
}

// introduce takes over what a signed token says about the visitor.
func (t *turn) introduce(c *engine.IdentityChange) {
	if c == nil || t.closed != 0 || t.row.State == engine.StateNew || len(engine.CheckIdentity(c, t.rules.Attributes)) > 0 {
		return
	}
	own := *c
	own.Set = slices.Clone(c.Set)
	for i := range own.Set {
		own.Set[i].Source = engine.SourceToken
	}
	if next, changed := t.identity.Apply(&own, t.now); len(changed) > 0 {
		t.hold(engine.Author{Kind: engine.AuthorVisitor}, "", &own, next, changed)
	}
}

// hold writes the entry. It is the operators': the visitor reads what is held, and
// has no use for a log of it.
func (t *turn) hold(by engine.Author, key string, c *engine.IdentityChange, next *engine.Identity, changed []string) engine.Seq {
	fact := &engine.AttrsFact{Names: changed, Basis: c.Basis, Source: sourceOf(by.Kind)}
	if len(c.Set) > 0 && !slices.ContainsFunc(c.Set, func(a engine.Attr) bool { return a.Source != engine.SourceToken }) {
		fact.Source = engine.SourceToken
	}
	next.Seq = t.write(&engine.Entry{
		Author: by, Kind: engine.KindAttrsSet, Visibility: engine.VisibleToOperators, ClientID: key,
		Target: t.identity.Revision(), Attrs: fact, Body: next.Encode(),
	})
	t.identity = next
	return next.Seq
}

// identified answers a draft whose idempotency key is known. What was said under
// it is known only while it is held: of a value that has gone, any is the same.
func (t *turn) identified(by engine.Author, d engine.Draft) bool {
	r, known := t.results.of(key{by, engine.KindAttrsSet, d.ClientID})
	if d.ClientID == "" || !known {
		return false
	}
	if d.Identity != nil && r.Seq == t.identity.Revision() {
		if _, changed := t.identity.Apply(sourced(by, d.Identity), t.now); len(changed) > 0 {
			t.refuse(d, engine.ErrIdemConflict)
			return true
		}
	}
	t.done(d, r.Seq, r.At)
	return true
}

// held answers what is held about the visitor, to the visitor as to everybody who
// sees it (GDPR Art. 15).
func (t *turn) held(by engine.Author, d engine.Draft) {
	if !t.MayRead(by) || t.row.State == engine.StateNew {
		t.refuse(d, engine.ErrNotFound)
		return
	}
	t.reply(d, t.identity.Revision(), engine.Answer{Seq: t.identity.Revision(), Held: t.identity})
}
