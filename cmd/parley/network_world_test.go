package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parleyhq/parley/actors"
	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/seal"
	"github.com/parleyhq/parley/transport"
	"github.com/parleyhq/parley/transport/auth"
	"github.com/parleyhq/parley/transport/client"
)

const (
	networkTenant = engine.TenantID("acme")
	networkOrigin = "https://shop.example"
	networkSecret = "only-for-the-network-test-0123456789abcdef"
)

// world is one round: the real system and server over a network and a disk that
// fail, people who write, and what they were shown. It keeps a list of what was
// wrong, so that a round can be judged from outside its bubble.
type world struct {
	// Fixed after construction.
	seed    uint64
	tenants *engine.Tenants
	network *network // nil: over real sockets
	listen  func() (net.Listener, error)
	sockets transport.Options
	clients client.ResumeOptions
	pace    pace
	disk    disk
	devices []*device

	// Owned by whoever runs the round.
	store   *slowStore
	system  *actors.System
	cancel  context.CancelFunc
	served  chan error
	up      bool
	crashes int // stops of either kind

	mu     sync.Mutex
	wrong  []string              // guarded by mu, as all that follows
	posted map[string]*utterance // by key
}

// pace is how long things take in a world: longer in virtual time.
type pace struct {
	act  time.Duration // between two things that somebody does, at most
	late time.Duration // before a slow reader reads on, at most
	look time.Duration // between two looks at whether something has come true
	calm time.Duration // after which nothing more is expected
}

var virtualPace = pace{act: 2 * time.Second, late: 20 * time.Second, look: time.Second, calm: time.Minute}

// utterance is one draft with a key, and what its sender was told.
type utterance struct {
	by      *device
	key     string
	op      engine.Op
	number  int // in the order in which its device posted
	session engine.SessionID
	seq     engine.Seq
	acked   bool
	refused error
}

func networkTenants(rate float64) (*engine.Tenants, error) {
	return engine.NewTenants(&engine.Tenant{
		ID: networkTenant, Origins: []string{networkOrigin}, Transcripts: true,
		// Who owns a session stays its owner, so that what everybody may see is the log.
		Departments: []engine.Department{{
			ID: "sales", QueueGrace: time.Hour, DeclineFor: 5 * time.Second,
			OperatorGrace: 24 * time.Hour, VisitorGrace: 24 * time.Hour, Silence: &engine.Silence{},
		}},
		MaxMisses: -1,
		Operators: []engine.Operator{{ID: "ada", Capacity: 10}, {ID: "grace", Capacity: 10}},
		Keys:      []engine.TokenKey{{ID: "k", Algorithm: "HS256", Secret: engine.BodyOf(networkSecret)}},
		Limits:    engine.Limits{MessagesPerSecond: rate},
	})
}

func operatorToken(id engine.OperatorID) (string, error) {
	return auth.Sign([]byte(networkSecret), "k", auth.Claims{Tenant: networkTenant, Operator: id, Issued: time.Now(), TTL: time.Hour})
}

// newWorld draws a world from a seed.
func newWorld(seed uint64, root seal.Root, rng *rand.Rand) (*world, error) {
	tenants, err := networkTenants([]float64{10_000, 10_000, 10}[rng.IntN(3)])
	if err != nil {
		return nil, err
	}
	w := &world{seed: seed, tenants: tenants, network: newNetwork(seed), pace: virtualPace, posted: map[string]*utterance{}}
	w.listen = func() (net.Listener, error) { return w.network.listen(), nil }
	w.clients.Dial = w.network.dial
	w.sockets = transport.Options{OutboxBytes: []int{64 << 10, 256 << 10, 1 << 20}[rng.IntN(3)], FastPath: rng.IntN(2) == 0}
	w.disk = newMemoryDisk()
	if seed%4 == 0 {
		w.disk = &pebbleDisk{root: root, fs: vfs.NewCrashableMem()}
	}
	return w, nil
}

func (w *world) fault(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.wrong) < 20 {
		w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
	}
}

// boot starts the server on what the disk holds.
func (w *world) boot() error {
	store, err := w.disk.mount()
	if err != nil {
		return err
	}
	w.store = newSlowStore(store, w.seed)
	if w.system, err = actors.Start(actors.Config{Store: w.store, Tenants: w.tenants}); err != nil {
		return err
	}
	o := w.sockets
	o.Tenants = w.tenants
	server := transport.NewServer(w.system, o)
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel, w.served = cancel, make(chan error, 1)
	listener, err := w.listen()
	if err != nil {
		return err
	}
	go func() { w.served <- server.Serve(ctx, listener) }() // ends with halt
	w.up = true
	return nil
}

// halt stops the server: in order, or as a crash does. The server that crashed
// is a ghost: nothing that it does is seen by anybody, neither by network nor
// disk.
func (w *world) halt(crash bool) error {
	w.up = false
	if crash {
		w.store.sever()
		w.network.cutAll()
		if l := w.listener(); l != nil {
			_ = l.Close()
		}
		w.network.cutAll() // who came in between
		w.disk.crash()
	}
	w.cancel()
	if err := <-w.served; err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("drain: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.system.Stop(ctx); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	w.store.finish()
	return w.disk.unmount()
}

func (w *world) listener() *memoryListener {
	w.network.mu.Lock()
	defer w.network.mu.Unlock()
	return w.network.listener
}

// people makes two visitors with one or two devices each, and two operators.
func (w *world) people(rng *rand.Rand) {
	for v := range 2 {
		ring := &keyRing{given: make(chan struct{})}
		for d := range 1 + rng.IntN(2) {
			w.devices = append(w.devices, w.device(fmt.Sprintf("v%d/%d", v, d), "", ring, rng))
		}
	}
	for _, id := range []engine.OperatorID{"ada", "grace"} {
		for d := range 1 + rng.IntN(5)/4 {
			w.devices = append(w.devices, w.device(fmt.Sprintf("%s/%d", id, d), id, nil, rng))
		}
	}
}

// keyRing is a visitor's token, which the first device gets and the others use.
type keyRing struct {
	once  sync.Once
	token string
	given chan struct{} // closed when token is there
}

func (k *keyRing) put(token string) {
	k.once.Do(func() {
		k.token = token
		close(k.given)
	})
}

// faults lists what was wrong.
func (w *world) faults() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.wrong...)
}

// judge fails the test for what was wrong, with the seed.
func judge(t *testing.T, w *world) {
	t.Helper()
	for _, what := range w.faults() {
		t.Errorf("seed %d: %s", w.seed, what)
	}
	if t.Failed() {
		t.Logf("run it again with PARLEY_TEST_SEED=%d", w.seed)
	}
}
