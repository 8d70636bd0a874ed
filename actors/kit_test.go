package actors

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeStore is a Store over a Memory, with faults to order.
type fakeStore struct {
	keptBans
	revocations map[engine.VisitorID]time.Time // guarded by mu
	*Memory
	mu      sync.Mutex
	intents map[engine.OperatorID]engine.IntentInfo
	memos   map[engine.OperatorID][]engine.Memo
	rows    []*engine.Row
	scan    time.Duration // that the rest of a start-up scan takes after rows
	failing error         // what appends answer; nil: they work
	// intentsFailing is what PutIntent answers; nil: it works
	intentsFailing error
	onAdd          func([]engine.Append)
	untold         map[engine.SessionID]bool
}

func newFakeStore() *fakeStore {
	return &fakeStore{Memory: NewMemory(), intents: map[engine.OperatorID]engine.IntentInfo{}, memos: map[engine.OperatorID][]engine.Memo{}, untold: map[engine.SessionID]bool{}}
}

func (f *fakeStore) setFailing(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failing = err
}

func (f *fakeStore) setIntentsFailing(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.intentsFailing = err
}

func (f *fakeStore) Append(appends []engine.Append, done func([]error)) {
	f.mu.Lock()
	failing, onAdd := f.failing, f.onAdd
	for _, a := range appends {
		if a.Tell && failing == nil {
			f.untold[a.Ref.Session] = true
		}
	}
	f.mu.Unlock()
	if onAdd != nil {
		onAdd(appends)
	}
	if failing != nil {
		errs := make([]error, len(appends))
		for i := range errs {
			errs[i] = failing
		}
		go done(errs)
		return
	}
	f.Memory.Append(appends, done)
}

// Release keeps closed sessions, as a durable log does.
func (f *fakeStore) Release(engine.SessionRef) {}

// OpenSessions yields the rows that a test has put there, else those of its log.
func (f *fakeStore) OpenSessions(yield func(*engine.Row) bool) error {
	if f.rows == nil {
		return f.Memory.OpenSessions(yield)
	}
	for _, row := range f.rows {
		if !yield(row) {
			break
		}
	}
	time.Sleep(f.scan)
	return nil
}

func (f *fakeStore) SealToken(tenant engine.TenantID, claims []byte) (string, error) {
	return string(tenant) + "." + base64.RawURLEncoding.EncodeToString(claims), nil
}

func (f *fakeStore) OpenToken(tenant engine.TenantID, token string) ([]byte, error) {
	claims, ok := bytes.CutPrefix([]byte(token), []byte(string(tenant)+"."))
	if !ok {
		return nil, engine.ErrAuthInvalid
	}
	return base64.RawURLEncoding.DecodeString(string(claims))
}

func (f *fakeStore) PseudonymOf(tenant engine.TenantID, kind, name string) (id [16]byte, _ error) {
	sum := sha256.Sum256([]byte(string(tenant) + "\x00" + kind + "\x00" + name))
	copy(id[:], sum[:])
	return id, nil
}

func (f *fakeStore) PutIntent(_ engine.TenantID, o engine.OperatorID, info engine.IntentInfo, memo *engine.Memo, done func(error)) {
	f.mu.Lock()
	if memo != nil {
		f.memos[o] = append(f.memos[o], *memo)
	}
	failing := f.intentsFailing
	if failing == nil {
		f.intents[o] = info
	}
	f.mu.Unlock()
	go done(failing)
}

func (f *fakeStore) Intents(_ engine.TenantID, yield func(engine.OperatorID, engine.IntentInfo) bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for o, info := range f.intents {
		if !yield(o, info) {
			break
		}
	}
	return nil
}

func (f *fakeStore) Memos(_ engine.TenantID, o engine.OperatorID, yield func(engine.Memo) bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.memos[o] {
		if !yield(m) {
			break
		}
	}
	return nil
}

func (f *fakeStore) Err() error { return nil }

// screen is an Outlet that remembers what it was shown.
type screen struct {
	mu      sync.Mutex
	entries []*engine.Entry
	signals []engine.Signal
	answers map[string]engine.Answer
	closed  []engine.Reason
	onEntry func(*engine.Entry)
}

