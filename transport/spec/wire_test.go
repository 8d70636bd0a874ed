package spec_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/wire"
)

var (
	moment  = time.Date(2026, 5, 4, 12, 30, 1, 7e6, time.UTC)
	theSID  = engine.SessionID{0x01, 0x96, 0x9b, 0x3c, 0x5e, 0x10, 15: 0x2a}
	ada     = engine.Author{Kind: engine.AuthorOperator, Operator: "ada"}
	anOffer = engine.Offer{Session: theSID, ID: 4, Epoch: 1, Department: "sales", Deadline: moment, Waiting: moment}
)

// frame is one encoded frame and the operation it answers, if any.
type frame struct {
	op   string
	text []byte
}

// encoded is frames by every function of package wire that appends one, by the
// function's name; nil for one that appends no frame.
func encoded() map[string][]frame {
	tenant := &engine.Tenant{ID: "acme", Departments: []engine.Department{{ID: "sales"}}, Operators: []engine.Operator{{ID: "ada"}}}
	tenant.EnsureDefaults()
	me := engine.Me{Rev: 1, Operator: "ada", Capacity: 3000, Open: 1, OpenCap: 6}
	one := func(text []byte) []frame { return []frame{{text: text}} }
	return map[string][]frame{
		"AppendAnswer":    answers(),
		"AppendRefusal":   one(wire.AppendRefusal(nil, "c1", engine.ErrForbidden)),
		"AppendEntry":     entries(),
		"AppendSignal":    signals(me),
		"AppendResumed":   one(wire.AppendResumed(nil, &engine.Situation{Session: theSID, State: engine.StateNew, From: 1})),
		"AppendPing":      {{text: wire.AppendPing(nil, moment, nil, "")}, {text: wire.AppendPing(nil, moment, []engine.Have{{Session: theSID, Seq: 7}}, "opaque")}},
		"AppendBye":       one(wire.AppendBye(nil, "shutdown", "after", time.Second)),
		"AppendPerson":    one(wire.AppendPerson(nil, "ada", "Ada")),
		"AppendPeople":    one(wire.AppendPeople(nil, []engine.OperatorID{"ada", "bob"}, func(id engine.OperatorID) string { return string(id) })),
		"AppendBoard":     nil,
		"AppendOperator":  nil,
		"AppendAuth":      {{text: wire.AppendAuth(nil, "c0", &wire.Auth{Tenant: "acme", Anonymous: true})}},
		"AppendDraft":     drafts(),
		"AppendTyping":    one(wire.AppendTyping(nil, theSID, true)),
		"AppendPeek":      one(wire.AppendPeek(nil, theSID, engine.BodyOf("x"))),
		"AppendPong":      one(wire.AppendPong(nil, 3)),
		"AppendAck":       one(wire.AppendAck(nil, 3)),
		"AppendRecovered": one(wire.AppendRecovered(nil, &wire.Recovered{Gaps: []wire.Gap{{Session: theSID, From: 3, To: 7}}})),
		"AppendRefresh":   one(wire.AppendRefresh(nil, "c1", "a.b.c")),
		"AppendRenewed":   {{"auth.refresh", wire.AppendRenewed(nil, "c1", engine.Renewed{Expires: moment})}, {"auth.refresh", wire.AppendRenewed(nil, "c1", engine.Renewed{Expires: moment, Token: "t"})}},
		"AppendClientBye": one(wire.AppendClientBye(nil)),
		"AppendOfferID":   nil,
		"AppendProblem":   nil,
		"AppendHello": {
			{"auth.visitor", wire.AppendHello(nil, &wire.Hello{Request: "c0", Tenant: tenant, Welcome: &engine.Welcome{Token: "t", Expires: moment}, Now: moment, FrameBytes: 1, PingEvery: time.Second})},
			{"auth.operator", wire.AppendHello(nil, &wire.Hello{Request: "c0", Tenant: tenant, Operator: "ada", Welcome: &engine.Welcome{Me: &me}, Now: moment, FrameBytes: 1, PingEvery: time.Second})},
		},
	}
}

