package wire

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parleyhq/parley/engine"
)

func facts(e *engine.Entry, f engine.Facts) {
	text, err := json.Marshal(f)
	if err != nil {
		panic(err)
	}
	e.Format, e.Body = engine.FormatFacts, engine.NewBody(text)
}

func aDecision() *engine.Decision {
	return &engine.Decision{
		Revision: 9, Department: "sales", Weight: 1000, Waited: 1200, Position: 1, Strategy: "balanced", Rule: "tier", Eligible: 2,
		Winner: engine.Candidate{Operator: "ada", Capacity: 3000}, Next: []engine.Candidate{{Operator: "eve", Tier: engine.TierSecondary, Capacity: 3000}},
	}
}

// servedFrames is one frame of everything about how sessions are served.
func servedFrames() map[string][]byte {
	all, ops := engine.VisibleToAll, engine.VisibleToOperators
	evt := func(kind engine.Kind, reader engine.Visibility, change func(*engine.Entry)) []byte {
		return AppendEntry(nil, entry(kind, func(e *engine.Entry) {
			if reader == ops {
				e.Visibility = ops
			}
			if change != nil {
				change(e)
			}
		}), reader)
	}
	req := func(op engine.Op, plan *engine.Plan, text string) []byte {
		d := &engine.Draft{Op: op, Request: "c1", ClientID: "k", Session: session, Epoch: 2, Plan: plan}
		if text != "" {
			d.Body = engine.BodyOf(text)
		}
		return AppendDraft(nil, d)
	}
	res := func(op engine.Op, seq engine.Seq) []byte {
		a := &engine.Answer{Request: "c1", Op: op, Session: session, Seq: seq, Epoch: 2, State: engine.StateQueued}
		if seq > 0 {
			a.At = at
		}
		return AppendAnswer(nil, a, all)
	}
	owner := func(e *engine.Entry) { e.Operator, e.Deadline = "ada", at }
	priority, score, step := 3, 5, 1
	golden := map[string][]byte{
		"evt.step.relaxed":            evt(engine.KindStepRelaxed, ops, func(e *engine.Entry) { e.Cause = engine.CauseStep; facts(e, engine.Facts{Step: &step}) }),
		"evt.offer.made.why":          evt(engine.KindOfferMade, ops, func(e *engine.Entry) { owner(e); facts(e, engine.Facts{Decision: aDecision()}) }),
		"evt.session.assigned.direct": evt(engine.KindSessionAssigned, all, func(e *engine.Entry) { e.Operator = "ada"; facts(e, engine.Facts{Decision: aDecision()}) }),
		"evt.session.started.continued": evt(engine.KindSessionStarted, all, func(e *engine.Entry) {
			e.Department = "sales"
			facts(e, engine.Facts{Previous: &other, Priority: &priority})
		}),
		"evt.session.detached":   evt(engine.KindSessionDetached, all, func(e *engine.Entry) { owner(e); e.Cause = engine.CauseOperatorLost }),
		"evt.session.restored":   evt(engine.KindSessionRestored, all, owner),
		"evt.session.requeued":   evt(engine.KindSessionRequeued, all, func(e *engine.Entry) { owner(e); e.Department, e.Cause = "sales", engine.CauseOperatorLost }),
		"evt.session.unattended": evt(engine.KindSessionUnattended, all, func(e *engine.Entry) { e.Department, e.Deadline, e.Cause = "sales", at, engine.CauseNobody }),
		"evt.transfer.started": evt(engine.KindTransferStarted, ops, func(e *engine.Entry) {
			e.Author, e.Deadline = ada, at
			facts(e, engine.Facts{Target: &engine.Target{Department: "help"}, Mode: "warm", Fallback: "wait"})
		}),
		"evt.transfer.ended": evt(engine.KindTransferEnded, ops, func(e *engine.Entry) {
			e.Target, e.Cause = 5, engine.CauseTargetFull
			facts(e, engine.Facts{Outcome: "failed"})
		}),
		"evt.participant.joined":         evt(engine.KindParticipantJoined, all, func(e *engine.Entry) { e.Author, e.Operator = ada, "ada"; facts(e, engine.Facts{As: "member"}) }),
		"evt.participant.joined.whisper": evt(engine.KindParticipantJoined, ops, func(e *engine.Entry) { e.Author, e.Operator = ada, "ada"; facts(e, engine.Facts{As: "whisper"}) }),
		"evt.participant.left":           evt(engine.KindParticipantLeft, all, func(e *engine.Entry) { e.Author, e.Operator = ada, "ada" }),
		"evt.tags.set":                   evt(engine.KindTagsSet, ops, func(e *engine.Entry) { e.Author = ada; facts(e, engine.Facts{Tags: []string{"vip", "<b>"}}) }),
		"evt.priority.set":               evt(engine.KindPrioritySet, ops, func(e *engine.Entry) { e.Author = ada; facts(e, engine.Facts{Priority: &priority}) }),
		"evt.idle.on":                    evt(engine.KindIdleOn, ops, nil),
		"evt.idle.off":                   evt(engine.KindIdleOff, ops, nil),
		"evt.warned":                     evt(engine.KindWarned, all, func(e *engine.Entry) { e.Cause = engine.CauseVisitorSilent }),
		"evt.nudged":                     evt(engine.KindNudged, ops, owner),
		"evt.wrapup.ended":               evt(engine.KindWrapUpEnded, ops, func(e *engine.Entry) { e.Author = ada }),
		"evt.form.filled":                evt(engine.KindFormFilled, all, func(e *engine.Entry) { e.Author, e.Format, e.Body = visitor, engine.FormatForm, aForm().Encode() }),
		"evt.form.filled.redacted":       evt(engine.KindFormFilled, all, func(e *engine.Entry) { e.Author, e.Format = visitor, engine.FormatRedacted }),
		"evt.wrapup.extended":            evt(engine.KindWrapUpExtended, ops, func(e *engine.Entry) { e.Author = ada; owner(e) }),
		"evt.rating.requested":           evt(engine.KindRatingRequested, all, owner),
		"evt.rated":                      evt(engine.KindRated, all, func(e *engine.Entry) { e.Author = visitor; facts(e, engine.Facts{Score: &score}) }),
		"evt.note.added":                 evt(engine.KindNoteAdded, ops, func(e *engine.Entry) { e.Author, e.Body = ada, engine.BodyOf("call back") }),
		"evt.note.added.visitor":         evt(engine.KindNoteAdded, all, func(e *engine.Entry) { e.Author, e.Body = visitor, engine.BodyOf("kind") }),

		"eph.queue.position":         AppendSignal(nil, engine.QueuePosition{Session: session, Position: 3, P50: 90 * time.Second, P90: time.Millisecond}),
		"eph.queue.position.unknown": AppendSignal(nil, engine.QueuePosition{Session: session, Position: 1}),
		"eph.department.status":      AppendSignal(nil, engine.DepartmentStatus{Department: "sales", Status: engine.StatusClosed, OpensAt: at}),
		"res.hello.operator.rights":  helloOfRights(),
		"eph.department.status.line": AppendSignal(nil, engine.DepartmentStatus{Department: "sales", Status: engine.StatusOpenQueue, Queue: &engine.ListedQueue{Length: 4, P50: time.Minute}}),
		"ctl.resumed.serving": AppendSignal(nil, engine.Situation{
			Session: session, State: engine.StateDetached, From: 1, Deadline: at, RateBy: at, Serving: &engine.Serving{
				FirstQueued: at, Queued: at, Needs: []engine.Need{{Skill: "lang:fr", Level: 3, Hard: true}}, Tags: []string{"vip"}, Rev: 4,
				Transfer: &engine.Transfer{ID: 5, Target: engine.Target{Skill: "billing"}, By: "ada"}, Members: []engine.Member{{Operator: "eve", As: engine.PartWhisper}},
			},
		}),
		"watch.me.intent.changed.until": AppendSignal(nil, engine.IntentChanged{Rev: 7, Intent: engine.IntentInfo{Intent: engine.IntentPaused, Cause: engine.CauseManual, Until: at}}),

		"res.department_closed":   AppendRefusal(nil, "c1", engine.ErrDepartmentClosed.Until(at)),
		"res.stale_revision":      AppendRefusal(nil, "c1", engine.ErrStaleRevision.At(9)),
		"req.session.pick":        req(engine.OpPick, nil, ""),
		"req.session.takeover":    req(engine.OpTakeover, &engine.Plan{Force: true}, ""),
		"req.session.release":     req(engine.OpRelease, &engine.Plan{Target: engine.Target{Department: "help"}}, "look at this"),
		"req.transfer.start":      req(engine.OpTransfer, &engine.Plan{Target: engine.Target{Operator: "eve"}, Or: engine.OrWait, Wait: time.Minute}, "look"),
		"req.transfer.cancel":     req(engine.OpTransferCancel, nil, ""),
		"req.session.join":        req(engine.OpJoin, &engine.Plan{As: engine.PartObserver, Hidden: true}, ""),
		"req.session.leave":       req(engine.OpLeave, nil, ""),
		"req.session.set":         req(engine.OpSet, &engine.Plan{Priority: &priority, Needs: []engine.Need{{Skill: "billing", Level: 2}}, Tags: []string{}, IfRev: 4}, ""),
		"req.wrapup.extend":       req(engine.OpWrapUpExtend, nil, ""),
		"req.wrapup.done":         req(engine.OpWrapUpDone, nil, ""),
		"req.session.rate":        req(engine.OpRate, &engine.Plan{Score: 5}, "kind"),
		"req.note.add":            req(engine.OpNote, nil, "call back"),
		"req.session.leave_queue": req(engine.OpLeaveQueue, &engine.Plan{Message: true}, ""),
		"req.session.handoff":     req(engine.OpHandoff, nil, ""),
		"req.session.continue":    req(engine.OpContinue, nil, "again"),
		"req.session.close.tags":  req(engine.OpClose, &engine.Plan{Tags: []string{"vip"}, FollowUp: at}, ""),
		"req.intent.set.until":    AppendDraft(nil, &engine.Draft{Op: engine.OpIntent, Request: "c1", ClientID: "k", Intent: engine.IntentPaused, For: "eve", Until: at}),
		"req.department.list":     AppendDraft(nil, &engine.Draft{Op: engine.OpDepartments, Request: "c1"}),
		"res.department.list": AppendAnswer(nil, &engine.Answer{Request: "c1", Op: engine.OpDepartments, Departments: []engine.ListedDepartment{
			{Name: "Sales", DepartmentStatus: engine.DepartmentStatus{Department: "sales"}},
			{DepartmentStatus: engine.DepartmentStatus{Department: "night", Status: engine.StatusClosed, OpensAt: at}},
		}}, all),
		"req.explain": AppendDraft(nil, &engine.Draft{Op: engine.OpExplain, Request: "c1", Session: session, Target: 4, For: "eve"}),
		"res.explain": AppendAnswer(nil, &engine.Answer{Request: "c1", Op: engine.OpExplain, Session: session, Decisions: &engine.Decisions{
			Last: []engine.Decided{
				{Seq: 4, At: at, Epoch: 1, Operator: "ada", Cause: engine.CauseAuto, Ended: engine.CauseMissed, EndedAt: at, Decision: *aDecision()},
				{Seq: 7, At: at, Epoch: 2, Operator: "ada", Cause: engine.CauseAuto, Direct: true, Accepted: true, EndedAt: at, Decision: *aDecision()},
			},
			More: true, Why: &engine.Why{Seq: 4, Operator: "eve", Explanation: engine.Explanation{Reason: "next", Then: engine.Candidate{Operator: "eve", Tier: engine.TierSecondary}}},
		}}, ops),
		"res.session.join.hidden": res(engine.OpJoin, 0),
	}
	maps.Copy(golden, visitorFrames())
	for op := engine.OpPick; op <= engine.OpContinue; op++ {
		golden["res."+op.String()] = res(op, 7)
	}
	return golden
}

