package simulate_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mutant is a fault: in a file of package engine or below it, a text that is there
// once, and another in its place.
type mutant struct {
	name, file, old, fresh string
	breaks                 string // invariants, any of which will do
}

// mutants are faults planted in the rules, one at a time, and the invariant that
// breaks first. `make mutants` runs them; the sources are not touched.
var mutants = []mutant{
	{"an assignment does not begin an epoch", "session/own.go", "\tt.row.Epoch++\n\tt.row.Owner = a.to", "\tt.row.Owner = a.to", "I1"},
	{"anybody may accept an offer", "session/offer.go", "case t.row.Offers[at].Operator != by.Operator:", "case false:", "I1"},
	{"an offer that ran out is accepted", "session/offer.go", "\tt.tick() // an offer that has run out is gone, whether or not the sweeper has been by\n", "", "I13"},
	{"the others' offers do not end", "session/own.go", "\tt.endOffers(engine.CauseTaken)\n", "", "I4"},
	{"the router does not look at room", "routing/match.go", "c.pool.within(-s.lease,", "c.pool.within(-1,", "I2"},
	{"the router does not look at the open cap", "routing/operator.go", "case o.open >= o.profile.openCap:", "case false:", "I2"},
	{"who served does not breathe", "routing/report.go", "\t\tr.breathe(had)\n", "\t\t_ = had\n", "I2"},
	{"a promise is no load", "routing/report.go", "for _, o := range s.promised {\n\t\twant", "for _, o := range s.promised[:0] {\n\t\twant", "I2"},
	{"a router without memory believes operators at once", "routing/await.go", "range in.Sessions {", "range in.Sessions[:0] {", "I2"},
	{"an older word is taken for the answer", "routing/await.go", "if in.Asked == r.asked || !in.Row.State.IsOpen() {", "if true {", "I2"},
	{"an offer to an earlier life is taken", "session/offer.go", "if in.Life != t.life {", "if false {", "I2"},
	{"a promise outlives the life that it was made to", "routing/report.go", "in.Life == s.life && in.Number", "in.Number", "I5"},
	{"the next router counts its offers from one", "routing/await.go", "in.Asked<<offersBits", "0", "I2"},
	{"a pick is granted without room", "routing/pick.go", "!in.Force && o.room() < s.lease", "false", "I2"},
	{"a weight of its own is not asked for", "routing/report.go", "case s.own != 0:\n", "case false:\n", "I2"},
	{"messages follow the closing entry", "session/talk.go", "case t.closed != 0:\n\t\treturn engine.ErrClosed.At(t.closed)\n\tcase t.row.State == engine.StateNew:", "case t.row.State == engine.StateNew:", "I3"},
	{"a detached session has no deadline", "session/own.go", "t.row.Service.GraceBy = since.Add(t.department().OperatorGrace)\n\t\tt.move", "_ = since\n\t\tt.move", "I4"},
	{"a message for later has no review date", "session/unattended.go", "t.row.Service.ReviewBy = t.now.Add(t.department().UnattendedFor)\n", "", "I4"},
	{"an operator who becomes routable starts no round", "routing/match.go", "for _, o := range r.touched {\n\t\tr.bid(o)", "for _, o := range r.touched[:0] {\n\t\tr.bid(o)", "I5"},
	{"the end of a decline is not seen", "routing/steps.go", "if d.until > r.now && (at == 0 || d.until < at) {", "if false {", "I5"},
	{"priority does not count", "routing/report.go", " - int64(row.Priority)*int64(engine.PriorityCredit)", "", "I6"},
	{"a session that waits again is as young as new", "session/own.go", "\tt.row.Owner = \"\"\n\tif q.boost {", "\tt.row.Owner, t.row.FirstQueued = \"\", t.now\n\tif q.boost {", "I6"},
	{"who turned a session down is asked again", "routing/session.go", "if d.o == o && now < d.until {", "if d.o == o && now > d.until {", "I6"},
	{"the owner's absence is not noted", "session/own.go", "case t.row.State == engine.StateActive:\n\t\tsince :=", "case false:\n\t\tsince :=", "I7"},
	{"who is gone already does not say so", "operator/presence.go", "append(m.sessions, owned{is, untold})", "append(m.sessions, owned{is, m.standing(true)})", "I7"},
	{"an owner who may not see its session is there", "operator/presence.go", "case !(m.canTake() && seen) && !m.draining:", "case !m.canTake() && !m.draining:", "I7"},
	{"a newer token is not looked at for what is owned", "operator/scope.go", "\tif len(m.connections) > 0 {\n\t\tm.rescoped()", "\tif len(m.connections) > 1 {\n\t\tm.rescoped()", "I7"},
	{"a known key is new", "session/ask.go", "if !known {\n\t\treturn false", "if known || !known {\n\t\treturn false", "I8"},
	{"a second device changes the intent", "operator/presence.go", "first := len(m.connections) == 0", "first := true", "I9"},
	{"an intent is not kept", "operator/intent.go", "\tm.do(Store{info})\n", "", "I9"},
	{"every operator may read", "session/member.go", "return isMember || s.owns(by)", "return isMember || s.owns(by) || true", "I10"},
	{"what tokens name does not count", "routing/operator.go", " && (len(p.scope) == 0 || slices.Contains(p.scope, d))", "", "I10"},
	{"a wider token changes nothing", "routing/scope.go", "\tif slices.Equal(o.scope, scope) {", "\tif len(scope) == 0 {", "I5"},
	{"an entry does not name the one before it", "session/step.go", "\t\tt.row.PrevAll = e.Seq\n\t}\n\tswitch", "\t}\n\tswitch", "I11"},
	{"a rebuilt session leaves a number out", "session/session.go", "s.life, s.last, s.durable = head.Term, head.Last, head.Last", "s.life, s.last, s.durable = head.Term, head.Last+1, head.Last", "I4 I11 I13"},
	{"a closing session keeps its offers", "session/close.go", "\tt.endOffers(cause)\n\tt.row.Offers = nil\n\tdepartment", "\tdepartment", "I12"},
	{"grace does not end", "session/clock.go", "\t\tc.set(s.row.Service.GraceBy, graceAlarm)\n", "", "I13"},
	{"a restart prolongs the grace", "session/recover.go", "t.row.State == engine.StateDetached && s.GraceBy.IsZero()", "t.row.State == engine.StateDetached", "I13"},
	{"offers are missed early", "session/offer.go", "\t\t\tDeadline: deadline, Waiting:", "\t\t\tDeadline: deadline.Add(-3e9), Waiting:", "I13"},
	{"the router speaks of another tenant", "routing/match.go", "Session: s.ref, Operator: s.promised[0].id", "Session: engine.SessionRef{Session: s.ref.Session}, Operator: s.promised[0].id", "I14"},
	{"a banned visitor writes", "session/ban.go", "if by.Kind != engine.AuthorVisitor || !t.now.Before(t.asker.banned) {", "if true {", "I10"},
	{"who watches unseen is shown", "session/view.go", "\t\tif !m.Hidden {\n\t\t\tv.Members", "\t\tif true {\n\t\t\tv.Members", "I10"},
	{"an intent that could not be kept stands", "operator/intent.go", "m.intent, m.changed = m.kept, true", "m.changed = true", "I9"},
	{"the router keeps what is closed", "routing/report.go", "\t\tr.forget(s)\n\t\treturn nil", "\t\treturn nil", "I12"},
	{"a stored session is looked at too late", "session/clock.go", "if other := t.Deadline(); at.IsZero() || !other.IsZero() && other.Before(at) {", "if false {\n\t\t\tother := at", "I13"},
	{"a rebuilt session forgets its keys", "session/session.go", "\t\ts.remember(&head.Results[i])\n", "\t\t_ = i\n", "I8"},
	{"a host is told what was typed", "unrecorded.go", "\t\treturn e.Redacted()\n\t}\n\tif !bytes", "\t\treturn e\n\t}\n\tif !bytes", "I15"},
	{"a host is told tags", "unrecorded.go", "\tf.Tags = nil\n", "", "I15"},
	{"the visitor's last activity is kept", "session/talk.go", "if t.rules.Keeps {", "if true {", "I15"},
	{"the first message is taken for a language", "session/start.go", "\tif p := t.row.Priority; p != 0 {", "\tf.Language = string(d.Body.Reveal())\n\tif p := t.row.Priority; p != 0 {", "I15"},
	{"what is written becomes a need", "session/talk.go", "\tseq := t.write(e)\n", "\tseq := t.write(e)\n\tt.row.Service.Needs = []engine.Need{{Skill: string(d.Body.Reveal())}}\n\tt.change()\n", "I15"},
	{"word of an absence in an older epoch counts", "session/own.go", "\tif in.Epoch != t.row.Epoch { // of when it had the session before (I13)\n\t\treturn\n\t}\n", "", "I13"},
	{"word of an offer that has ended ends another", "session/offer.go", "if o.ID == in.Offer && o.Operator == in.Operator {", "if o.Operator == in.Operator {", "I13"},
	{"a step of an older search counts", "session/offer.go", "if !waits || in.Epoch != t.row.Epoch || in.Step", "if !waits || in.Step", "I13"},
	{"a body prints what it holds", "body.go", "f.Write([]byte(b.String()))", "f.Write(b.Reveal())", "I15"},
}

