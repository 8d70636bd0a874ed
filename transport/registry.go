package transport

import (
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/parleyhq/parley/engine"
)

// registry knows all connections, from the moment the handshake takes a place
// until the connection is taken apart: fasthttp forgets a socket that became a
// WebSocket. It keeps the limits per server, address and tenant.
type registry struct {
	// Fixed after construction.
	maxAll, maxIP int
	deadline      time.Duration

	mu       sync.Mutex
	all      int                     // guarded by mu, as all that follows
	entering map[*conn]time.Time     // not yet seated: until when they may be so
	slots    [pingSlots][]*conn      // seated, by the tick that pings them
	turn     int                     // spreads connections over slots
	byIP     map[netip.Addr]*perIP   // only with maxIP
	byTenant map[engine.TenantID]int // that got as far as naming it
	draining bool
	empty    chan struct{} // closed when draining and nothing is left
}

type perIP struct {
	ip    netip.Addr
	count int
}

// place is a connection's entry in the registry.
type place struct {
	state  placeState
	ip     *perIP         // whose count it is in; nil: none
	tenant *engine.Tenant // whose count it is in; nil: none
	slot   int32
	index  int32
}

type placeState uint8

const (
	placeNone     placeState = iota
	placeAdmitted            // the handshake goes on; no socket yet
	placeArrived             // has a socket
	placeSeated
	placeGone
)

var (
	errDraining = errors.New("draining")
	errFull     = errors.New("too many connections")
	errFullIP   = errors.New("too many connections from one address")
)

func newRegistry(o *Options) *registry {
	return &registry{
		maxAll: o.MaxConnections, maxIP: o.MaxConnectionsPerIP, deadline: o.AuthTimeout,
		entering: map[*conn]time.Time{}, byIP: map[netip.Addr]*perIP{}, byTenant: map[engine.TenantID]int{}, empty: make(chan struct{}),
	}
}

// admit takes a place for a connection whose handshake begins.
func (r *registry) admit(c *conn, ip netip.Addr) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.draining {
		return errDraining
	}
	if r.all >= r.maxAll {
		return errFull
	}
	if r.maxIP > 0 {
		at := r.byIP[ip]
		if at == nil {
			at = &perIP{ip: ip}
			r.byIP[ip] = at
		}
		if at.count >= r.maxIP {
			return errFullIP
		}
		at.count++
		c.place.ip = at
	}
	r.all++
	c.place.state = placeAdmitted
	r.entering[c] = time.Now().Add(r.deadline)
	return nil
}

// arrive notes that the socket came. False: the place was given back meanwhile,
// or the server is draining.
func (r *registry) arrive(c *conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.place.state != placeAdmitted || r.draining {
		return false
	}
	c.place.state = placeArrived
	return true
}

// enter counts a connection to its tenant. False: the tenant has too many.
func (r *registry) enter(c *conn, tenant *engine.Tenant) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byTenant[tenant.ID] >= tenant.Limits.Connections {
		return false
	}
	r.byTenant[tenant.ID]++
	c.place.tenant = tenant
	return true
}

// seat moves a connection among those that are pinged.
func (r *registry) seat(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.place.state != placeArrived {
		return
	}
	delete(r.entering, c)
	r.turn = (r.turn + 1) % pingSlots
	c.place.state = placeSeated
	c.place.slot, c.place.index = int32(r.turn), int32(len(r.slots[r.turn]))
	r.slots[r.turn] = append(r.slots[r.turn], c)
	c.server.metrics.connections[c.side].Inc()
}

// forget gives a connection's place back. Idempotent.
func (s *Server) forget(c *conn) {
	s.expiries.drop(c)
	r := s.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &c.place
	switch p.state {
	case placeNone, placeGone:
		return
	case placeSeated:
		slot := r.slots[p.slot]
		last := slot[len(slot)-1]
		slot[p.index] = last
		last.place.index = p.index
		slot[len(slot)-1] = nil
		r.slots[p.slot] = slot[:len(slot)-1]
		s.metrics.connections[c.side].Dec()
	default:
		delete(r.entering, c)
	}
	p.state = placeGone
	r.all--
	if p.ip != nil {
		if p.ip.count--; p.ip.count == 0 {
			delete(r.byIP, p.ip.ip)
		}
	}
	if p.tenant != nil {
		if r.byTenant[p.tenant.ID]--; r.byTenant[p.tenant.ID] == 0 {
			delete(r.byTenant, p.tenant.ID)
		}
	}
	r.closeIfEmpty()
}

func (r *registry) closeIfEmpty() {
	if !r.draining || r.all > 0 {
		return
	}
	select {
	case <-r.empty:
	default:
		close(r.empty)
	}
}

func (r *registry) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all
}

// drain refuses new connections from now on.
func (r *registry) drain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draining = true
	r.closeIfEmpty()
}

// slot appends the connections of one slot to into.
func (r *registry) slot(i int, into []*conn) []*conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(into, r.slots[i]...)
}

// late lists connections that should have been seated by now: those to be told,
// and those whose socket never came.
func (r *registry) late(now time.Time, told, lost []*conn) ([]*conn, []*conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c, deadline := range r.entering {
		switch {
		case now.Before(deadline):
		case c.place.state == placeArrived:
			told = append(told, c)
		default:
			lost = append(lost, c)
		}
	}
	return told, lost
}

// open appends all connections that have a socket.
func (r *registry) open(into []*conn) []*conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, slot := range r.slots {
		into = append(into, slot...)
	}
	for c := range r.entering {
		if c.place.state == placeArrived {
			into = append(into, c)
		}
	}
	return into
}
