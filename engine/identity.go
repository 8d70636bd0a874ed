package engine

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Basis is the lawful basis of keeping something about a person: a closed list,
// GDPR Art. 6(1)(a) to (f).
type Basis uint8

// The lawful bases. A number, once given, is never reused: it is on disk.
const (
	BasisNone                Basis = iota
	BasisConsent                   // (a)
	BasisContract                  // (b)
	BasisLegalObligation           // (c)
	BasisVitalInterests            // (d)
	BasisPublicTask                // (e)
	BasisLegitimateInterests       // (f)
)

var basisNames = [...]string{"", "consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interests"}

func (b Basis) String() string { return nameOf(basisNames[:], int(b), "basis") }

// ParseBasis reads a basis' wire text.
func ParseBasis(text string) (Basis, bool) {
	i := slices.Index(basisNames[:], text)
	return Basis(max(i, 0)), i > 0
}

// Source is where a value about a visitor came from (GDPR Art. 14(2)(f), 15(1)(g)).
type Source uint8

// The sources. A number, once given, is never reused: it is on disk.
const (
	SourceNone        Source = iota
	SourceForm               // the visitor said so on its own connection
	SourceToken              // a token that the tenant signed for the visitor says so
	SourceIntegration        // a server of the tenant's said so by REST
	SourceOperator           // the session's operator wrote it down
)

var sourceNames = [...]string{"", "visitor_form", "signed_token", "integration", "operator"}

func (s Source) String() string { return nameOf(sourceNames[:], int(s), "source") }

// ParseSource reads a source's wire text.
func ParseSource(text string) (Source, bool) {
	i := slices.Index(sourceNames[:], text)
	return Source(max(i, 0)), i > 0
}

// Attr is one thing held about a visitor. Name is one of AttrEmail, AttrPhone,
// AttrName and those that the tenant declares.
type Attr struct {
	Name     string
	Value    Body
	Verified bool // the tenant vouches for it; else somebody merely said so
	Source   Source
	Basis    Basis
	At       time.Time // since when, UTC, whole milliseconds
}

// The attributes that every tenant has.
const (
	AttrEmail = "email"
	AttrPhone = "phone"
	AttrName  = "name"
)

// Identity is what is held about a session's visitor, in the order of the names.
// It is an attribute of the session and never a key: two visitors with one e-mail
// are two. Immutable. A nil Identity is empty.
type Identity struct {
	Attrs []Attr
	Seq   Seq // the entry that says so
}

// Find looks an attribute up.
func (i *Identity) Find(name string) (Attr, bool) {
	if i == nil {
		return Attr{}, false
	}
	at := slices.IndexFunc(i.Attrs, func(a Attr) bool { return a.Name == name })
	if at < 0 {
		return Attr{}, false
	}
	return i.Attrs[at], true
}

// Revision is the number of the entry that says what is held; 0: nothing ever was.
func (i *Identity) Revision() Seq {
	if i == nil {
		return 0
	}
	return i.Seq
}

// IdentityChange is what OpIdentify asks for.
type IdentityChange struct {
	Basis Basis
	// Set are the new values; of each attribute Name and Value count, and Verified
	// where a server of the tenant's asks. An empty Value takes the attribute away.
	Set []Attr
	// Whole takes away what Set does not name.
	Whole bool
	// If refuses with ErrPrecondition unless what is held is of this revision; nil: whatever is held.
	If *Seq
}

// Find is the change's value of an attribute.
func (c *IdentityChange) Find(name string) (Attr, bool) {
	if c == nil {
		return Attr{}, false
	}
	return (&Identity{Attrs: c.Set}).Find(name)
}

// AttrsFact is what stays of a change of a visitor's attributes when its values
// are gone: which ones, on what basis and from where; the entry says when and who.
type AttrsFact struct {
	Names  []string // that were set or taken away, sorted
	Basis  Basis
	Source Source
}