func newScreen() *screen { return &screen{answers: map[string]engine.Answer{}} }

func (s *screen) Deliver(e *engine.Entry) bool {
	s.mu.Lock()
	on := s.onEntry
	s.entries = append(s.entries, e)
	s.mu.Unlock()
	if on != nil {
		on(e)
	}
	return true
}

func (s *screen) Notify(signal engine.Signal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signals = append(s.signals, signal)
	return true
}

func (s *screen) Answer(a engine.Answer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[a.Request] = a
	return true
}

func (s *screen) Close(r engine.Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = append(s.closed, r)
}

func (s *screen) answer(t *testing.T, request string) engine.Answer {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.answers[request]
	if !ok {
		t.Fatalf("request %s: no answer", request)
	}
	return a
}

func (s *screen) good(t *testing.T, request string) engine.Answer {
	t.Helper()
	a := s.answer(t, request)
	if a.Err != nil {
		t.Fatalf("request %s: got %v, want success", request, a.Err)
	}
	return a
}

// texts lists the messages in the order in which they were shown.
func (s *screen) texts() []string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, e := range s.entries {
		if e.Kind == engine.KindMessageNew {
			all = append(all, string(e.Body.Reveal()))
		}
	}
	return all
}

func (s *screen) seqs(id engine.SessionID) []engine.Seq {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []engine.Seq
	for _, e := range s.entries {
		if e.Session == id {
			all = append(all, e.Seq)
		}
	}
	return all
}

func (s *screen) kinds() []engine.Kind {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []engine.Kind
	for _, e := range s.entries {
		all = append(all, e.Kind)
	}
	return all
}

// lastSignal finds the newest signal of a type.
func lastSignal[T engine.Signal](s *screen) (T, bool) {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, signal := range slices.Backward(s.signals) {
		if found, ok := signal.(T); ok {
			return found, true
		}
	}
	var none T
	return none, false
}

func countSignals[T engine.Signal](s *screen) (n int) {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, signal := range s.signals {
		if _, ok := signal.(T); ok {
			n++
		}
	}
	return n
}

func wantSignal[T engine.Signal](t *testing.T, s *screen) T {
	t.Helper()
	found, ok := lastSignal[T](s)
	if !ok {
		t.Fatalf("no %T was shown", found)
	}
	return found
}

// world is a system under test with a tenant of two operators.
type world struct {
	t      *testing.T
	sys    *System
	store  *fakeStore
	tenant *engine.Tenant
	logs   *bytes.Buffer
	n      int
	// violates: the test breaks an invariant on purpose.
	violates bool
}

func demoTenant() *engine.Tenant {
	return &engine.Tenant{
		ID: "demo", Transcripts: true,
		Departments: []engine.Department{{ID: "sales"}, {ID: "support"}},
		Operators:   []engine.Operator{{ID: "ada", Capacity: 3}, {ID: "grace", Capacity: 3}},
	}
}

// inWorld runs a test in a bubble of fake time, with a system that it stops.
func inWorld(t *testing.T, change func(*Config, *engine.Tenant), test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, store: newFakeStore(), tenant: demoTenant(), logs: &bytes.Buffer{}}
		cfg := Config{Store: w.store, Logger: slog.New(slog.NewTextHandler(&lockedWriter{w: w.logs}, nil))}
		if change != nil {
			change(&cfg, w.tenant)
		}
		w.start(cfg)
		defer w.stop()
		test(w)
	})
}

