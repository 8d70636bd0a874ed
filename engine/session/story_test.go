package session_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// TestStories replays testdata/*.txt: each line is an input, the lines marked
// "->" are all of its effects. PARLEY_UPDATE=1 writes what the session does.
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

// story is a story being told: one session and its log.
type story struct {
	t *testing.T
	chat
	number uint64
}

func tell(t *testing.T, text string) string {
	s := &story{t: t, chat: newChat()}
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
		in := s.read(words(line))
		if in == nil {
			continue
		}
		for _, e := range s.step(in) {
			fmt.Fprintln(&out, "    -> "+printEffect(e))
		}
	}
	return out.String()
}

// words splits a line at spaces, but not inside quotes.
func words(line string) (all []string) {
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}

func (s *story) read(w []string) session.Input {
	switch w[0] {
	case "at":
		s.now = zero.Add(s.duration(w[1]))
		return nil
	case "deadline":
		got := "none"
		if d := s.s.Deadline(); !d.IsZero() {
			got = d.Sub(zero).String()
		}
		if got != w[1] {
			s.t.Errorf("deadline: got %s, want %s", got, w[1])
		}
		return nil
	case "belongs": // belongs to VISITOR
		if got := s.s.Row().Visitor; got != (engine.VisitorID{15: byte(s.int(w[2]))}) {
			s.t.Errorf("the session belongs to %v, want %s", got, w[2])
		}
		return nil
	case "tick":
		return session.Tick{}
	case "stored":
		return session.Stored{Through: engine.Seq(s.int(w[1]))}
	case "restart": // restart [SINCE]
		s.restart(len(s.log))
		recover := session.Recover{Since: s.now}
		if len(w) > 1 {
			recover.Since = zero.Add(s.duration(w[1]))
		}
		return recover
	case "router":
		return s.readRouter(w[1:])
	default:
		return s.readParticipant(who(w[0]), w[1:])
	}
}

func (s *story) readRouter(w []string) session.Input {
	switch w[0] {
	case "offers", "offered": // offers OPERATOR [EPOCH]; offered: to the life before
		s.number++
		offer := session.Offer{Operator: engine.OperatorID(w[1]), Epoch: s.s.Row().Epoch, Life: s.life, Number: s.number}
		if w[0] == "offered" {
			offer.Life--
		}
		if len(w) > 2 {
			offer.Epoch = engine.Epoch(s.int(w[2]))
		}
		return offer
	case "refuses": // refuses [EPOCH]
		refuse := session.Refuse{Epoch: s.s.Row().Epoch, Cause: engine.CauseDepartmentClosed}
		if len(w) > 1 {
			refuse.Epoch = engine.Epoch(s.int(w[1]))
		}
		return refuse
	case "asks":
		return session.Again{}
	}
	s.t.Fatalf("what is %q?", w)
	return nil
}

func (s *story) readParticipant(by engine.Author, w []string) session.Input {
	switch w[0] {
	case "connects", "disconnects":
		return session.Present{On: w[0] == "connects"}
	case "types", "stops":
		return session.Typing{By: by, On: w[0] == "types"}
	case "peeks":
		return session.Peek{By: by, Body: engine.BodyOf(w[1])}
	case "proves": // proves VISITOR [instead VISITOR]
		proof := session.Upgrade{From: s.s.Row().Visitor, To: engine.VisitorID{15: byte(s.int(w[1]))}}
		if len(w) > 2 {
			proof.From = engine.VisitorID{15: byte(s.int(w[3]))}
		}
		return proof
	case "goes": // goes CAUSE
		cause, _ := engine.ParseCause(w[1])
		return session.Revoke{Operator: by.Operator, Offer: offerTo(s.s.Row(), by.Operator), Cause: cause}
	}
	ops := map[string]engine.Op{
		"starts": engine.OpStart, "says": engine.OpMessage, "reads": engine.OpRead, "closes": engine.OpClose,
		"edits": engine.OpEdit, "redacts": engine.OpRedact,
		"accepts": engine.OpAccept, "rejects": engine.OpReject, "dances": engine.OpAway,
	}
	op, ok := ops[w[0]]
	if !ok {
		s.t.Fatalf("what is %q?", w)
	}
	return session.Ask{By: by, Draft: s.readDraft(engine.Draft{Op: op, Request: "r"}, w[1:])}
}

func (s *story) readDraft(d engine.Draft, w []string) engine.Draft {
	for i := 0; i < len(w); i++ {
		next := func() string { i++; return w[i] }
		switch w[i] {
		case "in":
			d.Department = engine.DepartmentID(next())
		case "key":
			d.ClientID = next()
		case "if":
			d.IfSeq = engine.Seq(s.int(next()))
		case "epoch":
			d.Epoch = engine.Epoch(s.int(next()))
		case "bytes": // a text of that length
			d.Body = engine.BodyOf(strings.Repeat("x", s.int(next())))
		case "privately":
			d.Visibility = engine.VisibleToOperators
		case "as":
			d.Format, _ = engine.ParseFormat(next())
		case "silently":
			d.Request = ""
		default:
			if n, err := strconv.Atoi(w[i]); err == nil {
				d.Offer, d.Seq, d.Target = engine.Seq(n), engine.Seq(n), engine.Seq(n)
			} else {
				d.Body = engine.BodyOf(w[i])
			}
		}
	}
	return d
}

