package operator

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Machine is one operator's state. Not safe for concurrent use: one actor owns it.
type Machine struct {
	id       engine.OperatorID
	settings Configure

	intent engine.IntentInfo
	kept   engine.IntentInfo // as last known to be stored
	unkept int               // words whose Kept is to come
	misses int               // in a row

	connections []connection
	scope       []engine.DepartmentID // of the connections, or of the last ones; nil: all. Never changed in place
	lost        lost
	draining    bool // the server is stopping

	sessions  []owned
	offers    []engine.Offer // live
	breathing time.Time      // no offers until then

	reported Report // as the router knows it
	asked    bool   // the router wants it whether it changed or not

	// One step's scratch.
	now     time.Time
	out     []Effect
	changed bool
}

// connection is one of the operator's devices that is there.
type connection struct {
	id       uint64
	device   string
	pushable bool
	away     bool
	scope    []engine.DepartmentID // that its token names; empty: all
}

// lost is what follows the last connection.
type lost struct {
	reach time.Time // can be pushed until then; zero: cannot
	grace time.Time // gone from then on; zero: gone
	since time.Time // of a start: when the grace began; zero: its sessions are told when it does
	quiet time.Time // of a start: its sessions are told nothing until then; zero: they are told
}

// owned is a session it owns, and what that session was told last.
type owned struct {
	Owned
	told standing
}

// standing is what an owner's being there or not means to a session.
type standing uint8

const (
	here standing = iota
	missing
	signedOut
	drained // signed out, but finishes what is open
	removed
	untold // the session may not know
)

// New is an operator of whom nothing is known: not connected, intent not stated.
// The next inputs should be Configure and Restore.
func New(id engine.OperatorID) *Machine {
	return &Machine{id: id, settings: Configure{Known: true, Grace: engine.DefaultOperatorGrace, MaxMisses: engine.DefaultMaxMisses}}
}

// SettingsOf is what a tenant's configuration says of an operator.
func SettingsOf(t *engine.Tenant, id engine.OperatorID) Configure {
	c := Configure{MaxMisses: t.MaxMisses, Tenant: t}
	c.Operator, c.Known = t.Operator(id)
	c.Breathing = t.BreathingOf(&c.Operator)
	for _, d := range t.Departments {
		if len(c.Operator.Departments) > 0 && !slices.Contains(c.Operator.Departments, d.ID) {
			continue
		}
		grace := d.OperatorGrace
		if grace == 0 {
			grace = engine.DefaultOperatorGrace
		}
		c.Grace = max(c.Grace, grace)
		if c.Shortest == 0 || grace < c.Shortest {
			c.Shortest = grace
		}
	}
	return c
}

// Step applies one input and appends its effects to out. now must not run
// backwards; the caller reads the clock once per batch.
func (m *Machine) Step(in Input, now time.Time, out []Effect) []Effect {
	m.now, m.out, m.changed = now, out, false
	m.pass()
	switch in := in.(type) {
	case Connect:
		m.connect(in)
	case Rescope:
		m.rescope(in)
	case Disconnect:
		m.disconnect(in)
	case SetIntent:
		m.setIntent(in)
	case SetAway:
		m.setAway(in)
	case Gained:
		m.gained(Owned(in))
	case Lost:
		m.lostSession(in)
	case Offered:
		m.offered(in.Offer)
	case OfferEnded:
		m.offerEnded(in)
	case Missed:
		m.missed()
	case Configure:
		m.configure(in)
	case Restore:
		m.restore(in)
	case Drain:
		m.draining = true
	case Kept:
		m.keptIntent(in)
	case Again:
		m.asked = true
	case Tick:
	}
	m.settle()
	out, m.out = m.out, nil
	return out
}

// pass lets time act: a pause that is over, a reach or a grace that has ended.
func (m *Machine) pass() {
	if until := m.intent.Until; m.intent.Intent == engine.IntentPaused && !until.IsZero() && !m.now.Before(until) {
		info := m.intent // its own word of then: accepting from Until on
		info.Intent, info.Until, info.At, info.Reason = engine.IntentAccepting, time.Time{}, until, ""
		m.declare(info)
	}
	if len(m.connections) > 0 || m.draining {
		return
	}
	if !m.now.Before(m.lost.quiet) {
		m.lost.quiet = time.Time{}
	}
	if !m.lost.reach.IsZero() && !m.now.Before(m.lost.reach) {
		m.lost.reach, m.changed = time.Time{}, true
	}
	if !m.lost.grace.IsZero() && !m.now.Before(m.lost.grace) {
		m.lost, m.changed = lost{}, true
	}
}

