package routing_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// epoch0 is the stories' zero o'clock.
var epoch0 = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// TestStories replays testdata/*.txt: each line is an input, the lines marked
// "->" are all of its effects. PARLEY_UPDATE=1 writes what the router does.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := tell(t, string(want))
			if got == string(want) {
				return
			}
			if os.Getenv("PARLEY_UPDATE") != "" {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		})
	}
}

// story is a story being told.
type story struct {
	t        *testing.T
	router   *routing.Router
	now      time.Time
	tenant   *engine.Tenant
	rows     map[string]*engine.Row
	numbers  map[string]uint64 // the last offer made to each session
	seen     map[string]uint64 // the last offer that each session has seen
	lives    map[string]engine.Term
	incoming routing.Input
}

func tell(t *testing.T, text string) string {
	s := &story{
		t: t, router: routing.New(), now: epoch0, tenant: &engine.Tenant{ID: "acme"},
		rows: map[string]*engine.Row{}, numbers: map[string]uint64{}, seen: map[string]uint64{}, lives: map[string]engine.Term{},
	}
	var out strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(strings.TrimSpace(line), "->") {
			continue
		}
		fmt.Fprintln(&out, line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		s.incoming = nil
		if departments, asked := strings.CutPrefix(line, "line "); asked {
			fmt.Fprintln(&out, "    -> waiting:"+s.line(strings.Fields(departments)))
			continue
		}
		s.read(strings.Fields(line))
		if s.incoming == nil {
			continue
		}
		for _, e := range s.router.Step(s.incoming, s.now, nil) {
			fmt.Fprintln(&out, "    -> "+s.print(e))
		}
	}
	return out.String()
}

func (s *story) read(words []string) {
	switch words[0] {
	case "department": // department NAME [LIMIT]
		d := engine.Department{ID: engine.DepartmentID(words[1])}
		if len(words) > 2 {
			d.QueueLimit = s.number(words[2])
		}
		s.tenant.Departments = append(s.tenant.Departments, d)
	case "operator": // operator NAME CAPACITY [DEPARTMENT...]
		o := engine.Operator{ID: engine.OperatorID(words[1]), Capacity: s.number(words[2])}
		for _, d := range words[3:] {
			o.Departments = append(o.Departments, engine.DepartmentID(d))
		}
		s.tenant.Operators = slices.DeleteFunc(slices.Clone(s.tenant.Operators), func(old engine.Operator) bool { return old.ID == o.ID })
		s.tenant.Operators = append(s.tenant.Operators, o)
	case "configure":
		copied := *s.tenant
		s.incoming = routing.Configure{Tenant: &copied}
	case "at":
		s.now = epoch0.Add(s.duration(words[1]))
	case "tick":
		s.incoming = routing.Tick{}
	case "deadline":
		got := "none"
		if d := s.router.NextTimer(); !d.IsZero() {
			got = d.Sub(epoch0).String()
		}
		if got != words[1] {
			s.t.Errorf("deadline: got %s, want %s", got, words[1])
		}
	default:
		s.readSubject(words[0], words[1:])
	}
}

func (s *story) readSubject(name string, words []string) {
	switch sentence := strings.Join(words, " "); {
	case sentence == "is routable", sentence == "is not routable":
		s.incoming = routing.OperatorIs{Operator: engine.OperatorID(name), Routable: sentence == "is routable"}
	default:
		s.readSession(name, words)
	}
}

// readSession reads "s1 waits|offered|owned|closing|closed" and what goes with it.
func (s *story) readSession(name string, words []string) {
	row := s.rows[name]
	if row == nil {
		row = &engine.Row{
			Ref:   engine.SessionRef{Tenant: "acme", Session: sessionID(s.number(strings.TrimPrefix(name, "s")))},
			Epoch: 1, FirstQueued: s.now, Weight: engine.DefaultWeight, Department: "sales",
		}
		s.rows[name] = row
	}
	states := map[string]engine.State{
		"waits": engine.StateQueued, "offered": engine.StateOffered, "owned": engine.StateActive,
		"closing": engine.StateClosing, "closed": engine.StateClosed,
	}
	state, ok := states[words[0]]
	if !ok {
		s.t.Fatalf("what is %q?", strings.Join(words, " "))
	}
	row.State = state
	s.seen[name] = s.numbers[name]
	recovered := false
	for i := 1; i < len(words); i++ {
		next := func() string { i++; return words[i] }
		switch words[i] {
		case "in":
			row.Department = engine.DepartmentID(next())
		case "since":
			row.FirstQueued = epoch0.Add(s.duration(next()))
		case "priority":
			row.Priority = s.number(next())
		case "boost":
			row.Boost = s.duration(next())
		case "weight":
			row.Weight = s.number(next())
		case "to":
			row.Offers = []engine.LiveOffer{{Operator: engine.OperatorID(next())}}
		case "by":
			row.Owner = engine.OperatorID(next())
		case "declined": // declined OPERATOR UNTIL
			row.Declines = append(slices.Clone(row.Declines), engine.Decline{
				Operator: engine.OperatorID(next()), Until: epoch0.Add(s.duration(next())),
			})
		case "recovered":
			recovered, s.seen[name] = true, 0
			s.lives[name]++
		case "asked": // it is the same life
			recovered = true
		case "stale": // said before it saw the last offer
			s.seen[name] = s.numbers[name] - 1
		default:
			s.t.Fatalf("what is %q?", words[i])
		}
	}
	s.incoming = routing.SessionIs{Row: new(*row), Life: s.lives[name], Number: s.seen[name], Recovered: recovered}
}

func (s *story) print(e routing.Effect) string {
	switch e := e.(type) {
	case routing.Offer:
		name := sessionName(e.Session.Session)
		s.numbers[name] = e.Number
		return fmt.Sprintf("offer %d: %s to %s (%s; %d eligible; load %d of %d)",
			e.Number, name, e.Operator, e.Decision.Rule, e.Decision.Eligible, e.Decision.Winner.Used, e.Decision.Winner.Capacity)
	case routing.Refuse:
		return fmt.Sprintf("refuse %s: %s", sessionName(e.Session.Session), e.Cause)
	case routing.LoadIs:
		return fmt.Sprintf("load of %s: %d of %d", e.Operator, e.Used, e.Capacity)
	case routing.StatusIs:
		return fmt.Sprintf("%s is %s", e.Department, e.Status)
	case routing.PositionIs:
		return fmt.Sprintf("%s is number %d", sessionName(e.Session.Session), e.Position)
	case routing.Show:
		return fmt.Sprintf("queue %d:", e.Queue.Rev) + printQueue(e.Queue)
	}
	return fmt.Sprintf("%T", e)
}

// line prints who waits in departments.
func (s *story) line(of []string) string {
	shown := func(d engine.DepartmentID) bool { return slices.Contains(of, string(d)) }
	return printQueue(&engine.Queue{Rows: s.router.WaitingIn(shown)})
}

func printQueue(q *engine.Queue) (text string) {
	for _, row := range q.Rows {
		text += " " + sessionName(row.Session) + "@" + string(row.Department)
		if row.Offered {
			text += "(offered)"
		}
	}
	for _, id := range q.Gone {
		text += " -" + sessionName(id)
	}
	return text
}

func (s *story) number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *story) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

func sessionID(n int) (id engine.SessionID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

func sessionName(id engine.SessionID) string {
	return "s" + strconv.FormatUint(binary.BigEndian.Uint64(id[8:]), 10)
}
