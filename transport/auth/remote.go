package auth

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/parleyhq/parley/engine"
)

// Defaults of RemoteOptions' zero fields.
const (
	DefaultFresh   = 10 * time.Minute
	DefaultStale   = 4 * time.Hour
	DefaultTimeout = 5 * time.Second
	DefaultPause   = 10 * time.Second
	DefaultUnknown = time.Minute
)

// RemoteOptions configures a Remote. The zero value works.
type RemoteOptions struct {
	// Clock is asked what time it is. Nil means time.Now.
	Clock func() time.Time
	// Transport carries the requests. Nil means one that speaks TLS 1.2 or newer,
	// uses no proxy, and connects to no private address but those of PrivateHosts.
	// Whoever brings another has that guard to keep.
	Transport http.RoundTripper
	// TLS is of the guarded transport, for its root certificates; nil: the system's.
	TLS *tls.Config
	// PrivateHosts are the names, as they stand in addresses of keys, behind which
	// private addresses are allowed: an issuer in one's own network.
	PrivateHosts []string
	// Logger hears of fetches that failed. Nil means nobody does.
	Logger *slog.Logger
	// Registerer gets the counters. Nil means none.
	Registerer prometheus.Registerer

	Fresh   time.Duration // after which fetched keys are fetched again, while they serve on; 0 means 10 min
	Stale   time.Duration // after which keys serve no more, if no fetch has succeeded since; 0 means 4 h
	Timeout time.Duration // of one fetch; 0 means 5 s
	Pause   time.Duration // between two fetches of one set, whatever asks for them; 0 means 10 s
	Unknown time.Duration // for which a key that a set did not have is not looked for again; 0 means 1 min
}

// Remote fetches the keys that issuers publish and keeps them. They are kept by
// tenant, whose tokens they verify, issuer and address, and are found by kid
// within these and nowhere else. One fetch of a set is under way at a time, and no
// lock is held meanwhile; who needs a key that is not there waits for it, until
// its own context ends. Safe from any goroutine. Close ends it.
type Remote struct {
	// Fixed after construction.
	o       RemoteOptions
	client  *http.Client
	ctx     context.Context // ends with Close; fetches have it, no caller does
	cancel  context.CancelFunc
	fetches *prometheus.CounterVec

	fetching sync.WaitGroup

	// Guarded by mu.
	mu   sync.Mutex
	sets map[setID]*published
	done bool
}

// setID is whose tokens a set verifies, and where it comes from.
type setID struct {
	tenant      engine.TenantID
	set         keySet
	issuer, url string
}

// published is a set as it was last fetched. Guarded by Remote.mu.
type published struct {
	keys    map[string]parsed
	fetched time.Time            // the last fetch that succeeded; zero: none
	tried   time.Time            // when the last fetch began; zero: none
	flight  chan struct{}        // closed when the fetch under way ends; nil: none
	unknown map[string]time.Time // kids that the set did not have, and when it was asked
}

// maxUnknown bounds the kids that are remembered as unknown, per set: beyond it
// Pause alone keeps strangers from causing fetches.
const maxUnknown = 256

// maxKeyID bounds a kid, in bytes.
const maxKeyID = 256

// NewRemote is an empty Remote.
func NewRemote(o RemoteOptions) *Remote {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	for field, value := range map[*time.Duration]time.Duration{
		&o.Fresh: DefaultFresh, &o.Stale: DefaultStale, &o.Timeout: DefaultTimeout, &o.Pause: DefaultPause, &o.Unknown: DefaultUnknown,
	} {
		if *field == 0 {
			*field = value
		}
	}
	if o.Transport == nil {
		o.Transport = guarded(o.TLS, o.PrivateHosts)
	}
	r := &Remote{o: o, sets: map[setID]*published{}, client: &http.Client{Transport: o.Transport, CheckRedirect: sameHost}}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.fetches = promauto.With(o.Registerer).NewCounterVec(prometheus.CounterOpts{
		Name: "parley_jwks_fetches_total", Help: "Fetches of issuers' key sets by outcome: ok, or failed.",
	}, []string{"outcome"})
	return r
}

