package session

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Situation describes the session to an outlet that is being seated. Head,
// From and Reset are the caller's to fill.
func (s *Session) Situation(reader engine.Visibility) engine.Situation {
	sit := engine.Situation{
		Session: s.row.Ref.Session, State: s.row.State, Epoch: s.row.Epoch, Department: s.row.Department,
		Owner: s.row.Owner, Turn: s.row.Turn, Identity: s.identity, ReadVisitor: s.row.ReadVisitor, ReadOperator: s.row.ReadOperator,
	}
	sit.Visitor = s.presence()
	sit.Deadline, sit.RateBy = s.endsBy(), s.row.Service.RateBy
	if s.row.Service.Rated {
		sit.RateBy = time.Time{}
	}
	if reader == engine.VisibleToAll {
		sit.Visitor.LastActivity = time.Time{}
	} else {
		sit.Serving = s.serving()
	}
	return sit
}

// endsBy is when the state that people see ends by itself; zero: it does not.
func (s *Session) endsBy() time.Time {
	switch s.row.State {
	case engine.StateDetached:
		return s.row.Service.GraceBy
	case engine.StateClosing:
		return s.row.CloseBy
	case engine.StateUnattended:
		return s.row.Service.ReviewBy
	default:
		return time.Time{}
	}
}

func (s *Session) serving() *engine.Serving {
	from := &s.row.Service
	v := &engine.Serving{
		FirstQueued: s.row.FirstQueued, Queued: from.Queued, Step: from.Step, Priority: s.row.Priority,
		Needs: slices.Clone(from.Needs), Tags: slices.Clone(from.Tags), Weight: from.Weight, Rev: from.Rev, TurnSince: from.TurnSince,
		Idle: from.Idle, Previous: from.Previous, FollowUp: from.Followed,
	}
	if from.Transfer != nil {
		pending := *from.Transfer
		v.Transfer = &pending
	}
	for _, m := range from.Members {
		if !m.Hidden {
			v.Members = append(v.Members, m)
		}
	}
	return v
}

// AwaySince is from when on the visitor is gone: now while it has a connection.
func (s *Session) AwaySince(now time.Time) time.Time {
	if s.present || s.goneSince.IsZero() {
		return now
	}
	return s.goneSince
}

// Info describes the session to REST and to hosts.
func (s *Session) Info() engine.SessionInfo {
	return engine.SessionInfo{
		Ref: s.row.Ref, State: s.row.State, Epoch: s.row.Epoch, Department: s.row.Department, Owner: s.row.Owner,
		Head: s.durable, Turn: s.row.Turn, Present: s.present, LastActivity: s.row.LastActivity,
		Deadline: s.endsBy(), Serving: s.serving(),
	}
}

// department is the session's department as it is configured now.
func (s *Session) department() engine.Department {
	d, ok := s.rules.Department(s.row.Department)
	if !ok { // the configuration lost the department: its defaults still apply
		d = engine.Department{ID: s.row.Department}
	}
	complete(&d)
	return d
}

// complete sees to it that what is derived from a department has all of it.
func complete(d *engine.Department) {
	if d.Silence == nil {
		d.EnsureDefaults()
	}
}

func laterMinute(old, now time.Time) time.Time {
	if minute := now.Truncate(time.Minute).UTC(); minute.After(old) {
		return minute
	}
	return old
}