// ops are all operations of package engine.
func ops() []engine.Op {
	var all []engine.Op
	for op := engine.OpNone + 1; ; op++ {
		if _, known := engine.ParseOp(op.String()); !known {
			return all
		}
		all = append(all, op)
	}
}

func answers() (all []frame) {
	for _, op := range ops() {
		a := &engine.Answer{
			Request: "c1", Op: op, Session: theSID, Seq: 7, At: moment, Epoch: 2, State: engine.StateQueued,
			Topics: allTopics(),
			Targets: []engine.TransferTarget{
				{Target: engine.Target{Operator: "ada"}, Routable: true, Used: 1000, Capacity: 3000, Open: 1, OpenCap: 6, Missing: []string{"billing", "lang:fr"}},
				{Target: engine.Target{Department: "night"}, Reason: "closed"},
				{Target: engine.Target{Skill: "billing"}, Reason: "full"},
			},
			Intent: &engine.IntentInfo{Intent: engine.IntentPaused, Cause: engine.CauseManual, By: "ada", At: moment},
			Departments: []engine.ListedDepartment{
				{Name: "Sales", DepartmentStatus: engine.DepartmentStatus{Department: "sales", Status: engine.StatusClosed, OpensAt: moment}},
				{DepartmentStatus: engine.DepartmentStatus{Department: "desk", Queue: &engine.ListedQueue{Length: 3, P50: time.Minute}}, Form: []engine.FormField{{Name: "order", Required: true}, {Name: "kind", Label: "Which?", Options: []string{"new", "used"}}}},
				{DepartmentStatus: engine.DepartmentStatus{Department: "night", Queue: &engine.ListedQueue{}}},
			},
			Sessions: []engine.ListedSession{{Session: theSID, State: engine.StateActive, Began: moment, Filed: engine.Filed{Department: "sales", Owner: "ada"}}},
			File:     &engine.FileLink{Tenant: "acme", File: engine.FileID(theSID), Token: "t-_", Expires: moment},
		}
		if op == engine.OpBan || op == engine.OpVisitor {
			a.Visitor = sampleVisitor()
		}
		if op == engine.OpExplain {
			why := *samplesOfFacts()[engine.KindOfferMade].Decision
			last := engine.Decided{Seq: 7, At: moment, Epoch: 2, Operator: "ada", Cause: engine.CauseAuto, Ended: engine.CauseMissed, EndedAt: moment, Decision: why}
			a.Decisions = &engine.Decisions{Last: []engine.Decided{last}, Why: &engine.Why{Seq: 7, Operator: "eve", Explanation: engine.Explanation{Reason: "full", Then: why.Winner}}}
		}
		all = append(all, frame{op.String(), wire.AppendAnswer(nil, a, engine.VisibleToAll)})
	}
	return all
}

func sampleForm() *engine.Form {
	return &engine.Form{Subject: engine.BodyOf("my order"), Answers: []engine.FormAnswer{{Name: "order", Value: engine.BodyOf("17")}}}
}

func allTopics() []engine.Topic {
	return []engine.Topic{
		{Kind: engine.TopicQueue}, {Kind: engine.TopicQueue, Department: "sales"}, {Kind: engine.TopicBoard, Department: "sales"}, {Kind: engine.TopicOperators},
	}
}

// aBoard says everything that a board can.
func aBoard() engine.Board {
	return engine.Board{
		Department: "sales", Waiting: 3, Offered: 1, Active: 7, Detached: 1, Closing: 2, Unattended: 4, OldestSince: moment, P50: time.Minute, P90: 2 * time.Minute,
		Operators: [engine.OperatorStates]int{1, 2, 0, 1, 1, 5}, Slots: 6, Hour: engine.Hour{Served: 20, Abandoned: 2, Replies: 19, FirstReply: 1500 * time.Millisecond, Since: moment},
	}
}