// Deadline is when the next Tick matters; zero if never. The pause between chats
// is the router's to watch.
func (m *Machine) Deadline() time.Time {
	var at time.Time
	if m.intent.Intent == engine.IntentPaused {
		at = m.intent.Until
	}
	if len(m.connections) == 0 && !m.draining {
		at = earlier(earlier(earlier(at, m.lost.quiet), m.lost.reach), m.lost.grace)
	}
	return at
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// settle says whatever has come to differ from what the others were told.
func (m *Machine) settle() {
	m.revokeWhatCannotBe()
	m.tellOwned()
	if r := m.report(); !r.isSame(m.reported) || m.asked {
		m.reported, m.asked = r, false
		m.do(r)
	}
	if m.changed {
		m.do(Changed{})
	}
}

func (m *Machine) do(e Effect) { m.out = append(m.out, e) }

func (m *Machine) report() Report {
	c := m.Connectivity()
	return Report{Routable: m.Routable(), Present: c != Gone, Reachable: c == Reachable, Breathing: m.breathing, Departments: m.scope}
}

// configure takes a configuration over. A shorter grace counts from when the
// operator was lost next; one that runs is not cut.
func (m *Machine) configure(in Configure) {
	if in.Grace == 0 {
		in.Grace = engine.DefaultOperatorGrace
	}
	if in.MaxMisses == 0 {
		in.MaxMisses = engine.DefaultMaxMisses
	}
	m.changed = m.changed || in.Known != m.settings.Known
	m.settings = in
}

// restore begins after a start: in grace, so that nobody is lost by it. Its sessions
// are told only if it does not come for a while: who is back at once, as most are
// after a short stop, costs them no entry. That while is all that another stop may
// add to the time they wait.
func (m *Machine) restore(in Restore) {
	m.intent, m.kept = in.Intent, in.Intent
	m.sessions = m.sessions[:0]
	for _, s := range in.Sessions {
		m.sessions = append(m.sessions, owned{s, untold})
	}
	if len(m.connections) == 0 {
		m.lost = lost{grace: m.now.Add(m.settings.Grace), since: m.now, quiet: m.now.Add(m.quietly())}
	}
	m.asked, m.changed = true, true
}

// Breathing is until when it breathes; in the past, or zero: it does not.
func (m *Machine) Breathing() time.Time { return m.breathing }

// maxQuiet bounds how long a start's sessions are told nothing.
const maxQuiet = 20 * time.Second

// quietly is how long after a start an operator may be missing before its sessions hear
// of it: a third to two thirds of its shortest grace, each operator's its own, so that
// the sessions of all do not write at the same moment.
func (m *Machine) quietly() time.Duration {
	grace := m.settings.Shortest
	if grace == 0 {
		grace = m.settings.Grace
	}
	part := min(grace/3, maxQuiet/2).Truncate(time.Millisecond)
	own := engine.BodyOf(string(m.id)).Digest() % uint64(max(part.Milliseconds(), 1))
	return part + time.Duration(own)*time.Millisecond
}

// IsQuiet reports that it was not seen since a start, and that its sessions have not
// been told so yet.
func (m *Machine) IsQuiet() bool { return !m.lost.quiet.IsZero() }

// ID is whose state it is.
func (m *Machine) ID() engine.OperatorID { return m.id }

// Intent is what the operator has declared.
func (m *Machine) Intent() engine.IntentInfo { return m.intent }

// Sessions appends the sessions that the operator owns.
func (m *Machine) Sessions(to []engine.SessionID) []engine.SessionID {
	for _, s := range m.sessions {
		to = append(to, s.Session)
	}
	return to
}

// Owned appends them with the epochs by which it does.
func (m *Machine) Owned(to []Owned) []Owned {
	for _, s := range m.sessions {
		to = append(to, s.Owned)
	}
	return to
}

// Offers appends the live offers to it.
func (m *Machine) Offers(to []engine.Offer) []engine.Offer { return append(to, m.offers...) }