type lockedWriter struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (w *world) start(cfg Config) {
	w.t.Helper()
	tenants, err := engine.NewTenants(w.tenant)
	if err != nil {
		w.t.Fatal(err)
	}
	cfg.Tenants = tenants
	if w.sys, err = Start(cfg); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) stop() {
	w.t.Helper()
	synctest.Wait()
	for _, t := range w.sys.tenancies() {
		if found := t.doubles(); len(found) > 0 && !w.violates {
			w.t.Errorf("open sessions of conversations: got %+v", found)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.sys.Stop(ctx); err != nil {
		w.t.Errorf("stop: %v", err)
	}
	if r := w.sys.Invariants(); len(r.Violations) > 0 && !w.violates {
		w.t.Errorf("invariants are broken: %+v", r.Recent)
	}
	time.Sleep(time.Minute) // Proto.Actor's dead-letter throttle ends with its window
	synctest.Wait()
}

// person is a connection: a seat and its screen.
type person struct {
	*screen
	w     *world
	seat  engine.Seat
	token string
	id    engine.SessionID
}

func (w *world) request() string {
	w.n++
	return "r" + strconv.Itoa(w.n)
}

func (w *world) visitor(token string, have ...engine.Have) *person {
	w.t.Helper()
	p := &person{screen: newScreen(), w: w}
	visit := engine.Visit{Request: "hi", Tenant: w.tenant, Token: token, Origin: "https://shop.example", Have: have}
	seat, err := w.sys.Visit(context.Background(), visit, p.screen)
	if err != nil {
		w.t.Fatal(err)
	}
	welcome := p.good(w.t, "hi").Welcome
	p.seat, p.token, p.id = seat, welcome.Token, welcome.Session
	return p
}

func (w *world) operator(id engine.OperatorID, have ...engine.Have) *person {
	w.t.Helper()
	p := &person{screen: newScreen(), w: w}
	at := engine.Attendance{Request: "hi", Tenant: w.tenant, Principal: engine.Principal{Operator: id, Roles: []engine.Role{engine.RoleOperator}}, Intent: engine.IntentAccepting, Have: have}
	seat, err := w.sys.Attend(context.Background(), at, p.screen)
	if err != nil {
		w.t.Fatal(err)
	}
	p.good(w.t, "hi")
	p.seat = seat
	synctest.Wait()
	return p
}

// do posts a draft and answers its request.
func (p *person) do(d engine.Draft) string {
	p.w.t.Helper()
	d.Request = p.w.request()
	if d.ClientID == "" {
		d.ClientID = "c-" + d.Request
	}
	if d.Session.IsZero() {
		d.Session = p.id
	}
	if err := p.seat.Post(d); err != nil {
		p.screen.Answer(engine.Answer{Request: d.Request, Err: err})
	}
	return d.Request
}

func (p *person) start(text string) engine.Answer {
	p.w.t.Helper()
	a := p.good(p.w.t, p.do(engine.Draft{Op: engine.OpStart, Body: engine.BodyOf(text)}))
	p.id = a.Session
	return a
}

func (p *person) say(text string) string {
	return p.do(engine.Draft{Op: engine.OpMessage, Body: engine.BodyOf(text)})
}

// acceptOffer takes the newest offer.
func (p *person) acceptOffer() {
	p.w.t.Helper()
	o := wantSignal[engine.OfferNew](p.w.t, p.screen).Offer
	p.good(p.w.t, p.do(engine.Draft{Op: engine.OpAccept, Session: o.Session, Offer: o.ID, Epoch: o.Epoch}))
	p.id = o.Session
	synctest.Wait()
}

// acceptOfferOf takes the offer of one session. Of several made at once any may come
// last.
func (p *person) acceptOfferOf(id engine.SessionID) {
	p.w.t.Helper()
	synctest.Wait()
	p.mu.Lock()
	var found engine.Offer
	for _, signal := range p.signals {
		if o, ok := signal.(engine.OfferNew); ok && o.Offer.Session == id {
			found = o.Offer
		}
	}
	p.mu.Unlock()
	if found.Session.IsZero() {
		p.w.t.Fatalf("no offer of %s was shown", id)
	}
	p.good(p.w.t, p.do(engine.Draft{Op: engine.OpAccept, Session: id, Offer: found.ID, Epoch: found.Epoch}))
	p.id = id
	synctest.Wait()
}

func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func (f *fakeStore) PutRevocation(_ engine.TenantID, v engine.VisitorID, at time.Time, done func(error)) {
	f.mu.Lock()
	if f.revocations == nil {
		f.revocations = map[engine.VisitorID]time.Time{}
	}
	f.revocations[v] = at
	f.mu.Unlock()
	go done(nil)
}

func (f *fakeStore) Revocations(_ engine.TenantID, yield func(engine.VisitorID, time.Time) bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for v, at := range f.revocations {
		if !yield(v, at) {
			break
		}
	}
	return nil
}