// Close ends what is under way and waits for it. Later look-ups find no key that
// has to be fetched.
func (r *Remote) Close() {
	r.mu.Lock()
	r.done = true
	r.mu.Unlock()
	r.cancel()
	r.fetching.Wait()
}

// find is the key of a set by its kid. Errors carry denials: ErrAuthInvalid for a
// kid that the set does not have, ErrBusy while the set cannot be had.
func (r *Remote) find(ctx context.Context, tenant engine.TenantID, set keySet, of engine.KeySet, kid string) (parsed, *engine.Error) {
	id := setID{tenant, set, of.Issuer, of.URL}
	for asked := false; ; asked = true {
		key, flight, err := r.look(id, kid, asked)
		if flight == nil {
			return key, err
		}
		select {
		case <-flight:
		case <-ctx.Done():
			return parsed{}, errKeys
		}
	}
}

var (
	errUnknownKey = engine.ErrAuthInvalid.Denied(engine.DenialKeyUnknown)
	errKeys       = engine.ErrBusy.After(time.Second).Denied(engine.DenialKeys)
)

// look is one look at what is kept; flight is the fetch to wait for, if that may
// help. asked: it was waited for already.
func (r *Remote) look(id setID, kid string, asked bool) (key parsed, flight <-chan struct{}, err *engine.Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, now := r.sets[id], r.o.Clock()
	if p == nil {
		p = &published{}
		r.sets[id] = p
	}
	if serves := within(p.fetched, now, r.o.Stale); serves {
		if key, known := p.keys[kid]; known {
			if !within(p.fetched, now, r.o.Fresh) {
				r.fetch(id, p, now)
			}
			return key, nil, nil
		}
		if asked || len(kid) > maxKeyID || within(p.unknown[kid], now, r.o.Unknown) {
			p.remember(kid, now)
			return parsed{}, nil, errUnknownKey
		}
		if flight := r.fetch(id, p, now); flight != nil {
			return parsed{}, flight, nil
		}
		return parsed{}, nil, errUnknownKey
	}
	if flight := r.fetch(id, p, now); flight != nil && !asked {
		return parsed{}, flight, nil
	}
	return parsed{}, nil, errKeys
}

// within reports that now is less than span after at. A clock that was set back
// does not make anything last longer.
func within(at, now time.Time, span time.Duration) bool {
	age := now.Sub(at)
	return !at.IsZero() && age >= 0 && age < span
}

// remember keeps a kid that the set does not have. Those that are kept are not
// renewed by being asked for again.
func (p *published) remember(kid string, now time.Time) {
	if _, known := p.unknown[kid]; known || len(p.unknown) >= maxUnknown || len(kid) > maxKeyID {
		return
	}
	if p.unknown == nil {
		p.unknown = map[string]time.Time{}
	}
	p.unknown[kid] = now
}

// fetch is the fetch under way, or one begun now; nil where the last one was too
// recently. Call with mu held.
func (r *Remote) fetch(id setID, p *published, now time.Time) <-chan struct{} {
	switch {
	case p.flight != nil:
		return p.flight
	case r.done, within(p.tried, now, r.o.Pause):
		return nil
	}
	flight := make(chan struct{})
	p.tried, p.flight = now, flight
	r.fetching.Go(func() { // ends with its timeout, or with Close, which waits
		keys, err := r.get(id.url)
		r.landed(id, p, keys, err)
		close(flight)
	})
	return flight
}

// landed takes over what a fetch brought. A failure changes nothing: what was
// fetched before serves until Stale.
func (r *Remote) landed(id setID, p *published, keys map[string]parsed, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.flight = nil
	if err != nil {
		r.fetches.WithLabelValues("failed").Inc()
		r.o.Logger.Warn("keys of an issuer could not be fetched", "tenant", string(id.tenant), "cause", causeOf(err))
		return
	}
	r.fetches.WithLabelValues("ok").Inc()
	p.keys, p.fetched = keys, r.o.Clock()
	for kid, at := range p.unknown {
		if _, there := keys[kid]; there || !within(at, p.fetched, r.o.Unknown) {
			delete(p.unknown, kid)
		}
	}
}
