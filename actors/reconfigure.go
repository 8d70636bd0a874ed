package actors

import (
	"errors"
	"fmt"

	"github.com/parleyhq/parley/engine"
)

// errTranscripts: where a session is kept is settled when it begins, and what a
// tenant has promised its visitors must not change under them.
var errTranscripts = errors.New("transcripts are turned on or off by a restart only")

// Reconfigure gives a tenant a newer configuration while it runs. It completes and
// checks it, and it must not be changed afterwards. New drafts and connections are
// judged by it at once; the router, operators and sessions take it over in their next
// turns: who waits is placed anew, an operator that is no longer in it is sent away
// and its sessions wait again. engine.ErrTenantUnknown: there is no such tenant.
func (s *System) Reconfigure(c *engine.Tenant) error {
	t := s.tenants[c.ID]
	if t == nil {
		return engine.ErrTenantUnknown
	}
	c.EnsureDefaults()
	if err := c.Validate(); err != nil {
		return fmt.Errorf("actors: reconfigure: %w", err)
	}
	t.reconfigures.Lock()
	defer t.reconfigures.Unlock()
	switch before := t.config(); {
	case s.stopping.Load():
		return engine.ErrBusy
	case c.Revision < before.Revision:
		return fmt.Errorf("actors: reconfigure: tenant %s: revision %d is older than %d", c.ID, c.Revision, before.Revision)
	case c.Transcripts != before.Transcripts:
		return fmt.Errorf("actors: reconfigure: tenant %s: %w", c.ID, errTranscripts)
	}
	t.current.Store(c)
	t.router.tell(reconfigured{})
	for _, o := range t.allOperators() {
		if o.isAwake() { // else it begins with it
			o.tell(reconfigured{})
		}
	}
	for _, h := range s.sweep.all() {
		if h.tenant == t { // also one that rests: its deadlines are others now
			h.tell(reconfigured{})
		}
	}
	return nil
}