func aRow() engine.OperatorRow {
	return engine.OperatorRow{Operator: "ada", State: engine.OperatorAccepting, Since: moment, Used: 1000, Capacity: 3000, Open: 1, OpenCap: 6}
}

func drafts() (all []frame) {
	for _, op := range ops() {
		d := &engine.Draft{Op: op, Request: "c1", ClientID: "k", Session: theSID, Offer: 4, Epoch: 1, Seq: 1, Target: 4, Intent: engine.IntentPaused, Body: engine.BodyOf("x")}
		if op == engine.OpFile || op == engine.OpFetch {
			d.File = &engine.File{ID: engine.FileID(theSID), Name: engine.BodyOf("a.png"), Bytes: 1, Media: "image/png"}
		}
		if op == engine.OpRead || op == engine.OpHistory || op == engine.OpAway || op == engine.OpFetch || op == engine.OpExplain || op == engine.OpDepartments || op == engine.OpVisitor {
			d.ClientID = ""
		}
		if op == engine.OpTargets || op == engine.OpSessions {
			d.ClientID = ""
		}
		if op == engine.OpWatch || op == engine.OpUnwatch {
			d.ClientID, d.Topics = "", allTopics()
		}
		if op == engine.OpBan {
			d.Visitor, d.Ban = engine.VisitorID(theSID), &engine.BanOrder{Days: 7, Reason: engine.BanSpam}
		}
		if op == engine.OpIdentify {
			d.Identity = &engine.IdentityChange{Basis: engine.BasisConsent, Set: []engine.Attr{{Name: "email", Value: engine.BodyOf("a@b")}}}
		}
		if op == engine.OpStart || op == engine.OpContinue {
			d.Form = sampleForm()
		}
		if _, hasPlan := servedPlans()[op]; hasPlan {
			d.Plan = servedPlans()[op]
		}
		all = append(all, frame{text: wire.AppendDraft(nil, d)})
	}
	return all
}

// servedPlans is a plan for each operation whose request needs a part of it.
func servedPlans() map[engine.Op]*engine.Plan {
	priority := -2
	full := &engine.Plan{
		Priority: &priority, Needs: []engine.Need{{Skill: "lang:fr", Level: 2, Hard: true}}, Tags: []string{"a b"}, IfRev: 4, FollowUp: moment,
		Target: engine.Target{Department: "sales"}, Cold: true, Or: engine.OrWait, Wait: time.Minute, Force: true,
	}
	transfer, set, start := *full, *full, engine.Plan{Priority: &priority, Needs: full.Needs}
	transfer.Priority, transfer.Needs, transfer.Tags, transfer.IfRev, transfer.FollowUp = nil, nil, nil, 0, time.Time{}
	set.FollowUp = time.Time{}
	return map[engine.Op]*engine.Plan{
		engine.OpStart: &start, engine.OpContinue: &start, engine.OpTransfer: &transfer, engine.OpSet: &set,
		engine.OpClose: {Tags: full.Tags, FollowUp: moment}, engine.OpRate: {Score: 5}, engine.OpPick: {Force: true},
		engine.OpJoin: {As: engine.PartObserver, Hidden: true}, engine.OpHandoff: {Needs: full.Needs},
	}
}

