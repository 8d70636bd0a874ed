package operator

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// connect takes a connection in. It reads the intent and never changes it, but for
// the first one after the operator signed out, which states one.
func (m *Machine) connect(in Connect) {
	first := len(m.connections) == 0
	m.connections = slices.DeleteFunc(m.connections, func(c connection) bool { return c.id == in.Connection })
	m.connections = append(m.connections, connection{id: in.Connection, device: in.Device, pushable: in.Pushable, scope: in.Departments})
	m.lost, m.changed = lost{}, true
	m.rescoped()
	if first && in.Intent != engine.IntentNone && m.MustState() {
		m.declare(engine.IntentInfo{Intent: in.Intent, Cause: engine.CauseManual, By: m.id, Device: in.Device, At: m.now})
	}
}

// disconnect takes a connection away. After the last one a pushable device
// keeps the operator reachable for a while; then its grace runs.
func (m *Machine) disconnect(in Disconnect) {
	i := slices.IndexFunc(m.connections, func(c connection) bool { return c.id == in.Connection })
	if i < 0 {
		return
	}
	pushable := slices.ContainsFunc(m.connections, func(c connection) bool { return c.pushable })
	m.connections = slices.Delete(m.connections, i, i+1)
	m.changed = true
	if len(m.connections) > 0 {
		m.rescoped()
		return
	}
	m.lost = lost{grace: m.now.Add(m.settings.Grace)}
	if reach := m.settings.Operator.PushReach; pushable && reach > 0 {
		m.lost.reach = m.now.Add(reach)
		m.lost.grace = m.lost.reach.Add(m.settings.Grace)
	}
	m.revoke(engine.CauseOperatorLost)
}

func (m *Machine) setAway(in SetAway) {
	for i := range m.connections {
		if c := &m.connections[i]; c.id == in.Connection && c.away != in.On {
			c.away, m.changed = in.On, true
		}
	}
}

// Connections is how many there are.
func (m *Machine) Connections() int { return len(m.connections) }

// Away reports whether the operator is away: all connections are.
func (m *Machine) Away() bool {
	return len(m.connections) > 0 && !slices.ContainsFunc(m.connections, func(c connection) bool { return !c.away })
}

// Connectivity is how the operator can be reached now.
func (m *Machine) Connectivity() Connectivity {
	switch {
	case len(m.connections) > 0:
		return Connected
	case !m.lost.reach.IsZero():
		return Reachable
	case !m.lost.grace.IsZero():
		return InGrace
	default:
		return Gone
	}
}

// Until is when Reachable or InGrace ends; zero for the others.
func (m *Machine) Until() time.Time {
	switch m.Connectivity() {
	case Reachable:
		return m.lost.reach
	case InGrace:
		return m.lost.grace
	default:
		return time.Time{}
	}
}

// Routable reports whether chats may be offered to it, as far as its own state says:
// the router knows its load, its departments and when it breathes.
func (m *Machine) Routable() bool {
	return m.canTake() && m.intent.Intent == engine.IntentAccepting && !m.Away() && m.settings.Known && !m.draining
}

// canTake reports whether an offer could reach it.
func (m *Machine) canTake() bool {
	c := m.Connectivity()
	return c == Connected || c == Reachable
}

// standing is what its sessions are to know of it: those that its connections may
// see, or those that none may. To the latter it is missing, as if it had gone.
func (m *Machine) standing(seen bool) standing {
	switch {
	case !m.settings.Known:
		return removed
	case m.intent.Intent == engine.IntentSignedOut && !m.intent.Drain:
		return signedOut
	case !(m.canTake() && seen) && !m.draining:
		return missing
	case m.intent.Intent == engine.IntentSignedOut:
		return drained
	default:
		return here
	}
}

// tellOwned tells those sessions that know otherwise. Who has signed out and
// finishes what is open is there: sessions that wait for it hear that first.
func (m *Machine) tellOwned() {
	for _, seen := range [...]bool{true, false} {
		is := m.standing(seen)
		if m.IsQuiet() && (is == missing || is == here) { // nobody has come, nor will be missed in a drain
			continue
		}
		if is == drained {
			m.tell(here, func(s *owned) bool { return (s.told == missing || s.told == untold) && m.sees(s) == seen })
		}
		m.tell(is, func(s *owned) bool { return s.told != is && m.sees(s) == seen })
	}
}

// tell tells a standing to the sessions that are to hear it.
func (m *Machine) tell(is standing, whom func(*owned) bool) {
	var to []Owned
	for i := range m.sessions {
		if s := &m.sessions[i]; whom(s) {
			s.told = is
			to = append(to, s.Owned)
		}
	}
	if len(to) == 0 {
		return
	}
	tell := TellOwned{Sessions: to, Gone: is != here}
	switch is {
	case missing:
		tell.Cause, tell.Since = engine.CauseOperatorLost, m.lost.since
	case signedOut, drained:
		tell.Cause, tell.Drain = engine.CauseOperatorSignedOut, is == drained
	case removed:
		tell.Cause = engine.CauseOperatorRemoved
	case here, untold:
	}
	m.do(tell)
}

// gained notes a session of its own. One that says so again may have forgotten
// what it was told.
func (m *Machine) gained(is Owned) {
	accepted := m.dropOffer(is.Session)
	if accepted {
		m.misses = 0
	}
	for i := range m.sessions {
		if s := &m.sessions[i]; s.Session == is.Session {
			if s.Epoch <= is.Epoch {
				*s = owned{is, untold}
			}
			return
		}
	}
	// Untold even where the operator is there: it may have had the session before, and
	// word of an absence then may still be under way to it.
	m.sessions = append(m.sessions, owned{is, untold})
	m.changed = true
}

func (m *Machine) lostSession(in Lost) {
	i := slices.IndexFunc(m.sessions, func(s owned) bool { return s.Session == in.Session })
	if i < 0 || in.Epoch < m.sessions[i].Epoch { // it has come back since
		return
	}
	m.sessions = slices.Delete(m.sessions, i, i+1)
	m.changed = true
	if in.Served {
		m.misses = 0 // it has worked
		if m.settings.Breathing > 0 {
			m.breathing = m.now.Add(m.settings.Breathing)
		}
	}
}
