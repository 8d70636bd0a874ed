package transport

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/wire"
)

// stream is what a connection's events are counted by. Both ends count them and
// neither writes the number: the client says how many have come (XEP-0198's h).
// All of it is guarded by the outbox's mu.
type stream struct {
	sent   uint64 // events queued
	acked  uint64 // that have come, as far as the client said. Invariant: acked <= sent
	acks   bool   // the client says so
	cut    uint64 // sent, when the connection was pinged last
	tracks []track
	moved  bool      // tracks tell more than the last resume token does
	minted time.Time // when that was made

	// Of a connection that resumes another, until all its sessions were told.
	returning bool
	since     time.Time
	awaited   []engine.SessionID
	missed    wire.Recovered
}

// track is how far one session has come on a connection.
type track struct {
	session engine.SessionID
	head    engine.Seq // the last event queued, or held when the session was attached
	number  uint64     // head's place in the stream
	told    engine.Seq // head, when the connection was pinged last
	arrived engine.Seq // the last event that the client has, as far as is known
	closed  bool       // no event follows
}

// maxTracks bounds the sessions that are followed on one connection: as many as an
// operator may have open (engine.Operator.Capacity).
const maxTracks = 1000

// maxClosed is from how many on a session that has ended makes room for another.
const maxClosed = 48

// maxPlaces bounds the sessions in a resume token, which has to fit into the wire's
// 4,096 bytes. Of others the client itself knows what it holds.
const maxPlaces = 100

func (s *stream) follow(session engine.SessionID) *track {
	for i := range s.tracks {
		if s.tracks[i].session == session {
			return &s.tracks[i]
		}
	}
	if len(s.tracks) >= maxClosed {
		at := slices.IndexFunc(s.tracks, func(t track) bool { return t.closed })
		if at >= 0 || len(s.tracks) == maxTracks {
			s.tracks = slices.Delete(s.tracks, max(at, 0), max(at, 0)+1)
		}
	}
	s.tracks = append(s.tracks, track{session: session})
	return &s.tracks[len(s.tracks)-1]
}

// queued counts an event.
func (s *stream) queued(e *engine.Entry) {
	s.sent++
	t := s.follow(e.Session)
	t.head, t.number, t.closed = e.Seq, s.sent, e.Kind == engine.KindSessionClosed
}

// attached notes where a session's events begin on this connection. done: with
// this one, all that a returning client asks about was told.
func (s *stream) attached(sit *engine.Situation) (done bool) {
	t := s.follow(sit.Session)
	t.head = min(max(sit.From, 1)-1, sit.Head)
	t.arrived, t.told, t.number = t.head, t.head, s.sent
	s.moved = true
	at := slices.Index(s.awaited, sit.Session)
	if at < 0 {
		return false
	}
	s.awaited = slices.Delete(s.awaited, at, at+1)
	switch {
	case sit.Reset:
		s.missed.Reset = append(s.missed.Reset, sit.Session)
	case sit.From <= sit.Head:
		s.missed.Gaps = append(s.missed.Gaps, wire.Gap{Session: sit.Session, From: sit.From, To: sit.Head})
	}
	return s.returning && len(s.awaited) == 0
}

// acknowledged takes the client's word for how many events have come; false: more
// than were sent. A lower one than before says nothing.
func (s *stream) acknowledged(n uint64) bool {
	if n > s.sent {
		return false
	}
	s.acks = true
	s.acked = max(s.acked, n)
	for i := range s.tracks {
		t := &s.tracks[i]
		before := t.arrived
		if t.number <= s.acked {
			t.arrived = t.head
		} else if s.cut <= s.acked {
			t.arrived = max(t.arrived, t.told)
		}
		s.moved = s.moved || t.arrived != before
	}
	return true
}

// heads are the sessions that a ping names: which have come further since the
// last ping, or whose last event a client that acknowledges has not.
func (s *stream) heads() []engine.Have {
	var heads []engine.Have
	for i := range s.tracks {
		t := &s.tracks[i]
		if t.head != t.told || s.acks && t.arrived < t.head {
			heads = append(heads, engine.Have{Session: t.session, Seq: t.head})
		}
		t.told = t.head
	}
	s.cut = s.sent
	s.tracks = slices.DeleteFunc(s.tracks, func(t track) bool { return t.closed && t.arrived == t.head })
	return heads
}

// places are what the client has, as far as is known: of the sessions that came
// last, if there are too many.
func (s *stream) places() []engine.Have {
	latest := s.tracks[max(0, len(s.tracks)-maxPlaces):]
	places := make([]engine.Have, 0, len(latest))
	for _, t := range latest {
		places = append(places, engine.Have{Session: t.session, Seq: t.arrived})
	}
	return places
}

// expects begins what a returning client is to be told: of its open sessions as
// they are attached; what it asked about besides has ended. done: nothing is open.
func (s *stream) expects(open, asked []engine.SessionID, now time.Time) (done bool) {
	s.returning, s.since, s.awaited = true, now, slices.Clone(open)
	for _, session := range asked {
		if !slices.Contains(open, session) && !slices.Contains(s.missed.Ended, session) {
			s.missed.Ended = append(s.missed.Ended, session)
		}
	}
	return len(open) == 0
}

// recovered ends it: what is still awaited has ended meanwhile.
func (s *stream) recovered() *wire.Recovered {
	missed := s.missed
	missed.Ended = append(missed.Ended, s.awaited...)
	s.returning, s.awaited, s.missed = false, nil, wire.Recovered{}
	return &missed
}