func entries() (all []frame) {
	for kind := engine.KindNone + 1; kind.IsValid(); kind++ {
		e := &engine.Entry{
			Session: theSID, Seq: 7, Epoch: 2, At: moment, Author: ada, Kind: kind, Department: "sales", Operator: "ada", Offer: 4, Target: 4,
			Deadline: moment, Body: engine.BodyOf("x"),
		}
		if kind == engine.KindAttrsSet {
			e.Attrs, e.Body = &engine.AttrsFact{Names: []string{"email"}, Basis: engine.BasisConsent, Source: engine.SourceForm}, engine.BodyOf("[]")
		}
		if kind == engine.KindFormFilled {
			e.Format, e.Body = engine.FormatForm, sampleForm().Encode()
		}
		if slices.Contains(hidden(), kind) {
			e.Visibility = engine.VisibleToOperators
		}
		if facts, has := samplesOfFacts()[kind]; has {
			text, err := json.Marshal(facts)
			if err != nil {
				panic(err)
			}
			e.Format, e.Body = engine.FormatFacts, engine.NewBody(text)
		}
		all = append(all, frame{text: wire.EncodeEntry(e, engine.VisibleToOperators)})
		if e.Visibility == engine.VisibleToAll {
			all = append(all, frame{text: wire.AppendEntry(nil, e, engine.VisibleToAll)})
		}
	}
	return all
}

// hidden are the kinds that only operators ever see.
func hidden() []engine.Kind {
	return []engine.Kind{
		engine.KindOfferMade, engine.KindOfferEnded, engine.KindIdentityUpgraded, engine.KindAttrsSet, engine.KindStepRelaxed,
		engine.KindTransferStarted, engine.KindTransferEnded, engine.KindTagsSet, engine.KindPrioritySet, engine.KindIdleOn, engine.KindIdleOff,
		engine.KindNudged, engine.KindWrapUpEnded, engine.KindWrapUpExtended,
	}
}

// samplesOfFacts is what entries of some kinds say besides their fields.
func samplesOfFacts() map[engine.Kind]*engine.Facts {
	step, priority, score, previous := 1, 3, 5, theSID
	needs := []engine.Need{{Skill: "billing", Level: 2, Hard: true}}
	lead := engine.Candidate{Operator: "ada", Preferred: true, Tier: engine.TierSecondary, Fit: 1, Used: 1000, Capacity: 3000, Open: 1, LastChosen: moment}
	why := &engine.Decision{
		Revision: 9, Department: "sales", Also: []engine.DepartmentID{"night"}, Step: 1, Needs: needs, Weight: 1000, Target: "ada", Owner: "bob",
		Declined: []engine.OperatorID{"eve"}, PeopleOnly: true, Waited: 12, Position: 1, Strategy: "balanced", Rule: "tier", Winner: lead,
		Next: []engine.Candidate{{Operator: "bob", Capacity: 3000}}, Eligible: 2,
		Rest: engine.Reasons{NotMember: 1, NeverAuto: 1, Skills: 1, NotRoutable: 1, Breathing: 1, OpenCap: 1, Full: 1, Owner: 1, Declined: 1},
	}
	return map[engine.Kind]*engine.Facts{
		engine.KindStepRelaxed: {Step: &step}, engine.KindOfferMade: {Decision: why}, engine.KindSessionAssigned: {Decision: why},
		engine.KindTransferStarted: {Target: &engine.Target{Skill: "billing"}, Mode: "warm", Fallback: "wait", Force: true},
		engine.KindTransferEnded:   {Outcome: "failed"}, engine.KindParticipantJoined: {As: "member"}, engine.KindTagsSet: {Tags: []string{"vip"}},
		engine.KindPrioritySet: {Priority: &priority, Needs: needs, Department: "sales"}, engine.KindRated: {Score: &score},
		engine.KindSessionStarted: {Previous: &previous, Needs: needs, Priority: &priority, Language: "fr"}, engine.KindSessionClosing: {FollowUp: &moment},
		engine.KindSessionClosed: {Needs: needs},
	}
}