// TestVisitorsGetNoFacts: of what the router knows about operators, and of how the
// session is filed, a visitor's frames say nothing.
func TestVisitorsGetNoFacts(t *testing.T) {
	score := 4
	all := engine.Facts{
		Decision: aDecision(), Tags: []string{"eve-tag"}, Needs: []engine.Need{{Skill: "eve-skill"}}, Target: &engine.Target{Operator: "eve"},
		Score: &score, Previous: &other, FollowUp: &at, As: "member",
	}
	for kind := engine.KindNone + 1; kind.IsValid(); kind++ {
		e := entry(kind, func(e *engine.Entry) { facts(e, all) })
		if kind == engine.KindMessageNew || kind == engine.KindMessageEdited || kind == engine.KindNoteAdded || kind == engine.KindAttrsSet {
			continue // what somebody wrote
		}
		text := string(AppendEntry(nil, e, engine.VisibleToAll))
		if strings.Contains(text, "eve") || strings.Contains(text, "follow_up") {
			t.Errorf("%s: a visitor gets %s", kind, text)
		}
		if has := strings.Contains(text, `"facts":`); has != (kind == engine.KindRated || kind == engine.KindSessionStarted) {
			t.Errorf("%s: got %s", kind, text)
		}
	}
}

// TestSpoiltFactsAreLeftOut: an event stays JSON, whatever its log held.
func TestSpoiltFactsAreLeftOut(t *testing.T) {
	for _, text := range []string{`{"step":`, ``, `x`} {
		e := entry(engine.KindStepRelaxed, func(e *engine.Entry) { e.Format, e.Body = engine.FormatFacts, engine.BodyOf(text) })
		for _, reader := range []engine.Visibility{engine.VisibleToAll, engine.VisibleToOperators} {
			if frame := AppendEntry(nil, e, reader); !json.Valid(frame) {
				t.Errorf("%q: got %s", text, frame)
			}
		}
	}
}

