package engine_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the zones' rules, wherever the test runs

	"github.com/parleyhq/parley/engine"
	"pgregory.net/rapid"
)

func zone(t interface{ Fatalf(string, ...any) }, name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatalf("zone %s: %v", name, err)
	}
	return z
}

func hm(hour, minute int) time.Duration {
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute
}

func everyDay(spans ...engine.Span) (week [7][]engine.Span) {
	for i := range week {
		week[i] = spans
	}
	return week
}

// TestHoursAtTheEdges goes through what happens at the ends of intervals, days
// and daylight saving.
func TestHoursAtTheEdges(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	office := &engine.Hours{Zone: berlin, Weekly: everyDay(engine.Span{From: hm(9, 0), Until: hm(17, 0)})}
	allDay := &engine.Hours{Zone: berlin, Weekly: everyDay(engine.Span{Until: hm(24, 0)})}
	night := &engine.Hours{Zone: berlin, Weekly: everyDay(engine.Span{From: hm(2, 0), Until: hm(2, 30)})}
	christmas := &engine.Hours{Zone: berlin, Weekly: office.Weekly, Exceptions: []engine.Exception{
		{Year: 2026, Month: 12, Day: 25},
		{Year: 2026, Month: 12, Day: 26, Open: []engine.Span{{From: hm(22, 0), Until: hm(24, 0)}}},
	}}
	once := &engine.Hours{Exceptions: []engine.Exception{{Year: 2031, Month: 5, Day: 4, Open: []engine.Span{{From: hm(8, 0), Until: hm(9, 0)}}}}}
	at := func(text string) time.Time {
		moment, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	for name, c := range map[string]struct {
		hours *engine.Hours
		at    string
		open  bool
		next  string // empty: never
	}{
		"no hours":              {nil, "2026-11-23T03:00:00Z", true, ""},
		"never open":            {&engine.Hours{}, "2026-11-23T03:00:00Z", false, ""},
		"always open":           {allDay, "2026-11-23T03:00:00Z", true, ""},
		"the moment of opening": {office, "2026-11-23T09:00:00+01:00", true, "2026-11-23T17:00:00+01:00"},
		"just before":           {office, "2026-11-23T08:59:59.999+01:00", false, "2026-11-23T09:00:00+01:00"},
		"the moment of closing": {office, "2026-11-23T17:00:00+01:00", false, "2026-11-24T09:00:00+01:00"},
		"summer begins":         {office, "2026-03-28T17:00:00+01:00", false, "2026-03-29T09:00:00+02:00"},
		"a skipped interval":    {night, "2026-03-28T02:30:00+01:00", false, "2026-03-30T02:00:00+02:00"},
		"a repeated interval":   {night, "2026-10-25T02:30:00+02:00", false, "2026-10-25T02:00:00+01:00"},
		"a holiday":             {christmas, "2026-12-24T17:00:00+01:00", false, "2026-12-26T22:00:00+01:00"},
		"until midnight":        {christmas, "2026-12-26T23:00:00+01:00", true, "2026-12-27T00:00:00+01:00"},
		"one day, years ahead":  {once, "2026-11-23T03:00:00Z", false, "2031-05-04T08:00:00Z"},
		"and never again":       {once, "2031-05-04T09:00:00Z", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.hours.Validate(); err != nil {
				t.Fatal(err)
			}
			if got := c.hours.OpenAt(at(c.at)); got != c.open {
				t.Errorf("open: got %v, want %v", got, c.open)
			}
			var want time.Time
			if c.next != "" {
				want = at(c.next)
			}
			if got := c.hours.NextChange(at(c.at)); !got.Equal(want) {
				t.Errorf("next change: got %v, want %v", got, want)
			}
		})
	}
}