var verdict = regexp.MustCompile(`seed \d+, after (\d+) events in world \d+: (I\d+|panic)[^\n]*`)

// TestMutants plants each fault in a copy and wants it caught.
func TestMutants(t *testing.T) {
	if os.Getenv("PARLEY_MUTANTS") == "" {
		t.Skip("PARLEY_MUTANTS is not set: make mutants")
	}
	if found := verdict.FindString(hunt(t, "", "")); found != "" {
		t.Fatalf("nothing is planted, and %s", found)
	}
	var table strings.Builder
	table.WriteString("| fault | invariants | caught by | after events |\n|---|---|---|---|\n")
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			path, err := filepath.Abs(filepath.Join("..", m.file))
			if err != nil {
				t.Fatal(err)
			}
			out := hunt(t, path, m.plant(t, path))
			found := verdict.FindStringSubmatch(out)
			if found == nil {
				t.Fatalf("not caught:\n%s", out[:min(len(out), 1000)])
			}
			t.Logf("caught by %s after %s events", found[2], found[1])
			fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", m.name, m.breaks, found[2], found[1])
			if !strings.Contains(" "+m.breaks+" ", " "+found[2]+" ") {
				t.Errorf("want %s: %s", m.breaks, found[0])
			}
		})
	}
	t.Logf("\n%s", &table)
}

