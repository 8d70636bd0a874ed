package transport

import (
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/internal/rfc6455"
	"github.com/parleyhq/parley/transport/wire"
)

// pingSlots is into how many ticks the time between two pings is cut. Each
// seated connection belongs to one of them, so that a tick touches a few
// connections only and pings are spread out, without a timer per connection.
const pingSlots = 40

// sweep pings, notices who does not answer and whose token has ended, and closes who
// does not authenticate. One goroutine per server, started by begin, ended by stop.
func (s *Server) sweep(stop <-chan struct{}) {
	ticker := time.NewTicker(max(s.options.PingEvery/pingSlots, time.Millisecond))
	defer ticker.Stop()
	var conns, lost []*conn
	grace := int(s.options.PongTimeout * pingSlots / s.options.PingEvery)
	grace = min(max(grace, 1), pingSlots-1)
	for tick := 0; ; tick = (tick + 1) % pingSlots {
		select {
		case <-ticker.C:
		case <-stop:
			return
		}
		conns = s.registry.slot((tick+pingSlots-grace)%pingSlots, conns[:0])
		for _, c := range conns {
			if !c.alive.Load() && !c.isSpared() {
				c.end(endNoPong, 0)
			}
		}
		conns = s.registry.slot(tick, conns[:0])
		s.expire()
		s.ping(conns)
		conns, lost = s.registry.late(time.Now(), conns[:0], lost[:0])
		for _, c := range conns {
			c.strayed(engine.ErrAuthRequired.Denied(engine.DenialTimeout))
			c.end(endAuthTimeout, 0)
		}
		for _, c := range lost {
			s.metrics.handshakes.WithLabelValues("vanished").Inc()
			s.forget(c)
		}
		clear(conns[:cap(conns)])
		clear(lost[:cap(lost)])
	}
}

func (s *Server) ping(conns []*conn) {
	if len(conns) == 0 {
		return
	}
	plain := outFrame{wire.AppendPing(nil, s.now(), nil, ""), rfc6455.OpText}
	for _, c := range conns {
		heard := c.alive.Swap(false)
		c.out.mu.Lock()
		s.metrics.pending.Observe(float64(c.out.pending))
		c.out.mu.Unlock()
		if c.side == echoSide {
			c.pingEcho(heard)
			continue
		}
		c.ping(plain)
	}
}