// TestPlansRoundTrip: what a client of ours asks for is what the server reads.
func TestPlansRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := engine.Draft{
			Op: engine.Op(rapid.IntRange(int(engine.OpPick), int(engine.OpContinue)).Draw(t, "op")), Request: "c1", ClientID: "k", Session: session,
			Epoch: engine.Epoch(rapid.IntRange(1, 9).Draw(t, "ep")),
		}
		p := &engine.Plan{}
		text := engine.BodyOf(rapid.StringN(1, 20, -1).Draw(t, "text"))
		needs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) engine.Need {
			return engine.Need{Skill: rapid.StringMatching(`[a-zé:]{1,9}`).Draw(t, "skill"), Level: rapid.IntRange(0, 5).Draw(t, "level"), Hard: rapid.Bool().Draw(t, "hard")}
		}), 0, engine.MaxNeeds).Draw(t, "needs")
		priority := rapid.IntRange(engine.MinPriority, engine.MaxPriority).Draw(t, "priority")
		force := rapid.Bool().Draw(t, "force")
		switch d.Op {
		case engine.OpPick, engine.OpTakeover:
			p.Force = force
		case engine.OpRelease, engine.OpHandoff:
			d.Department, p.Target.Department, d.Body = "help", "help", text
			if d.Op == engine.OpHandoff {
				p.Needs = needs
			}
		case engine.OpTransfer:
			p.Target = rapid.SampledFrom([]engine.Target{{Operator: "eve@x"}, {Department: "help"}, {Skill: "é \""}}).Draw(t, "target")
			p.Cold, p.Or, p.Wait, p.Force, d.Body = force, engine.OrWait, time.Duration(rapid.IntRange(1, maxWait).Draw(t, "wait"))*time.Second, force, text
		case engine.OpJoin:
			d.Epoch, p.As, p.Hidden = 0, engine.PartObserver, force
		case engine.OpSet:
			d.Department, p.Target.Department = "help", "help"
			weight := rapid.IntRange(engine.MinWeight, engine.MaxWeight).Draw(t, "weight")
			p.Weight = &weight
			p.Priority, p.Needs, p.Tags, p.IfRev = &priority, needs, []string{"vip", "é"}, 7
		case engine.OpRate:
			d.Epoch, p.Score, d.Body = 0, 5, text
		case engine.OpNote:
			d.Epoch, p, d.Body = 0, nil, text
		case engine.OpLeaveQueue:
			d.Epoch, p.Message = 0, force
		case engine.OpContinue:
			d.Epoch, d.Department, d.Body, p.Needs = 0, "help", text, needs
		default:
			p = nil
		}
		d.Plan = p
		var frame Frame
		if err := Decode(AppendDraft(nil, &d), &frame); err != nil {
			t.Fatalf("%s: %v %v", d.Op, err, err.Fields)
		}
		frame.Draft.Epoch, d.Epoch = 0, 0 // known where it has no field
		if !reflect.DeepEqual(frame.Draft, d) {
			t.Fatalf("got %+v %+v, want %+v %+v", frame.Draft, frame.Draft.Plan, d, d.Plan)
		}
	})
}