// TestEveryInvariantHasAMutant: I1 to I15, and each can be planted in the rules as they
// are.
func TestEveryInvariantHasAMutant(t *testing.T) {
	for _, m := range mutants {
		m.plant(t, filepath.Join("..", m.file))
	}
	for i := range 15 {
		name := fmt.Sprintf("I%d", i+1)
		has := slices.ContainsFunc(mutants, func(m mutant) bool { return slices.Contains(strings.Fields(m.breaks), name) })
		if !has {
			t.Errorf("%s: no fault is planted that breaks it", name)
		}
	}
}

// plant is the file with the fault in it.
func (m *mutant) plant(t *testing.T, path string) string {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), m.old); n != 1 {
		t.Fatalf("%s: %s has the text %d times, want once", m.name, m.file, n)
	}
	return strings.Replace(string(source), m.old, m.fresh, 1)
}

// hunt runs the worlds with one source file replaced, or as they are.
func hunt(t *testing.T, path, source string) string {
	t.Helper()
	dir := t.TempDir()
	mutant, overlay := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json")
	replace := map[string]string{}
	if path != "" {
		replace[path] = mutant
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{mutant: []byte(source), overlay: text} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-overlay="+overlay, "-run=^TestWorlds$", ".")
	run.Env = append(os.Environ(), "PARLEY_MUTANTS=", "PARLEY_WHOLE_STORY=1", "PARLEY_EVENTS=1500000")
	out, err := run.CombinedOutput()
	if err == nil {
		return "nothing broke"
	}
	return string(out)
}