func TestHoursMustMakeSense(t *testing.T) {
	span := func(from, until time.Duration) []engine.Span { return []engine.Span{{From: from, Until: until}} }
	for name, h := range map[string]*engine.Hours{
		"backwards":      {Weekly: everyDay(span(hm(9, 0), hm(8, 0))...)},
		"empty":          {Weekly: everyDay(span(hm(9, 0), hm(9, 0))...)},
		"beyond the day": {Weekly: everyDay(span(hm(9, 0), hm(24, 1))...)},
		"negative":       {Weekly: everyDay(span(-1, hm(24, 0))...)},
		"overlap":        {Weekly: everyDay(engine.Span{From: 0, Until: hm(9, 0)}, engine.Span{From: hm(8, 59), Until: hm(10, 0)})},
		"no such day":    {Exceptions: []engine.Exception{{Year: 2026, Month: 2, Day: 29}}},
		"twice":          {Exceptions: []engine.Exception{{Year: 2026, Month: 2, Day: 2}, {Year: 2026, Month: 2, Day: 2}}},
		"exception":      {Exceptions: []engine.Exception{{Year: 2026, Month: 2, Day: 2, Open: span(2, 1)}}},
	} {
		t.Run(name, func(t *testing.T) {
			if h.Validate() == nil {
				t.Error("accepted")
			}
		})
	}
}

// isOpenByTheClock is the definition: what the clock on the wall shows.
func isOpenByTheClock(h *engine.Hours, t time.Time) bool {
	local := t.In(h.Zone)
	spans := h.Weekly[local.Weekday()]
	for _, e := range h.Exceptions {
		if e.Year == local.Year() && e.Month == local.Month() && e.Day == local.Day() {
			spans = e.Open
		}
	}
	for _, s := range spans {
		if clock := hm(local.Hour(), local.Minute()); s.From <= clock && clock < s.Until {
			return true
		}
	}
	return false
}

func drawSpans(t *rapid.T) (spans []engine.Span) {
	var end time.Duration
	for range rapid.IntRange(0, 3).Draw(t, "spans") {
		from := end + hm(0, rapid.IntRange(0, 500).Draw(t, "gap"))
		until := min(from+hm(0, rapid.IntRange(1, 700).Draw(t, "length")), hm(24, 0))
		if from >= until {
			break
		}
		spans, end = append(spans, engine.Span{From: from, Until: until}), until
	}
	return spans
}

// TestHoursAgreeWithAWalk compares with a walk, minute by minute, around the
// days at which zones change.
func TestHoursAgreeWithAWalk(t *testing.T) {
	zones := []string{
		"UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", // half an hour of daylight saving
		"Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Apia", "Africa/Cairo", "Pacific/Kiritimati",
	}
	days := []string{"2026-03-07", "2026-03-28", "2026-10-24", "2026-11-01", "2011-12-28", "2018-11-03", "2010-11-06", "2026-04-04", "2026-04-23", "2026-06-01"}
	rapid.Check(t, func(t *rapid.T) {
		h := &engine.Hours{Zone: zone(t, rapid.SampledFrom(zones).Draw(t, "zone"))}
		from, err := time.Parse(time.DateOnly, rapid.SampledFrom(days).Draw(t, "day"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range h.Weekly {
			h.Weekly[i] = drawSpans(t)
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "exceptions") {
			y, m, d := from.AddDate(0, 0, 2*i+rapid.IntRange(0, 1).Draw(t, "off")).Date()
			h.Exceptions = append(h.Exceptions, engine.Exception{Year: y, Month: m, Day: d, Open: drawSpans(t)})
		}
		if err := h.Validate(); err != nil {
			t.Fatal(err)
		}
		const minutes = 4 * 24 * 60
		next := h.NextChange(from)
		open := isOpenByTheClock(h, from)
		for i := range minutes {
			at := from.Add(hm(0, i))
			if now := isOpenByTheClock(h, at); now != open {
				if !next.Equal(at) {
					t.Fatalf("changes at %v, said %v", at.In(h.Zone), next.In(h.Zone))
				}
				open, next = now, h.NextChange(at)
			}
			if got := h.OpenAt(at); got != open {
				t.Fatalf("open at %v: got %v, want %v", at.In(h.Zone), got, open)
			}
		}
		if end := from.Add(hm(0, minutes)); !next.IsZero() && next.Before(end) {
			t.Fatalf("said to change at %v and did not", next.In(h.Zone))
		}
	})
}