func TestRefusedPlans(t *testing.T) {
	head := `{"k":"req","id":"c1","op":`
	own := `{"sid":"` + session.String() + `","idem":"k","ep":1,`
	for _, tt := range []struct {
		data   string
		fields []string
	}{
		{`"session.pick","d":{}`, []string{"sid", "idem", "ep"}},
		{`"transfer.start","d":` + own + `"target":4}`, []string{"target"}},
		{`"message.redact","d":` + own + `"target":{"operator":"ada"}}`, []string{"target"}},
		{`"transfer.start","d":` + own + `"target":{}}`, []string{"target"}},
		{`"transfer.start","d":` + own + `"target":{"operator":"ada","skill":"x"}}`, []string{"target"}},
		{`"transfer.start","d":` + own + `"target":{"operator":"a b"}}`, []string{"target"}},
		{`"transfer.start","d":` + own + `"target":{"skill":"x"},"mode":"hot","on_unavailable":"pray","wait_s":0}`, []string{"mode", "on_unavailable", "wait_s"}},
		{`"session.join","d":` + own + `"as":"owner"}`, []string{"as"}},
		{`"session.set","d":` + own + `"priority":11,"skills":[{"level":1}],"weight":99,"tags":[7]}`, []string{"priority", "skills", "weight", "tags"}},
		{`"session.set","d":` + own + `"tags":[` + strings.Repeat(`"x",`, engine.MaxTags) + `"x"]}`, []string{"tags"}},
		{`"session.rate","d":` + own + `"score":6}`, []string{"score"}},
		{`"session.leave_queue","d":` + own + `"choice":"stay"}`, []string{"choice"}},
		{`"session.close","d":` + own + `"follow_up_at":"tomorrow"}`, []string{"follow_up_at"}},
		{`"intent.set","d":{"intent":"paused","until":7,"for":"a b","drain":"yes"}`, []string{"until", "for", "drain"}},
	} {
		var frame Frame
		err := Decode([]byte(head+tt.data+"}"), &frame)
		if err == nil || err.Code != engine.ErrBadRequest.Code || !slices.Equal(err.Fields, tt.fields) {
			t.Errorf("%s: got %v, want the fields %q", tt.data, err, tt.fields)
		}
	}
}
