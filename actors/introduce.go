package actors

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// introduce takes what a visitor's signed token says about it into the session, if
// the token says on what lawful basis (GDPR Art. 6(1)): repeated, it has no effect.
func (a *sessionActor) introduce(s *seat, now time.Time) {
	if c := s.claims.Load(); c != nil && c.Basis != engine.BasisNone {
		a.step(session.Introduce{Claims: c}, now)
	}
}

// introduceAll is for the visitor's connections that were seated before the
// session began.
func (a *sessionActor) introduceAll(now time.Time) {
	for _, p := range a.places {
		a.introduce(p.seat, now)
	}
}

// vouched marks, in what a visitor says about itself, the values that its signed
// token says too.
func (s *seat) vouched(d engine.Draft) engine.Draft {
	claims := s.claims.Load()
	if d.Op != engine.OpIdentify || d.Identity == nil || claims == nil {
		return d
	}
	own := *d.Identity
	own.Set = slices.Clone(own.Set)
	for i := range own.Set {
		a := &own.Set[i]
		a.Source, a.Verified = engine.SourceNone, false
		if said, ok := claims.Find(a.Name); ok && string(said.Value.Reveal()) == string(a.Value.Reveal()) {
			a.Source, a.Verified = engine.SourceToken, said.Verified
		}
	}
	d.Identity = &own
	return d
}