// samplesOfSignals is one of every type of engine.Signal, by the type's name.
func samplesOfSignals(me engine.Me) map[string][]engine.Signal {
	return map[string][]engine.Signal{
		"Typing":           {engine.Typing{Session: theSID, Author: ada, On: true}},
		"Peek":             {engine.Peek{Session: theSID, Author: ada, Body: engine.BodyOf("x")}, engine.Peek{Session: theSID}},
		"Presence":         {engine.Presence{Session: theSID, Author: ada, Present: true}},
		"ReadMoved":        {engine.ReadMoved{Session: theSID, Author: ada}},
		"Situation":        {engine.Situation{Session: theSID, State: engine.StateNew, From: 1}, served()},
		"QueuePosition":    {engine.QueuePosition{Session: theSID, Position: 1}, engine.QueuePosition{Session: theSID, Position: 3, P50: time.Millisecond, P90: time.Minute}},
		"DepartmentStatus": {engine.DepartmentStatus{Department: "sales", Status: engine.StatusClosed, OpensAt: moment}, engine.DepartmentStatus{Department: "sales"}},
		"Me":               {me},
		"OfferNew":         {engine.OfferNew{Rev: 1, Offer: anOffer}, engine.OfferNew{Rev: 1, Offer: anOffer, Brief: aBrief()}, engine.OfferNew{Rev: 1, Offer: anOffer, Brief: &engine.Brief{Parallel: 1}}},
		"Load":             {engine.Load{Used: 1300, Capacity: 3000, Open: 2, OpenCap: 6, Breathing: moment}, engine.Load{}},
		"Notice": {
			engine.Notice{Kind: engine.NoticeMissedPause, Since: moment, Misses: 2},
			engine.Notice{Kind: engine.NoticeConfigChanged, Rev: 7},
			engine.Notice{Kind: engine.NoticeGoingAway},
			engine.Notice{Kind: engine.NoticeRisk, Department: "sales", Waited: time.Minute, Sessions: 3},
		},
		"OfferRevoked":   {engine.OfferRevoked{Rev: 2, Session: theSID, ID: 4, Cause: engine.CauseMissed}},
		"MineChanged":    {engine.MineChanged{Rev: 3, Session: theSID, Owned: true}, engine.MineChanged{Rev: 3, Used: 1000, Open: 1, OpenCap: 6}},
		"IntentChanged":  {engine.IntentChanged{Rev: 4}},
		"Queue":          {&engine.Queue{Rev: 1, Snapshot: true}, &engine.Queue{Rev: 2}, &engine.Queue{Rev: 3, Figures: &engine.QueueFigures{Department: "sales", Lines: []engine.QueueLine{{Department: "sales", Length: 1, OldestSince: moment, P50: time.Second, P90: time.Minute}}}}},
		"BoardShown":     {engine.BoardShown{Rev: 1, Snapshot: true, At: moment, Board: aBoard()}, engine.BoardShown{Rev: 2, At: moment, Board: engine.Board{Department: "sales"}}},
		"OperatorsShown": {&engine.OperatorsShown{Rev: 1, Snapshot: true, Rows: []engine.OperatorRow{aRow()}}, &engine.OperatorsShown{Rev: 2, Gone: []engine.OperatorID{"ada"}}},
		"WatchEnded": {
			engine.WatchEnded{Topic: engine.Topic{Kind: engine.TopicQueue, Department: "sales"}},
			engine.WatchEnded{Rev: 3, Topic: engine.Topic{Kind: engine.TopicBoard, Department: "sales"}},
			engine.WatchEnded{Rev: 1, Topic: engine.Topic{Kind: engine.TopicOperators}},
		},
		"GoingAway": {engine.GoingAway{Retry: time.Second}},
	}
}

func aBrief() *engine.Brief {
	return &engine.Brief{
		Waited: 90 * time.Second, Name: engine.BodyOf("Gr\u00e9te \"<b>\""), Verified: true, Met: []engine.Need{{Skill: "lang:fr", Level: 3}, {Skill: "billing"}},
		Parallel: 2, Rule: "balanced", Step: 1, Reach: []engine.DepartmentID{"sales"},
	}
}

