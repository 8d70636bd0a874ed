package session

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// Filed is what the session is found by once it is over.
func (s *Session) Filed() engine.Filed {
	return engine.Filed{
		Department: s.row.Department, Owner: s.row.Owner, Tags: slices.Clone(s.row.Service.Tags), Ended: s.endedAt, Cause: s.endedBy,
		Verified: s.row.Service.Verified,
	}
}

// takeFiled takes up what a closed session was found by: its tail may not reach
// back to what said so, unlike to the end itself. nil: it was closed before that was kept.
func (s *Session) takeFiled(f *engine.Filed) {
	if f == nil {
		return
	}
	s.row.Service.Tags, s.row.Service.Verified = f.Tags, f.Verified
}

// Identity is what is held about the visitor; nil: nothing.
func (s *Session) Identity() *engine.Identity { return s.identity }

// Verified reports whether the visitor has proven who it is.
func (s *Session) Verified() bool { return s.row.Service.Verified }
