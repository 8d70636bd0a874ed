package engine

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Tenant is one customer's configuration: an immutable snapshot with a
// revision, shared by actors, transport and persistence.
type Tenant struct {
	ID          TenantID
	Revision    uint64
	Name        string       // shown to visitors
	Origins     []string     // web origins whose pages may connect, e.g. "https://shop.example" (RFC 6454)
	Departments []Department // at least one; the first is the default
	Operators   []Operator
	Keys        []TokenKey // verify operators' tokens
	VisitorKeys []TokenKey // verify visitors' tokens; empty: visitors stay anonymous
	// KeySets and VisitorKeySets are issuers that publish their keys, beside Keys and
	// VisitorKeys.
	KeySets        []KeySet
	VisitorKeySets []KeySet
	// Attributes are what may be held about a visitor besides its e-mail address,
	// telephone number and name; all else is refused (GDPR Art. 5(1)(c)).
	Attributes  []string
	Peek        bool  // operators see what a visitor types before it is sent; the widget must say so
	Transcripts bool  // false: nothing that anybody types is stored
	Files       Files // what files people may send each other
	MaxMisses   int   // offers in a row that run out before the operator is paused; 0 means 2
	Limits      Limits
}

// Department is a waiting line and its rules.
type Department struct {
	ID           DepartmentID
	Name         string        // shown to visitors
	OfferTimeout time.Duration // how long an offer stands; 0 means 20 s
	PushTimeout  time.Duration // how long one stands to who has no connection and is woken by a push; 0 means three times OfferTimeout, at most an hour or OfferTimeout
	SLA          time.Duration // waiting longer than this, a session's operators hear of it; 0: nobody does
	DeclineFor   time.Duration // how long a decliner is not asked again; 0 means 60 s
	WrapUp       time.Duration // how long a closed session still loads its operator; 0 means none
	QueueLimit   int           // waiting sessions beyond which new ones are refused; 0 means 1,000
	QueueGrace   time.Duration // how long a waiting visitor may be without a connection; 0 means 45 s

	Strategy      Strategy
	Steps         []Step        // none: one step for ever that requires nothing
	Parallel      int           // offers at a time for one session, up to MaxParallel; 0 means 1
	AutoAccept    bool          // assigned at once; the first reply has a deadline instead
	FirstReply    time.Duration // that deadline, and a bot's; 0 means 2 min
	Weight        int           // of a session, milli-units; 0 means 1000
	IdleWeight    int           // of an idle one; 0 means 300
	WrapUpWeight  int           // of one in wrap-up; 0 means 500
	Silence       *Silence      // nil: DefaultSilence
	OperatorGrace time.Duration // how long a lost owner may take to come back; 0 means 30 s
	VisitorGrace  time.Duration // how long a served visitor may be without a connection; 0 means 10 min
	Breathing     time.Duration // between a chat's end and the next offer to the same operator; 0: none
	CloseReasons  []string      // codes that a session may be closed with; none: any code
	Form          []FormField   // what visitors are asked before a chat; none: nothing but FormSubject is taken
	RatingWindow  time.Duration // how long a closed session can be rated; 0 means 24 h; negative: nobody is asked

	Hours            *Hours        // nil: always open
	StopBefore       time.Duration // no new sessions so long before closing
	OnClose          Otherwise     // of who waits at closing: OtherwiseQueue (served still) or OtherwiseUnattended
	WhenClosed       Otherwise     // of who comes while it is closed: refuse or unattended
	WhenNobody       Otherwise     // of who comes while nobody is there: queue or unattended
	HideQueue        bool          // visitors are not told their place in line, nor how long it is
	ResumeUnattended bool          // messages wait in line again when service returns, if the visitor is there
	UnattendedFor    time.Duration // how long a message waits for an answer; 0 means 30 days
}