// served is a session as an operator sees it, with all there is.
func served() engine.Situation {
	return engine.Situation{
		Session: theSID, State: engine.StateDetached, From: 1, Deadline: moment, RateBy: moment,
		Serving: &engine.Serving{
			FirstQueued: moment, Queued: moment, Step: 1, Priority: -1, Needs: []engine.Need{{Skill: "billing"}}, Tags: []string{"vip"}, Rev: 4, TurnSince: moment, Idle: true,
			Transfer: &engine.Transfer{ID: 5, Target: engine.Target{Operator: "bob"}, By: "ada", Cold: true, Or: engine.OrWait, Until: moment, Force: true},
			Members:  []engine.Member{{Operator: "eve", As: engine.PartWhisper}}, Previous: theSID, FollowUp: moment,
		},
	}
}

func signals(me engine.Me) (all []frame) {
	for _, of := range samplesOfSignals(me) {
		for _, signal := range of {
			all = append(all, frame{text: wire.AppendSignal(nil, signal)})
		}
	}
	return all
}

// functions of a package's files that are no tests: receiver's type (or empty)
// and name.
func functions(t *testing.T, dir string) (all [][2]string) {
	t.Helper()
	for _, file := range sources(t, dir) {
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			receiver := ""
			if f.Recv != nil {
				typ := f.Recv.List[0].Type
				if star, ok := typ.(*ast.StarExpr); ok {
					typ = star.X
				}
				receiver = typ.(*ast.Ident).Name
			}
			all = append(all, [2]string{receiver, f.Name.Name})
		}
	}
	return all
}

func sources(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	all := map[string]*ast.File{}
	for _, path := range glob(t, dir+"/*.go") {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		all[path] = file
	}
	return all
}

