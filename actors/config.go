package actors

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/invariant"
	"github.com/prometheus/client_golang/prometheus"
)

// Store is what actors need of storage. *persistence.Store is one.
type Store interface {
	engine.Log
	engine.Vault
	// OpenSessions yields the routing facts of every open session; it is the
	// start-up scan. The yielded row belongs to the callee.
	OpenSessions(yield func(*engine.Row) bool) error
	// SealToken seals claims under the tenant's token key, as URL-safe text.
	SealToken(tenant engine.TenantID, claims []byte) (string, error)
	// OpenToken undoes SealToken; anything else is engine.ErrAuthInvalid.
	OpenToken(tenant engine.TenantID, token string) ([]byte, error)
	// PseudonymOf is the id of somebody whom the tenant knows by a name: always the
	// same, and telling nothing about the name. kind says what sort of name it is.
	PseudonymOf(tenant engine.TenantID, kind, name string) ([16]byte, error)
	// Recall answers which session each of a visitor's OpStart began or wrote to, by
	// the tag of its key (engine.Append's Starts): of sessions that are open, and of
	// those that ended less than engine.KeysFor ago. done as in engine.Log.
	Recall(tenant engine.TenantID, visitor engine.VisitorID, done func(map[engine.Tag]engine.SessionID, error))
	// ForgetKeys lets the idempotency keys go that are past their time at now. It
	// returns at once. To be called about once an hour: it may keep a key for as
	// long as two calls are apart.
	ForgetKeys(now time.Time)
	// PutIntent stores an operator's intent, and with it the key under which it was
	// set, if memo is not nil; done as in engine.Log.
	PutIntent(tenant engine.TenantID, operator engine.OperatorID, info engine.IntentInfo, memo *engine.Memo, done func(error))
	// Memos yields what was done in an operator's name under the keys that are kept.
	Memos(tenant engine.TenantID, operator engine.OperatorID, yield func(engine.Memo) bool) error
	// Intents yields the stored intents of a tenant's operators.
	Intents(tenant engine.TenantID, yield func(engine.OperatorID, engine.IntentInfo) bool) error
	// PutRevocation stores from when on a visitor's tokens are good, or, with the zero
	// time, forgets it; done as in engine.Log.
	PutRevocation(tenant engine.TenantID, visitor engine.VisitorID, at time.Time, done func(error))
	// Revocations yields what PutRevocation stored for a tenant's visitors.
	Revocations(tenant engine.TenantID, yield func(engine.VisitorID, time.Time) bool) error
	// PutBan stores a visitor's ban, or, without Until, forgets it, and with it the key
	// under which it was made, if memo is not nil; done as in engine.Log.
	PutBan(tenant engine.TenantID, visitor engine.VisitorID, ban engine.Ban, memo *engine.Memo, done func(error))
	// Bans yields what PutBan stored for a tenant's visitors.
	Bans(tenant engine.TenantID, yield func(engine.VisitorID, engine.Ban) bool) error
	// BanMemos yields what was done under the keys of bans that are kept.
	BanMemos(tenant engine.TenantID, yield func(engine.Memo) bool) error
	// Sessions answers a page of a tenant's sessions, newest first; done as in engine.Log.
	Sessions(tenant engine.TenantID, q engine.SessionQuery, done func(engine.SessionPage, error))
	// CountSessions answers how many sessions a visitor has, up to engine.MaxCounted,
	// and which was the first; done as in engine.Log.
	CountSessions(tenant engine.TenantID, visitor engine.VisitorID, done func(count int, first engine.SessionID, err error))
	// Err is the first failure that ended the store's writing; nil while it works.
	Err() error
}

// Config is what a System is made of. Store and Tenants are required; the zero
// value of everything else works.
type Config struct {
	Store      Store
	Tenants    *engine.Tenants
	Logger     *slog.Logger          // nil: discards
	Registerer prometheus.Registerer // nil: no metrics
	Clock      func() time.Time      // nil: time.Now
	// NewID draws an id for something created at t. nil: a ULID from crypto/rand.
	NewID func(t time.Time) engine.ID
	// InboxLimit is how many drafts may wait for one actor before it answers
	// ErrBusy. 0 means 1,000.
	InboxLimit int
	// SweepEvery is how often deadlines are looked at. 0 means 250 ms.
	SweepEvery time.Duration
	// IdleAfter is how long a session without connections keeps its actor.
	// 0 means 10 min.
	IdleAfter time.Duration
	// MemoryFileBytes is how many bytes of files are held for tenants whose
	// transcripts are off, of all of them together. 0 means DefaultMemoryFiles.
	MemoryFileBytes int64
	// Events hands every durable entry to an embedding host. nil: nobody wants them.
	Events *Events
	// AuditEvery is how often a router's sums are compared with what its sessions
	// are. 0 means 5 min; negative: never.
	AuditEvery time.Duration
	// OnViolation hears of each broken invariant, after the session is frozen. It is
	// called by actors: it must not block, nor call the System. nil: nobody does.
	OnViolation func(*invariant.Violation)
}

func (c *Config) ensureDefaults() error {
	if c.Store == nil || c.Tenants == nil {
		return errors.New("actors: Config needs Store and Tenants")
	}
	if c.Events != nil && c.Events.Deliver == nil {
		return errors.New("actors: Events needs Deliver")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.NewID == nil {
		c.NewID = func(t time.Time) engine.ID { return engine.ID(ulid.MustNew(ulid.Timestamp(t), rand.Reader)) }
	}
	if c.InboxLimit == 0 {
		c.InboxLimit = 1000
	}
	if c.SweepEvery == 0 {
		c.SweepEvery = 250 * time.Millisecond
	}
	if c.IdleAfter == 0 {
		c.IdleAfter = 10 * time.Minute
	}
	if c.MemoryFileBytes == 0 {
		c.MemoryFileBytes = DefaultMemoryFiles
	}
	if c.AuditEvery == 0 {
		c.AuditEvery = 5 * time.Minute
	}
	return nil
}
