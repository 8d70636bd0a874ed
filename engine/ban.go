package engine

import (
	"slices"
	"time"
)

// BanReason says why a visitor was banned: a closed list. No text is kept with a
// ban (GDPR Art. 5(1)(c)).
type BanReason uint8

// The reasons of a ban. A number, once given, is never reused: it is on disk.
const (
	BanNone   BanReason = iota
	BanAbuse            // insults, harassment
	BanSpam             // advertising, floods
	BanThreat           // threats of violence
	BanFraud            // deceit, impersonation
	BanOther
)

var banReasonNames = [...]string{"", "abuse", "spam", "threat", "fraud", "other"}

func (r BanReason) String() string { return nameOf(banReasonNames[:], int(r), "reason") }

// ParseBanReason reads a reason's wire text.
func ParseBanReason(text string) (BanReason, bool) {
	i := slices.Index(banReasonNames[:], text)
	return BanReason(max(i, 0)), i > 0
}

// MaxBanDays bounds a ban: whoever wants it to last longer decides anew.
const MaxBanDays = 365

// Ban keeps a visitor from beginning sessions and from writing. It hangs on the
// visitor's id, never on an address, and ends by itself. Basis: the tenant's
// legitimate interest in its staff's safety (GDPR Art. 6(1)(f)).
type Ban struct {
	Until  time.Time // UTC, whole seconds; zero: there is none
	Reason BanReason
	By     Author // an operator, or a server of the tenant's
	At     time.Time
	// Department is whose ban it is: that of the chat for which it was made. Empty: the
	// tenant's own. It keeps the visitor out of all departments either way.
	Department DepartmentID
}

// Holds reports whether the ban runs at now.
func (b Ban) Holds(now time.Time) bool { return now.Before(b.Until) }

// BanOrder is what OpBan asks for. Days 0 lifts the ban and needs no reason.
type BanOrder struct {
	Days   int // 0 to MaxBanDays
	Reason BanReason

	// Said by who knows what the asker may, never by the wire.
	Department DepartmentID   // whose ban it is; empty: the tenant's own
	Scope      []DepartmentID // what the asker's word is good for; nil: the whole tenant
}

// Faults lists the fields that are wrong; none: it can be carried out.
func (o BanOrder) Faults() (fields []string) {
	if o.Days < 0 || o.Days > MaxBanDays {
		fields = append(fields, "days")
	}
	if int(o.Reason) >= len(banReasonNames) || o.Days > 0 && o.Reason == BanNone {
		fields = append(fields, "reason")
	}
	return fields
}

// Made is the ban that the order makes at a time on somebody's word.
func (o BanOrder) Made(by Author, now time.Time) Ban {
	now = now.UTC().Truncate(time.Second)
	b := Ban{By: by, At: now}
	if o.Days > 0 {
		b.Until, b.Reason, b.Department = now.AddDate(0, 0, o.Days), o.Reason, o.Department
	}
	return b
}

// Over is the ban that the order makes where another one may run. A word that is not
// good for that one's department neither lifts it nor has it end sooner: whoever is
// protected by it decides (GDPR Art. 5(1)(f)). It may prolong it. While a ban runs it
// stays whose it is, whoever orders it again, but that a word for all of the tenant may
// make it the tenant's own. ErrForbidden: it may not.
func (o BanOrder) Over(before Ban, by Author, now time.Time) (Ban, *Error) {
	made := o.Made(by, now)
	if !before.Holds(now) {
		return made, nil
	}
	mayEnd := o.Scope == nil || before.Department != "" && slices.Contains(o.Scope, before.Department)
	if !mayEnd && made.Until.Before(before.Until) {
		return Ban{}, ErrForbidden
	}
	if made.Holds(now) && (o.Scope != nil || o.Department != "") {
		made.Department = before.Department
	}
	return made, nil
}
