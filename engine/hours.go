package engine

import "time"

// Hours is when a department is open: intervals of the week in a time zone, and
// dated exceptions that replace a day's intervals. A nil Hours is always open.
type Hours struct {
	Zone       *time.Location // loaded by whoever reads the configuration; nil means UTC
	Weekly     [7][]Span      // by time.Weekday
	Exceptions []Exception
}

// Span is part of a day, as time on the wall clock since midnight. Until may be
// up to 24 h; a night is two spans.
type Span struct{ From, Until time.Duration }

// Exception is a day that differs. Open empty: closed all day.
type Exception struct {
	Year  int
	Month time.Month
	Day   int
	Open  []Span
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
