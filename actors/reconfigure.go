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
	t := s.tenant(c.ID)
	if t == nil {
		return engine.ErrTenantUnknown
	}
	c.EnsureDefaults()
	if err := c.Validate(); err != nil {
		return fmt.Errorf("actors: reconfigure: %w", err)
	}
	s.applying.Lock()
	defer s.applying.Unlock()
	if s.stopping.Load() {
		return engine.ErrBusy
	}
	if err := t.mayBecome(c); err != nil {
		return err
	}
	t.reconfigure(c)
	return nil
}

// mayBecome says why the tenant cannot take a configuration over while it runs, or nil.
func (t *tenancy) mayBecome(c *engine.Tenant) error {
	switch before := t.config(); {
	case c.Revision < before.Revision:
		return fmt.Errorf("actors: reconfigure: tenant %s: revision %d is older than %d", c.ID, c.Revision, before.Revision)
	case c.Transcripts != before.Transcripts:
		return fmt.Errorf("actors: reconfigure: tenant %s: %w", c.ID, errTranscripts)
	}
	return nil
}

// reconfigure hands a configuration over to all that runs. System.applying is held.
func (t *tenancy) reconfigure(c *engine.Tenant) {
	t.current.Store(c)
	t.router.tell(reconfigured{})
	for _, o := range t.allOperators() {
		if o.isAwake() { // else it begins with it
			o.tell(reconfigured{})
		}
	}
	for _, h := range t.handles() {
		h.tell(reconfigured{}) // also one that rests: its deadlines are others now
	}
}