// Operator is a person, or bot, who answers.
type Operator struct {
	ID          OperatorID
	Name        string         // shown to visitors; looked up when sent, never stored with messages
	Departments []DepartmentID // empty: all
	Capacity    int            // chats at a time; 0 means 3
	OpenCap     int            // open sessions, idle ones included; 0 means twice Capacity
	Tiers       map[DepartmentID]Tier
	Skills      map[string]int // declared skills and their levels, 1 to MaxLevel
	MayPick     bool           // may take a waiting session out of turn; a supervisor may always
	Bot         bool           // takes at once, and hands over to people
	PushReach   time.Duration  // how long a device that can be pushed counts as there without a connection
}

// BreathingOf is how long an operator breathes after a chat has ended in its hands:
// the longest of its departments.
func (t *Tenant) BreathingOf(o *Operator) (longest time.Duration) {
	for i := range t.Departments {
		if d := &t.Departments[i]; len(o.Departments) == 0 || slices.Contains(o.Departments, d.ID) {
			longest = max(longest, d.Breathing)
		}
	}
	return longest
}

// TokenKey verifies signatures of operators' tokens. Source: RFC 7518 section 3.1.
type TokenKey struct {
	ID        string // the token header's `kid`; may be empty if the tenant has one key
	Algorithm string // "EdDSA", "ES256" or "HS256"
	PEM       string // public key of EdDSA and ES256 (PKIX)
	Secret    Body   // key of HS256, at least 32 bytes
}

// Limits bounds what one tenant's people may do. Zero fields take defaults.
type Limits struct {
	MessageBytes      int           // of one message; 0 means 8,192; at most MaxBody
	VisitorDevices    int           // connections of one visitor; 0 means 10
	OperatorDevices   int           // connections of one operator; 0 means 10
	Connections       int           // connections of the tenant; 0 means 50,000
	MessagesPerSecond float64       // of one connection, with a burst of four seconds' worth; 0 means 10
	TokenTTL          time.Duration // of visitors' tokens; 0 means 30 days
}

// Defaults of zero fields.
const (
	DefaultOfferTimeout = 20 * time.Second
	DefaultDeclineFor   = time.Minute
	DefaultQueueGrace   = 45 * time.Second
	DefaultQueueLimit   = 1000
	DefaultCapacity     = 3
	DefaultWeight       = 1000 // milli-units that one session loads its operator with
)

// EnsureDefaults fills zero fields.
func (t *Tenant) EnsureDefaults() {
	if t.Name == "" {
		t.Name = string(t.ID)
	}
	for i := range t.Departments {
		t.Departments[i].EnsureDefaults()
	}
	for i := range t.Operators {
		o := &t.Operators[i]
		orDefault(&o.Capacity, DefaultCapacity)
		orDefault(&o.OpenCap, 2*o.Capacity)
		if o.Name == "" {
			o.Name = string(o.ID)
		}
	}
	t.Files.ensureDefaults()
	l := &t.Limits
	orDefault(&l.MessageBytes, 8192)
	orDefault(&l.VisitorDevices, 10)
	orDefault(&l.OperatorDevices, 10)
	orDefault(&l.Connections, 50_000)
	orDefault(&l.MessagesPerSecond, 10)
	orDefault(&l.TokenTTL, 30*24*time.Hour)
}

