package engine

import (
	"errors"
	"time"
)

// Need is what a session asks of the operator who takes it: a declared skill
// at a level. Languages are skills ("lang:fr").
type Need struct {
	Skill string `json:"skill"`
	Level int    `json:"level,omitempty"` // 1 to 5; 0 means 1
	Hard  bool   `json:"hard,omitempty"`  // no step ever drops it
}

// MaxLevel is the best level of a skill.
const MaxLevel = 5

// Step is one stage of a department's search for an operator. A step may only
// drop needs and add departments compared with the one before it, so that who
// may take a waiting session only ever grows, and its place in line is kept.
type Step struct {
	For        time.Duration // how long the step lasts; 0, of the last step only: for ever
	Require    []Need
	Also       []DepartmentID // whose operators may take the session too, in steps from this one on
	Prefer     bool           // the preferred operator goes first while this step lasts
	SkipIfNone bool           // move on at once while nobody routable meets the step
	OfferNote  bool           // offer the visitor to leave a message instead of waiting
}

// Strategy says in which order a department's operators are chosen, tier and
// skills being equal.
type Strategy uint8

// The strategies.
const (
	Balanced    Strategy = iota // the lowest load for its capacity
	LongestIdle                 // the longest without a chat
	RoundRobin                  // the longest since last chosen
	Fill                        // the highest load that still has room: keeps others free
	Manual                      // nobody is pushed: who has the right picks
)

var strategyNames = [...]string{"balanced", "longest_idle", "round_robin", "fill", "manual"}

func (s Strategy) String() string { return nameOf(strategyNames[:], int(s), "strategy") }

// ParseStrategy reads a strategy's text.
func ParseStrategy(text string) (Strategy, bool) {
	for i, name := range strategyNames {
		if name == text {
			return Strategy(i), true
		}
	}
	return Balanced, false
}

// Tier ranks a department's members: a lower one is asked first.
type Tier uint8

// The tiers.
const (
	TierPrimary   Tier = iota
	TierSecondary      // asked when no primary member can
	TierNever          // never asked; may pick
)

var tierNames = [...]string{"primary", "secondary", "never_auto"}

func (t Tier) String() string { return nameOf(tierNames[:], int(t), "tier") }

// MarshalText is the tier's text, as a Decision shows it.
func (t Tier) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads a tier's text.
func (t *Tier) UnmarshalText(text []byte) error {
	tier, known := ParseTier(string(text))
	if !known {
		return errors.New("no such tier")
	}
	*t = tier
	return nil
}

// ParseTier reads a tier's text.
func ParseTier(text string) (Tier, bool) {
	for i, name := range tierNames {
		if name == text {
			return Tier(i), true
		}
	}
	return TierPrimary, false
}

// Otherwise says what becomes of a session that cannot wait now.
type Otherwise uint8

// The choices.
const (
	OtherwiseRefuse     Otherwise = iota // refused with the reason
	OtherwiseUnattended                  // kept as a message for later
	OtherwiseQueue                       // waits all the same
)

var otherwiseNames = [...]string{"refuse", "unattended", "queue"}

func (o Otherwise) String() string { return nameOf(otherwiseNames[:], int(o), "otherwise") }

// ParseOtherwise reads a choice's text.
func ParseOtherwise(text string) (Otherwise, bool) {
	for i, name := range otherwiseNames {
		if name == text {
			return Otherwise(i), true
		}
	}
	return OtherwiseRefuse, false
}

// Silence is how long a party may be silent, by whose turn it is. Each is off
// when zero. They run on the turn, and only while the session has an owner,
// QueueMax excepted.
type Silence struct {
	VisitorWarn     time.Duration // the visitor is asked whether it is still there
	VisitorClose    time.Duration // the session is closed
	OperatorNudge   time.Duration // the owner, then a supervisor, is reminded
	OperatorReroute time.Duration // the session waits again, for another operator
	QueueMax        time.Duration // a waiting session is given up: it becomes a message
	IdleAfter       time.Duration // the session loads its owner with IdleWeight only
}

// DefaultSilence is what a department without Silence of its own has.
func DefaultSilence() Silence {
	return Silence{VisitorWarn: 5 * time.Minute, VisitorClose: 10 * time.Minute, OperatorNudge: 2 * time.Minute, IdleAfter: 10 * time.Minute}
}

// Defaults of a department's policy.
const (
	DefaultFirstReply    = 2 * time.Minute
	DefaultOperatorGrace = 30 * time.Second
	DefaultVisitorGrace  = 10 * time.Minute
	DefaultIdleWeight    = 300
	DefaultWrapUpWeight  = 500
	DefaultRatingWindow  = 24 * time.Hour
	DefaultUnattendedFor = 30 * 24 * time.Hour
	DefaultMaxMisses     = 2
	MinWeight            = 100 // milli-units
	MaxWeight            = 5000
	MaxParallel          = 5
	MinPriority          = -5
	MaxPriority          = 10
	PriorityCredit       = time.Minute // how much earlier one point of priority makes a session arrive
	RequeueBoost         = time.Hour   // of a session that lost its operator
	PositionEvery        = 3 * time.Second
	PositionRefresh      = 30 * time.Second
	WaitSamples          = 5 // assignments seen before a wait is estimated
	MaxTags              = 20
	MaxTagBytes          = 64
	MaxNeeds             = 10
	MaxMembers           = 20
)