// attrJSON is an attribute as the log keeps it and the wire shows it.
type attrJSON struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Verified bool   `json:"verified"`
	Source   string `json:"source"`
	Basis    string `json:"lawful_basis"`
	At       string `json:"at"`
}

const attrTime = "2006-01-02T15:04:05.000Z"

// Encode boxes the attributes as JSON: an array, empty when nothing is held.
func (i *Identity) Encode() Body {
	var attrs []Attr
	if i != nil {
		attrs = i.Attrs
	}
	all := make([]attrJSON, len(attrs))
	for n, a := range attrs {
		all[n] = attrJSON{a.Name, string(a.Value.Reveal()), a.Verified, a.Source.String(), a.Basis.String(), a.At.UTC().Format(attrTime)}
	}
	text, _ := json.Marshal(all) // strings and booleans only: cannot fail
	return NewBody(text)
}

// DecodeIdentity reads what Encode wrote; ErrCorrupt for anything else.
func DecodeIdentity(body Body, seq Seq) (*Identity, error) {
	var all []attrJSON
	if err := json.Unmarshal(body.Reveal(), &all); err != nil {
		return nil, ErrCorrupt
	}
	i := &Identity{Seq: seq, Attrs: make([]Attr, len(all))}
	for n, a := range all {
		basis, based := ParseBasis(a.Basis)
		source, sourced := ParseSource(a.Source)
		at, err := time.Parse(attrTime, a.At)
		if !based || !sourced || err != nil {
			return nil, ErrCorrupt
		}
		i.Attrs[n] = Attr{Name: a.Name, Value: BodyOf(a.Value), Verified: a.Verified, Source: source, Basis: basis, At: at.UTC()}
	}
	return i, nil
}

// Proof is what a visitor's signed token says, once it is verified.
type Proof struct {
	Subject string    // the name by which the tenant knows the visitor: `sub`, with `iss` where that issuer publishes its keys
	Issued  time.Time // `iat`; zero if there is none
	Until   time.Time // `exp`
	Rights  Rights    // what it lets the visitor ask for: RightPriority, or nothing
	// Claims is what the token says about the visitor besides; nil: nothing. With a
	// Basis it is written into the visitor's session by itself; without, it only
	// says which values that the visitor gives are verified.
	Claims *IdentityChange
}

// Apply is the identity that a change makes of i at now, and which attributes it
// changes, sorted. The change's attributes have their Source. It judges nothing:
// see CheckIdentity.
func (i *Identity) Apply(c *IdentityChange, now time.Time) (*Identity, []string) {
	var held []Attr
	if i != nil {
		held = i.Attrs
	}
	next := &Identity{}
	var changed []string
	for _, old := range held {
		set, named := c.Find(old.Name)
		switch {
		case named && set.Value.Len() > 0 && sameAttr(old, set, c.Basis), !named && !c.Whole:
			next.Attrs = append(next.Attrs, old)
		case named && set.Value.Len() > 0: // below
		default:
			changed = append(changed, old.Name)
		}
	}
	for _, set := range c.Set {
		if _, kept := next.Find(set.Name); set.Value.Len() > 0 && !kept {
			next.Attrs = append(next.Attrs, Attr{set.Name, set.Value, set.Verified, set.Source, c.Basis, now})
			changed = append(changed, set.Name)
		}
	}
	slices.SortFunc(next.Attrs, func(a, b Attr) int { return strings.Compare(a.Name, b.Name) })
	slices.Sort(changed)
	return next, changed
}

// sameAttr reports that a value is held already, as it is given. A value that is
// verified already is not made less so by being said again.
func sameAttr(old, set Attr, basis Basis) bool {
	if string(old.Value.Reveal()) != string(set.Value.Reveal()) {
		return false
	}
	return old.Verified && !set.Verified || old.Verified == set.Verified && old.Basis == basis && old.Source == set.Source
}