// EnsureDefaults fills zero fields.
func (d *Department) EnsureDefaults() {
	orDefault(&d.OfferTimeout, DefaultOfferTimeout)
	orDefault(&d.PushTimeout, max(d.OfferTimeout, min(3*d.OfferTimeout, maxPushTimeout)))
	orDefault(&d.DeclineFor, DefaultDeclineFor)
	orDefault(&d.QueueLimit, DefaultQueueLimit)
	orDefault(&d.QueueGrace, DefaultQueueGrace)
	orDefault(&d.Parallel, 1)
	orDefault(&d.FirstReply, DefaultFirstReply)
	orDefault(&d.Weight, DefaultWeight)
	orDefault(&d.IdleWeight, DefaultIdleWeight)
	orDefault(&d.WrapUpWeight, DefaultWrapUpWeight)
	orDefault(&d.OperatorGrace, DefaultOperatorGrace)
	orDefault(&d.VisitorGrace, DefaultVisitorGrace)
	orDefault(&d.RatingWindow, DefaultRatingWindow)
	orDefault(&d.UnattendedFor, DefaultUnattendedFor)
	orDefault(&d.WhenNobody, OtherwiseQueue)
	orDefault(&d.OnClose, OtherwiseQueue)
	if d.Silence == nil {
		silence := DefaultSilence()
		d.Silence = &silence
	}
	if d.Name == "" {
		d.Name = string(d.ID)
	}
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate says what is wrong with the configuration, or nil. Call it after
// EnsureDefaults.
func (t *Tenant) Validate() error {
	if err := t.ID.Validate(); err != nil {
		return err
	}
	for _, origin := range t.Origins {
		if err := validateOrigin(origin); err != nil {
			return fmt.Errorf("tenant %s: %w", t.ID, err)
		}
	}
	if err := t.validateDepartments(); err != nil {
		return fmt.Errorf("tenant %s: %w", t.ID, err)
	}
	if err := t.validateOperators(); err != nil {
		return fmt.Errorf("tenant %s: %w", t.ID, err)
	}
	if err := t.validateKeys(); err != nil {
		return fmt.Errorf("tenant %s: %w", t.ID, err)
	}
	if err := t.validateKeySets(); err != nil {
		return fmt.Errorf("tenant %s: %w", t.ID, err)
	}
	if err := t.validateAttributes(); err != nil {
		return fmt.Errorf("tenant %s: %w", t.ID, err)
	}
	if err := t.Files.validate(); err != nil {
		return fmt.Errorf("tenant %s: %w", t.ID, err)
	}
	if l := t.Limits; l.MessageBytes < 1 || l.MessageBytes > MaxBody || l.VisitorDevices < 1 || l.OperatorDevices < 1 ||
		l.Connections < 1 || l.MessagesPerSecond < 0 || l.TokenTTL < time.Minute {
		return fmt.Errorf("tenant %s: limits: out of range (message_bytes is 1 to %d, token_ttl at least 1m, counts at least 1)", t.ID, MaxBody)
	}
	return nil
}

func (t *Tenant) validateDepartments() error {
	if len(t.Departments) == 0 {
		return fmt.Errorf("departments: want at least one")
	}
	seen := map[DepartmentID]bool{}
	for _, d := range t.Departments {
		if err := d.ID.Validate(); err != nil {
			return err
		}
		if seen[d.ID] {
			return fmt.Errorf("department %s: named twice", d.ID)
		}
		seen[d.ID] = true
		if d.OfferTimeout < time.Second || d.DeclineFor < 0 || d.WrapUp < 0 || d.QueueLimit < 1 || d.QueueGrace < time.Second {
			return fmt.Errorf("department %s: offer_timeout and queue_grace are at least 1s, queue_limit at least 1, nothing is negative", d.ID)
		}
		if err := t.validatePolicy(&d); err != nil {
			return fmt.Errorf("department %s: %w", d.ID, err)
		}
	}
	return nil
}

func (t *Tenant) validateOperators() error {
	seen := map[OperatorID]bool{}
	for i, o := range t.Operators {
		if err := o.ID.Validate(); err != nil {
			return fmt.Errorf("operator %d: %w", i+1, err)
		}
		if seen[o.ID] {
			return fmt.Errorf("operator %d: named twice", i+1)
		}
		seen[o.ID] = true
		if o.Capacity < 1 || o.Capacity > 1000 {
			return fmt.Errorf("operator %d: capacity is 1 to 1000", i+1)
		}
		for _, d := range o.Departments {
			if _, ok := t.Department(d); !ok {
				return fmt.Errorf("operator %d: no department %q", i+1, d)
			}
		}
		if err := t.validateSkills(&o); err != nil {
			return fmt.Errorf("operator %d: %w", i+1, err)
		}
	}
	return nil
}

func (t *Tenant) validateKeys() error {
	if err := validateKeySet("keys", t.Keys); err != nil {
		return err
	}
	if err := validateKeySet("visitor_keys", t.VisitorKeys); err != nil {
		return err
	}
	// Else a visitor's token could pass for an operator's of the same name.
	for i, k := range t.VisitorKeys {
		shared := func(other TokenKey) bool {
			return k.PEM != "" && k.PEM == other.PEM || k.Secret.Len() > 0 && bytes.Equal(k.Secret.Reveal(), other.Secret.Reveal())
		}
		if slices.ContainsFunc(t.Keys, shared) {
			return fmt.Errorf("visitor_keys: key %d: it verifies operators' tokens too; the two need keys of their own", i+1)
		}
	}
	return nil
}

func validateKeySet(set string, keys []TokenKey) error {
	for i, k := range keys {
		switch k.Algorithm {
		case "HS256":
			if k.Secret.Len() < 32 {
				return fmt.Errorf("%s: key %d: an HS256 secret is at least 32 bytes (RFC 7518 section 3.2)", set, i+1)
			}
		case "EdDSA", "ES256":
			if k.PEM == "" {
				return fmt.Errorf("%s: key %d: %s needs pem", set, i+1, k.Algorithm)
			}
		default:
			return fmt.Errorf("%s: key %d: algorithm is EdDSA, ES256 or HS256", set, i+1)
		}
		if slices.ContainsFunc(keys[:i], func(other TokenKey) bool { return other.ID == k.ID }) {
			return fmt.Errorf("%s: key %d: two keys share the id %q", set, i+1, k.ID)
		}
	}
	return nil
}

func validateOrigin(origin string) error {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || origin != strings.ToLower(u.Scheme+"://"+u.Host) {
		return fmt.Errorf("origin %q: want scheme://host or scheme://host:port in lower case, nothing after it", origin)
	}
	return nil
}

// AllowsOrigin reports whether a page of that web origin may connect. The
// comparison is exact (RFC 6454 section 5): no wildcard, no suffix match.
func (t *Tenant) AllowsOrigin(origin string) bool {
	return slices.ContainsFunc(t.Origins, func(allowed string) bool {
		// Equal lengths: EqualFold alone would also fold letters beyond ASCII.
		return len(allowed) == len(origin) && strings.EqualFold(allowed, origin)
	})
}

// Department looks a department up; the empty name finds the default one.
func (t *Tenant) Department(id DepartmentID) (Department, bool) {
	if id == "" && len(t.Departments) > 0 {
		return t.Departments[0], true
	}
	for _, d := range t.Departments {
		if d.ID == id {
			return d, true
		}
	}
	return Department{}, false
}

// Operator looks an operator up.
func (t *Tenant) Operator(id OperatorID) (Operator, bool) {
	for _, o := range t.Operators {
		if o.ID == id {
			return o, true
		}
	}
	return Operator{}, false
}

// Tenants is a fixed set of tenants.
type Tenants struct{ byID map[TenantID]*Tenant }

// NewTenants completes and checks configurations. The tenants must not be
// changed afterwards.
func NewTenants(tenants ...*Tenant) (*Tenants, error) {
	set := &Tenants{byID: make(map[TenantID]*Tenant, len(tenants))}
	for _, t := range tenants {
		t.EnsureDefaults()
		if err := t.Validate(); err != nil {
			return nil, err
		}
		if set.byID[t.ID] != nil {
			return nil, fmt.Errorf("tenant %s: named twice", t.ID)
		}
		set.byID[t.ID] = t
	}
	return set, nil
}

// Tenant looks a tenant up.
func (s *Tenants) Tenant(id TenantID) (*Tenant, bool) {
	t, ok := s.byID[id]
	return t, ok
}

// All lists the tenants in the order of their ids.
func (s *Tenants) All() []*Tenant {
	all := make([]*Tenant, 0, len(s.byID))
	for _, t := range s.byID {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *Tenant) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return all
}