func (s *story) int(text string) int {
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

func who(name string) engine.Author {
	switch name {
	case "visitor":
		return visitor
	case "server":
		return server
	case "system":
		return engine.Author{}
	default:
		return operator(engine.OperatorID(name))
	}
}

func printEffect(e session.Effect) string {
	switch e := e.(type) {
	case session.Write:
		return printEntry(e.Entry)
	case session.Reply:
		return printReply(e)
	case session.Tell:
		to := "visitor"
		if e.To == engine.VisibleToOperators {
			to = "operators"
		}
		return "tell " + to + ": " + printSignal(e.Signal)
	case session.Report:
		return printReport(e)
	case session.Notify:
		text := fmt.Sprintf("after %d notify %s: %s", e.After, e.Operator, [...]string{"", "offered", "offer ended", "gained", "lost", "joined", "left", "missed", "nudge"}[e.Note])
		if e.Offer.ID != 0 {
			text += fmt.Sprintf(" (offer %d)", e.Offer.ID)
		}
		return text + because(e.Cause)
	}
	return fmt.Sprintf("%T", e)
}

func printEntry(e *engine.Entry) string {
	text := fmt.Sprintf("write %d %s by %s, epoch %d, prev %d", e.Seq, e.Kind, name(e.Author), e.Epoch, e.PrevAll)
	if e.Visibility == engine.VisibleToOperators {
		text += ", for operators"
	}
	for _, field := range []struct{ name, value string }{
		{"in", string(e.Department)}, {"operator", string(e.Operator)}, {"key", e.ClientID},
	} {
		if field.value != "" {
			text += ", " + field.name + " " + field.value
		}
	}
	if e.Offer != 0 {
		text += fmt.Sprintf(", offer %d", e.Offer)
	}
	if !e.Deadline.IsZero() {
		text += ", until " + e.Deadline.Sub(zero).String()
	}
	if e.Target != 0 {
		text += fmt.Sprintf(", of %d", e.Target)
	}
	if e.Format != engine.FormatText {
		text += ", as " + e.Format.String()
	}
	if e.Body.Len() > 20 {
		text += ", " + e.Body.String()
	} else if e.Body.Len() > 0 {
		text += fmt.Sprintf(": %q", e.Body.Reveal())
	}
	return text + because(e.Cause)
}

func printReply(e session.Reply) string {
	a := e.Answer
	text := fmt.Sprintf("after %d answer %s: ", e.After, a.Op)
	if a.Err != nil {
		text += a.Err.Code
		if a.Err.Seq != 0 {
			text += fmt.Sprintf(" at %d", a.Err.Seq)
		}
		if a.Err.Epoch != 0 {
			text += fmt.Sprintf(" epoch %d", a.Err.Epoch)
		}
		return strings.TrimSpace(text + " " + strings.Join(a.Err.Fields, ","))
	}
	text += "ok"
	if a.Seq != 0 {
		text += fmt.Sprintf(" entry %d of %s", a.Seq, a.At.Sub(zero))
	}
	if a.Epoch != 0 {
		text += fmt.Sprintf(", epoch %d", a.Epoch)
	}
	if a.State != engine.StateNone {
		text += ", " + a.State.String()
	}
	return text
}

func printReport(e session.Report) string {
	r := e.Row
	text := fmt.Sprintf("after %d report %d: %s in %s, epoch %d", e.After, e.Number, r.State, r.Department, r.Epoch)
	if e.Recovered {
		text += ", recovered"
	}
	if r.OfferedTo() != "" {
		text += ", to " + string(r.OfferedTo())
	}
	if r.Owner != "" {
		text += ", of " + string(r.Owner)
	}
	for _, d := range r.Declines {
		text += fmt.Sprintf(", not %s until %s", d.Operator, d.Until.Sub(zero))
	}
	return text
}

func printSignal(s engine.Signal) string {
	switch s := s.(type) {
	case engine.Typing:
		return fmt.Sprintf("%s types: %v", name(s.Author), s.On)
	case engine.Peek:
		return fmt.Sprintf("%s has typed %q", name(s.Author), s.Body.Reveal())
	case engine.ReadMoved:
		return fmt.Sprintf("%s has read %d", name(s.Author), s.Seq)
	case engine.Presence:
		last := "never"
		if !s.LastActivity.IsZero() {
			last = s.LastActivity.Sub(zero).String()
		}
		return fmt.Sprintf("visitor is present: %v, last active %s", s.Present, last)
	}
	return fmt.Sprintf("%T", s)
}

func name(a engine.Author) string {
	if a.Kind == engine.AuthorOperator {
		return string(a.Operator)
	}
	return a.Kind.String()
}

func because(c engine.Cause) string {
	if c == engine.CauseNone {
		return ""
	}
	return ", because " + c.String()
}
