package engine

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Hours is when a department is open: intervals of the week in a time zone, and
// dated exceptions that replace a day's intervals. A nil Hours is always open.
//
// It is open whenever the clock on the wall of Zone shows a time inside one of the
// day's intervals. So an interval that daylight saving skips is not open that day,
// and a time of day that comes twice is open twice.
type Hours struct {
	Zone       *time.Location // loaded by whoever reads the configuration; nil means UTC
	Weekly     [7][]Span      // by time.Weekday
	Exceptions []Exception
}

// Span is part of a day, as time on the wall clock since midnight, Until not
// included. Until may be up to 24 h; a night is two spans.
type Span struct{ From, Until time.Duration }

// Exception is a day that differs. Open empty: closed all day.
type Exception struct {
	Year  int
	Month time.Month
	Day   int
	Open  []Span
}

const day = 24 * time.Hour

// Validate says what is wrong with the hours, or nil. A day's spans are in order
// and do not overlap; they may touch. A day has at most one exception.
func (h *Hours) Validate() error {
	if h == nil {
		return nil
	}
	for weekday, spans := range h.Weekly {
		if err := validateSpans(spans); err != nil {
			return fmt.Errorf("hours: %s: %w", time.Weekday(weekday), err)
		}
	}
	for i, e := range h.Exceptions {
		if y, m, d := e.date().Date(); y != e.Year || m != e.Month || d != e.Day || e.Year < 1 || e.Year > 9999 {
			return fmt.Errorf("hours: exception %d: no such day", i+1)
		}
		if slices.ContainsFunc(h.Exceptions[:i], func(other Exception) bool { return other.date().Equal(e.date()) }) {
			return fmt.Errorf("hours: exception %d: the day has one already", i+1)
		}
		if err := validateSpans(e.Open); err != nil {
			return fmt.Errorf("hours: exception %d: %w", i+1, err)
		}
	}
	return nil
}

var errSpans = errors.New("want spans in order, without overlap, each from before until, between 0 and 24h")

func validateSpans(spans []Span) error {
	var end time.Duration
	for _, s := range spans {
		if s.From < end || s.Until <= s.From || s.Until > day {
			return errSpans
		}
		end = s.Until
	}
	return nil
}

// OpenAt reports whether the department is open at t.
func (h *Hours) OpenAt(t time.Time) bool {
	if h == nil {
		return true
	}
	local := t.In(h.zone())
	hour, minute, second := local.Clock()
	clock := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second + time.Duration(local.Nanosecond())
	year, month, date := local.Date()
	for _, s := range h.spans(year, month, date, local.Weekday()) {
		if s.From <= clock && clock < s.Until {
			return true
		}
	}
	return false
}

// NextChange is the first moment after t at which OpenAt answers otherwise than
// at t, in UTC; zero if there is none.
func (h *Hours) NextChange(t time.Time) time.Time {
	if h == nil {
		return time.Time{}
	}
	is := h.OpenAt(t)
	window := t.UTC().Truncate(day)
	// A week's change is seen within two weeks, one of them for a day that the
	// zone's own changes cut short; an exception can hide a day's.
	for budget := 16; budget > 0; window = window.Add(day) {
		if !h.isExceptional(window) {
			budget--
		}
		for _, at := range h.marks(window) {
			if at.After(t) && h.OpenAt(at) != is {
				return at
			}
		}
		if budget == 0 { // only an exception far ahead can change anything now
			if next, ok := h.nextException(window); ok {
				window, budget = next.Add(-3*day), 16
			}
		}
	}
	return time.Time{}
}

// marks lists the moments of a UTC day at which something may change: where the
// zone's clock shows a span's end or midnight, and where the zone's offset changes.
func (h *Hours) marks(window time.Time) (marks []time.Time) {
	end := window.Add(day)
	for from := window; from.Before(end); {
		local := from.In(h.zone())
		_, seconds := local.Zone()
		offset := time.Duration(seconds) * time.Second
		_, until := local.ZoneBounds()
		if until.IsZero() || until.After(end) {
			until = end
		}
		until = until.UTC()
		marks = append(marks, from)
		// In this piece the clock on the wall is UTC plus offset.
		for date := from.Add(offset).Truncate(day); date.Before(until.Add(offset)); date = date.Add(day) {
			add := func(clock time.Duration) {
				if at := date.Add(clock - offset); !at.Before(from) && at.Before(until) {
					marks = append(marks, at)
				}
			}
			add(0)
			for _, s := range h.spans(date.Year(), date.Month(), date.Day(), date.Weekday()) {
				add(s.From)
				add(s.Until)
			}
		}
		from = until
	}
	return marks
}

// spans is when a date is open.
func (h *Hours) spans(year int, month time.Month, date int, weekday time.Weekday) []Span {
	for i := range h.Exceptions {
		if e := &h.Exceptions[i]; e.Day == date && e.Month == month && e.Year == year {
			return e.Open
		}
	}
	return h.Weekly[weekday]
}

// isExceptional reports whether an exception lies within a day of the UTC day.
func (h *Hours) isExceptional(window time.Time) bool {
	return slices.ContainsFunc(h.Exceptions, func(e Exception) bool { return e.date().Sub(window).Abs() <= day })
}

// nextException is the first exception's date more than three days after a UTC day.
func (h *Hours) nextException(window time.Time) (next time.Time, ok bool) {
	for _, e := range h.Exceptions {
		if at := e.date(); at.After(window.Add(3*day)) && (!ok || at.Before(next)) {
			next, ok = at, true
		}
	}
	return next, ok
}

func (e *Exception) date() time.Time { return time.Date(e.Year, e.Month, e.Day, 0, 0, 0, 0, time.UTC) }

func (h *Hours) zone() *time.Location {
	if h.Zone == nil {
		return time.UTC
	}
	return h.Zone
}

// Status is a department as visitors see it.
type Status uint8

// The statuses.
const (
	StatusOpen      Status = iota // somebody has room
	StatusOpenQueue               // open, one has to wait
	StatusFull                    // open, the line is full
	StatusAway                    // open, nobody is there
	StatusClosed                  // not open now
)

var statusNames = [...]string{"open", "open_queue", "full", "away", "closed"}

func (s Status) String() string { return nameOf(statusNames[:], int(s), "status") }