// TestEveryFrameOfWireIsDescribed, and nothing else is: a new function that
// encodes, a new signal, a new kind of entry and a new operation all show here.
func TestEveryFrameOfWireIsDescribed(t *testing.T) {
	all := compile(t, true)
	seen := map[string]bool{"req.auth.operator": true} // it is in wire's golden frames
	for name, frames := range encoded() {
		for _, f := range frames {
			frame := parse(t, f.text)
			schema := asked{word(frame, "id"): f.op}.serverFrame(frame)
			if word(frame, "k") == "req" || slices.Contains([]string{"AppendTyping", "AppendPeek", "AppendPong", "AppendAck", "AppendClientBye"}, name) {
				schema = asked{}.clientFrame("visitor", frame)
			}
			seen[schema] = true
			if err := all.check(schema, frame); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	described := slices.Sorted(maps.Keys(all))
	if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, described) {
		t.Errorf("encoded:\n%s\ndescribed:\n%s", strings.Join(got, "\n"), strings.Join(described, "\n"))
	}
}

// TestNoEncoderIsForgotten: the tables above hold all there is to encode.
func TestNoEncoderIsForgotten(t *testing.T) {
	var appends, signals []string
	for _, f := range functions(t, "../wire") {
		if f[0] == "" && strings.HasPrefix(f[1], "Append") {
			appends = append(appends, f[1])
		}
	}
	for _, f := range functions(t, "../../engine") {
		if f[1] == "Lasting" {
			signals = append(signals, f[0])
		}
	}
	slices.Sort(appends)
	slices.Sort(signals)
	if want := slices.Sorted(maps.Keys(encoded())); !slices.Equal(appends, want) {
		t.Errorf("functions of wire: got %q, the table has %q", appends, want)
	}
	if want := slices.Sorted(maps.Keys(samplesOfSignals(engine.Me{}))); !slices.Equal(signals, want) {
		t.Errorf("signals of engine: got %q, the table has %q", signals, want)
	}
}

// TestClientControlsAreKnown: each control frame that clients may send means
// something to package wire.
func TestClientControlsAreKnown(t *testing.T) {
	for name := range compile(t, false) {
		what, ok := strings.CutPrefix(name, "ctl.client.")
		if !ok {
			continue
		}
		var f wire.Frame
		err := wire.Decode([]byte(`{"k":"ctl","t":"`+what+`","d":{"sid":"01JTDKRQGG000000000000001A","on":true,"text":"x"}}`), &f)
		if err != nil || f.Kind == wire.FrameUnknown {
			t.Errorf("%s: got kind %d, %v", what, f.Kind, err)
		}
	}
}

// TestClosedLists: the lists of words in the schemas are those of the code.
func TestClosedLists(t *testing.T) {
	defs := schemaOf(t, common)["$defs"].(map[string]any)
	list := func(node map[string]any) []string {
		var words []string
		for _, v := range node["enum"].([]any) {
			words = append(words, v.(string))
		}
		slices.Sort(words)
		return words
	}
	of := func(def string, path ...string) []string {
		node := defs[def].(map[string]any)
		for _, name := range path {
			node = node["properties"].(map[string]any)[name].(map[string]any)
		}
		return list(node)
	}
	var causes, states, intents []string
	for c := engine.CauseNone + 1; ; c++ {
		if _, known := engine.ParseCause(c.String()); !known {
			break
		}
		causes = append(causes, c.String())
	}
	for s := engine.StateNew; !strings.Contains(s.String(), "("); s++ {
		states = append(states, s.String())
	}
	for i := engine.IntentAccepting; !strings.Contains(i.String(), "("); i++ {
		intents = append(intents, i.String())
	}
	bye := schemaOf(t, "ctl.bye")["properties"].(map[string]any)["d"].(map[string]any)["properties"].(map[string]any)
	for _, c := range []struct {
		what      string
		got, want []string
	}{
		{"causes", of("cause"), causes},
		{"states", of("state"), states},
		{"intents", of("intent_word"), intents},
		{"intents, with none", of("intent", "intent"), append(intents, "")},
		{"bases", of("lawful_basis"), names(engine.BasisConsent)},
		{"sources", of("source"), names(engine.SourceForm)},
		{"turns", of("turn"), []string{engine.TurnOperator.String(), engine.TurnVisitor.String()}},
		{"authors", of("by", "kind"), []string{engine.AuthorSystem.String(), engine.AuthorVisitor.String(), engine.AuthorOperator.String(), engine.AuthorIntegration.String()}},
		{"codes", of("code"), codes(t)},
		{"reasons of bye", list(bye["reason"].(map[string]any)), farewells(t)},
	} {
		slices.Sort(c.want)
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: the schema has %q, the code %q", c.what, c.got, c.want)
		}
	}
}

// codes are the codes of engine's errors as clients see them.
func codes(t *testing.T) []string {
	found := map[string]bool{}
	ast.Inspect(sources(t, "../../engine")["../../engine/errors.go"], func(n ast.Node) bool {
		pair, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		if key, ok := pair.Key.(*ast.Ident); ok && key.Name == "Code" {
			found[wire.Code(&engine.Error{Code: textOf(pair.Value)})] = true
		}
		return true
	})
	return slices.Collect(maps.Keys(found))
}

// farewells are the reasons that the server gives before it closes: those with
// advice in its table.
func farewells(t *testing.T) (all []string) {
	ast.Inspect(sources(t, "..")["../codes.go"], func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok || len(lit.Elts) != 4 {
			return true
		}
		if advice, isText := lit.Elts[2].(*ast.BasicLit); isText && textOf(advice) == "" {
			return true
		}
		all = append(all, textOf(lit.Elts[1]))
		return true
	})
	return all
}

func textOf(node ast.Expr) string {
	lit, ok := node.(*ast.BasicLit)
	if !ok {
		return ""
	}
	text, _ := strconv.Unquote(lit.Value)
	return text
}

// names lists the texts of a closed list from its first value on.
func names[T interface {
	~uint8
	String() string
}](first T) (all []string) {
	for v := first; !strings.Contains(v.String(), "("); v++ {
		all = append(all, v.String())
	}
	return all
}
