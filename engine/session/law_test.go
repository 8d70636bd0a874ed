package session_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
	"pgregory.net/rapid"
)

// life is a session that anything may happen to, and what must hold of it.
type life struct {
	rapid.TB
	T *rapid.T // draws; nil where nothing is drawn
	chat
	model
	number uint64
	mail   []session.Input // of operators, ever: see late
}

var (
	authors   = rapid.SampledFrom([]engine.Author{visitor, visitor, visitor, operator("ada"), operator("ada"), operator("bob"), operator("bot"), operator("eve"), server, {}})
	operators = rapid.SampledFrom([]engine.OperatorID{"ada", "ada", "ada", "bob", "bob", "bot", "eve", "robot"})
	ops       = rapid.SampledFrom([]engine.Op{
		engine.OpMessage, engine.OpMessage, engine.OpMessage, engine.OpRead, engine.OpClose,
		engine.OpEdit, engine.OpEdit, engine.OpRedact,
		engine.OpAccept, engine.OpAccept, engine.OpReject, engine.OpStart, engine.OpStart, engine.OpAway,
		engine.OpPick, engine.OpTakeover, engine.OpRelease, engine.OpHandoff, engine.OpTransfer, engine.OpTransferCancel,
		engine.OpJoin, engine.OpJoin, engine.OpLeave, engine.OpSet, engine.OpWrapUpExtend, engine.OpWrapUpDone,
		engine.OpRate, engine.OpNote, engine.OpLeaveQueue, engine.OpContinue,
	})
	bodies = rapid.SampledFrom([]string{"", "a", "b", "{}", string(make([]byte, 101))})
	forms  = rapid.SampledFrom([]*engine.Form{
		nil, nil,
		{},
		{Subject: engine.BodyOf("my order")},
		{Subject: engine.BodyOf("two\nlines")},
		{Subject: engine.BodyOf("an order"), Answers: []engine.FormAnswer{{Name: "order", Value: engine.BodyOf("17")}}},
	})
	causes      = rapid.SampledFrom([]engine.Cause{engine.CauseOperatorLost, engine.CauseOperatorLost, engine.CauseOperatorSignedOut, engine.CauseOperatorRemoved})
	departments = rapid.SampledFrom([]engine.DepartmentID{"sales", "support", "strict", "sunday", "early", "", "none"})
	rights      = rapid.SampledFrom([]engine.Rights{0, 0, engine.RightSupervise, engine.RightPick, engine.RightSupervise | engine.RightHide, engine.RightPriority})
)

func (l *life) draft() session.Ask {
	by, op := authors.Draw(l.T, "by"), ops.Draw(l.T, "op")
	if op == engine.OpClose && rapid.IntRange(0, 3).Draw(l.T, "mercy") > 0 {
		op = engine.OpMessage // let some live longer
	}
	return l.draftOf(by, op)
}

func (l *life) draftOf(by engine.Author, op engine.Op) session.Ask {
	row := l.s.Row()
	d := engine.Draft{Op: op, Request: "r", Body: engine.BodyOf(bodies.Draw(l.T, "body")), Plan: l.plan(op)}
	switch op {
	case engine.OpStart: // its text is kept as a message under its key
		d.ClientID = rapid.SampledFrom([]string{"", "start-k1", "start-k2", "start-k3"}).Draw(l.T, "key")
		d.Department, d.Form = departments.Draw(l.T, "department"), forms.Draw(l.T, "form")
		if d.ClientID != "" { // a start's key stands for its department too
			d.Department = map[string]engine.DepartmentID{"start-k1": "sales", "start-k2": "strict", "start-k3": "early"}[d.ClientID]
		}
	case engine.OpMessage, engine.OpEdit:
		d.ClientID = rapid.SampledFrom([]string{"", "k1", "k2", "k3"}).Draw(l.T, "key")
		d.Format = rapid.SampledFrom([]engine.Format{0, 0, 0, 0, engine.FormatForm, engine.FormatPostback, engine.FormatRedacted}).Draw(l.T, "format")
		if op == engine.OpMessage {
			d.Visibility = rapid.SampledFrom([]engine.Visibility{0, 0, 0, engine.VisibleToOperators}).Draw(l.T, "visibility")
		}
	default:
		if !takesText(op) {
			d.Body = engine.Body{}
		}
		if d.ClientID = rapid.SampledFrom([]string{"", "k1", "k2"}).Draw(l.T, "key"); d.ClientID != "" {
			d.ClientID = op.String() + "-" + d.ClientID
		}
	}
	if rapid.Bool().Draw(l.T, "conditional") {
		d.IfSeq = engine.Seq(rapid.IntRange(0, len(l.log)+1).Draw(l.T, "if"))
	}
	if rapid.IntRange(0, 3).Draw(l.T, "with epoch") == 0 {
		d.Epoch = engine.Epoch(rapid.IntRange(0, int(row.Epoch)+1).Draw(l.T, "epoch"))
	}
	if len(row.Offers) > 0 {
		d.Offer = rapid.SampledFrom(row.Offers).Draw(l.T, "offer").ID
	}
	if rapid.IntRange(0, 4).Draw(l.T, "other offer") == 0 {
		d.Offer++
	}
	d.Seq = engine.Seq(rapid.IntRange(0, len(l.log)+2).Draw(l.T, "seq"))
	if op == engine.OpEdit || op == engine.OpRedact {
		d.Target = l.aim(by)
	}
	return session.Ask{By: by, Draft: d, Rights: rights.Draw(l.T, "rights")}
}

// likely is what fits the state: who may ask asks for what can be done.
func (l *life) likely() {
	row := l.s.Row()
	owner, other := operator(row.Owner), operator(rapid.SampledFrom([]engine.OperatorID{"ada", "bob", "bot"}).Draw(l.T, "other"))
	type wish struct {
		by engine.Author
		op engine.Op
	}
	var wishes []wish
	switch row.State {
	case engine.StateNew:
		return
	case engine.StateQueued, engine.StateOffered, engine.StateUnattended:
		wishes = []wish{{visitor, engine.OpMessage}, {visitor, engine.OpLeaveQueue}, {other, engine.OpPick}, {other, engine.OpPick}, {other, engine.OpSet}, {server, engine.OpSet}, {other, engine.OpReject}}
	case engine.StateActive, engine.StateDetached:
		wishes = []wish{
			{visitor, engine.OpMessage},
			{owner, engine.OpMessage},
			{owner, engine.OpMessage},
			{owner, engine.OpTransfer},
			{owner, engine.OpTransfer},
			{other, engine.OpTransfer},
			{owner, engine.OpTransferCancel},
			{other, engine.OpJoin},
			{other, engine.OpJoin},
			{other, engine.OpLeave},
			{other, engine.OpTakeover},
			{owner, engine.OpSet},
			{other, engine.OpMessage},
			{owner, engine.OpRelease},
			{visitor, engine.OpHandoff},
			{owner, engine.OpClose},
		}
	default:
		wishes = []wish{{owner, engine.OpWrapUpExtend}, {owner, engine.OpWrapUpDone}, {visitor, engine.OpRate}, {owner, engine.OpNote}, {other, engine.OpNote}, {owner, engine.OpSet}, {visitor, engine.OpContinue}}
	}
	w := rapid.SampledFrom(wishes).Draw(l.T, "likely")
	ask := l.draftOf(w.by, w.op)
	ask.Draft.Epoch = 0
	ask.Rights = engine.RightSupervise | engine.RightHide | engine.RightPick
	if len(row.Offers) > 0 && w.op == engine.OpReject {
		ask.By, ask.Draft.Offer = operator(row.Offers[0].Operator), row.Offers[0].ID
	}
	l.do(ask)
}

func takesText(op engine.Op) bool {
	switch op {
	case engine.OpTransfer, engine.OpRelease, engine.OpRate, engine.OpNote, engine.OpHandoff:
		return true
	default:
		return false
	}
}

// plan draws what an operation asks for; nil now and then.
func (l *life) plan(op engine.Op) *engine.Plan {
	if rapid.IntRange(0, 9).Draw(l.T, "no plan") == 0 {
		return nil
	}
	p := &engine.Plan{Wait: time.Minute}
	flag := func(name string) bool { return rapid.IntRange(0, 2).Draw(l.T, name) == 0 }
	switch op {
	case engine.OpTransfer:
		p.Target = rapid.SampledFrom([]engine.Target{{Operator: "ada"}, {Operator: "bob"}, {Operator: "bot"}, {Department: "support"}, {Department: "none"}, {Department: "early"}, {Skill: "billing"}, {}}).Draw(l.T, "target")
		p.Cold, p.Force = flag("cold"), flag("force")
		p.Or = engine.Fallback(rapid.IntRange(0, 3).Draw(l.T, "or"))
	case engine.OpRelease, engine.OpHandoff:
		p.Target.Department = rapid.SampledFrom([]engine.DepartmentID{"", "", "support", "none"}).Draw(l.T, "to")
	case engine.OpJoin:
		p.As, p.Hidden = engine.Part(rapid.IntRange(0, 4).Draw(l.T, "as")), flag("hidden")
	case engine.OpSet:
		if flag("with priority") {
			n := rapid.IntRange(-6, 11).Draw(l.T, "priority")
			p.Priority = &n
		}
		if flag("with weight") {
			n := rapid.SampledFrom([]int{99, 100, 150, 700, 2500, 5000, 5001}).Draw(l.T, "weight")
			p.Weight = &n
		}
		p.Needs = rapid.SampledFrom([][]engine.Need{nil, nil, {}, {{Skill: "lang:fr", Level: 2}}, {{Level: 2}}}).Draw(l.T, "needs")
		p.Tags = rapid.SampledFrom([][]string{nil, {}, {"a"}, {""}}).Draw(l.T, "tags")
		p.Target.Department = rapid.SampledFrom([]engine.DepartmentID{"", "", "support", "none"}).Draw(l.T, "to")
		p.IfRev = engine.Seq(rapid.SampledFrom([]int{0, 0, 0, 3}).Draw(l.T, "rev"))
	case engine.OpClose:
		if flag("follow up") {
			p.FollowUp = zero.AddDate(0, 0, 1)
		}
	case engine.OpRate:
		p.Score = rapid.IntRange(0, 6).Draw(l.T, "score")
	case engine.OpLeaveQueue:
		p.Message = flag("message")
	case engine.OpPick, engine.OpTakeover:
		p.Force = flag("force")
	default:
	}
	return p
}

// aim is mostly at a message of the author's.
func (l *life) aim(by engine.Author) engine.Seq {
	var own []engine.Seq
	for _, e := range l.log {
		if e.Kind == engine.KindMessageNew && e.Author == by {
			own = append(own, e.Seq)
		}
	}
	if len(own) > 0 && rapid.IntRange(0, 4).Draw(l.T, "own") > 0 {
		return rapid.SampledFrom(own).Draw(l.T, "message")
	}
	return engine.Seq(rapid.IntRange(0, len(l.log)+1).Draw(l.T, "target"))
}

// survives checks that whoever restores the session now gets what lives.
func (l *life) survives() {
	if len(l.log) == 0 {
		return
	}
	got, want := l.restored(len(l.log)), l.s
	if !reflect.DeepEqual(got.Inside(), want.Inside()) {
		l.Fatalf("restored: got %+v, want %+v", got.Inside(), want.Inside())
	}
	l.sameRow(got.Row(), want.Row())
	if got.Last() != want.Last() || got.Durable() != want.Last() {
		l.Fatalf("restored: last %d, durable %d, want %d", got.Last(), got.Durable(), want.Last())
	}
	// I13: with the visitor as it is, the restored one has the same future.
	if row := want.Row(); len(row.Offers) == 0 {
		got.Step(session.Recover{Since: want.AwaySince(l.now)}, l.now, nil)
		if want.Info().Present {
			got.Step(session.Present{On: true}, l.now, nil)
		}
		if got.Deadline() != want.Deadline() {
			l.Fatalf("I13: restored in %s: deadline %v, want %v", row.State, got.Deadline(), want.Deadline())
		}
	}
	tail := rapid.IntRange(0, 3).Draw(l.T, "tail")
	if l.closing != 0 { // what is added after the end is bounded
		tail = max(tail, len(l.log)+2-int(l.closing))
	}
	short := l.restored(tail)
	cut, whole := short.Row(), want.Row()
	if cut.State != whole.State || tail > 0 && (cut.PrevAll != whole.PrevAll || cut.Epoch != whole.Epoch) ||
		tail > 0 && whole.State.IsOpen() && cut.Turn != whole.Turn {
		l.Fatalf("restored from the last %d: got %+v, want %+v", tail, cut, whole)
	}
	if effects := short.Step(session.Ask{By: visitor, Draft: engine.Draft{Op: engine.OpMessage, ClientID: "after", Body: engine.BodyOf("x")}}, l.now, nil); l.closing != 0 {
		for _, e := range effects {
			if w, wrote := e.(session.Write); wrote {
				l.Fatalf("I3: entry %d is written after the end %d", w.Entry.Seq, l.closing)
			}
		}
	}
}

// sameRow compares but for what is deliberately not kept: marks and stamps since
// the last entry, what only the next entry stores, hidden observers, and, of a
// closed session, whatever only an open one needs.
func (l *life) sameRow(got, want engine.Row) {
	if got.ReadVisitor > want.ReadVisitor || got.ReadOperator > want.ReadOperator || got.LastActivity.After(want.LastActivity) {
		l.Fatalf("restored is ahead: got %+v, want %+v", got, want)
	}
	for _, row := range []*engine.Row{&got, &want} {
		row.ReadVisitor, row.ReadOperator, row.LastActivity = 0, 0, time.Time{}
		row.Service.Draining, row.Service.Members = false, seen(row.Service.Members)
		if len(row.Declines) == 0 || row.State == engine.StateClosed {
			row.Declines = nil
		}
		if row.State == engine.StateClosed {
			row.CloseBy, row.Turn, row.Weight, row.Priority, row.Boost = time.Time{}, 0, 0, 0, 0
			row.FirstQueued, row.Epoch = time.Time{}, 0
			of := row.Service
			row.Service = engine.Service{RateBy: of.RateBy, Rated: of.Rated, Tags: of.Tags, Rev: of.Rev}
			if len(of.Needs) > 0 {
				row.Service.Needs = of.Needs
			}
			if len(of.Tags) == 0 {
				row.Service.Tags = nil
			}
		}
	}
	if !reflect.DeepEqual(got, want) {
		l.Fatalf("restored: got %+v, want %+v", got, want)
	}
}

func seen(members []engine.Member) (all []engine.Member) {
	for _, m := range members {
		if !m.Hidden {
			all = append(all, m)
		}
	}
	return all
}

func (l *life) tick() {
	l.do(session.Tick{})
	if d := l.s.Deadline(); !d.IsZero() && !l.now.Before(d) {
		l.Fatalf("a tick at %v leaves the deadline at %v", l.now, d)
	}
}

func (l *life) epoch() engine.Epoch {
	return l.s.Row().Epoch - engine.Epoch(rapid.SampledFrom([]int{0, 0, 0, 0, 1}).Draw(l.T, "stale"))
}

// offers is what the router may do, wise or not.
func (l *life) offers(direct bool) {
	l.number++
	in := session.Offer{Operator: operators.Draw(l.T, "to"), Epoch: l.epoch(), Life: l.life, Number: l.number, Direct: direct}
	if rapid.Bool().Draw(l.T, "parallel") {
		in.Also = []engine.OperatorID{operators.Draw(l.T, "also"), operators.Draw(l.T, "also2")}
	}
	if pending := l.s.Row().Service.Transfer; pending != nil && rapid.IntRange(0, 4).Draw(l.T, "of transfer") > 0 {
		in.Transfer = pending.ID
	}
	l.do(in)
}

// TestLaws lets anything happen in any order.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &life{TB: t, T: t, chat: newChat(), model: newModel()}
		ask := func(*rapid.T) { l.do(l.draft()) }
		owner := func(*rapid.T) { // as it mostly goes
			by := operator(l.s.Row().Owner)
			if by.Operator == "" {
				l.Skip("nobody's")
			}
			l.do(l.draftOf(by, ops.Draw(l.T, "op")))
		}
		if rapid.IntRange(0, 9).Draw(t, "as usual") > 0 { // it begins
			l.do(session.Present{On: true})
			l.do(session.Ask{By: visitor, Draft: engine.Draft{Op: engine.OpStart, Request: "r", Department: rapid.SampledFrom([]engine.DepartmentID{"sales", "support", "strict", "sunday"}).Draw(t, "usual department")}})
		}
		likely := func(*rapid.T) { l.likely() }
		seldom := func(n int) bool { return rapid.IntRange(0, n).Draw(l.T, "really") == 0 }
		t.Repeat(map[string]func(*rapid.T){
			"ask": ask, "ask2": ask, "ask3": ask, "ask4": ask, "owner": owner, "likely": likely, "likely2": likely, "likely3": likely, "likely4": likely,
			"start": func(*rapid.T) {
				l.do(session.Ask{By: visitor, Draft: engine.Draft{Op: engine.OpStart, Request: "r", Department: departments.Draw(l.T, "department")}})
			},
			"offer":  func(*rapid.T) { l.offers(false) },
			"direct": func(*rapid.T) { l.offers(true) },
			"assigned": func(*rapid.T) {
				if l.s.State() != engine.StateQueued {
					l.Skip("not waiting")
				}
				l.number++
				if seldom(5) {
					l.do(session.Offer{Operator: "bot", Epoch: l.s.Row().Epoch, Life: l.life, Number: l.number, Direct: true})
					return
				}
				l.do(session.Offer{Operator: "ada", Epoch: l.s.Row().Epoch, Life: l.life, Number: l.number})
				l.do(session.Ask{By: operator("ada"), Draft: engine.Draft{Op: engine.OpAccept, Request: "r", Offer: l.s.Last()}})
			},
			"accepted": func(*rapid.T) {
				if offers := l.s.Row().Offers; len(offers) > 0 {
					o := rapid.SampledFrom(offers).Draw(l.T, "offer")
					l.do(session.Ask{By: operator(o.Operator), Draft: engine.Draft{Op: engine.OpAccept, Request: "r", Offer: o.ID}})
				}
			},
			"of a former life": func(*rapid.T) { // what the router said to it
				last, before, to := l.s.Last(), l.s.Row(), l.life+engine.Term(rapid.SampledFrom([]int{-1, 1}).Draw(l.T, "life"))
				for _, in := range []session.Input{
					session.Offer{Operator: operators.Draw(l.T, "to"), Epoch: before.Epoch, Life: to, Number: l.number + 1, Direct: rapid.Bool().Draw(l.T, "direct")},
					session.Picked{Life: to, Number: 1, Err: engine.ErrCapacityExceeded},
				} {
					if out := l.s.Step(in, l.now, nil); len(out) > 0 || l.s.Last() != last || !reflect.DeepEqual(l.s.Row(), before) {
						l.Fatalf("%+v: got %v", in, out)
					}
				}
			},
			"wished": func(*rapid.T) { // a wish is granted or not
				if len(l.wishes) == 0 {
					l.Skip("nobody wishes")
				}
				p := l.wishes[0]
				if l.number++; rapid.Bool().Draw(l.T, "granted") {
					l.do(session.Offer{Operator: p.Operator, Epoch: p.Epoch, Life: l.life, Number: l.number, Direct: true})
				} else {
					l.do(session.Picked{Life: p.Life, Number: p.Number, Err: engine.ErrCapacityExceeded})
				}
			},
			"closed": func(*rapid.T) {
				if seldom(5) {
					l.do(session.Ask{By: visitor, Draft: engine.Draft{Op: engine.OpClose, Request: "r"}})
				}
			},
			"nobody": func(*rapid.T) { // the transfer finds nobody
				if pending := l.s.Row().Service.Transfer; pending != nil {
					l.do(session.TransferFailed{Epoch: l.s.Row().Epoch, Cause: engine.CauseTargetFull, Transfer: pending.ID})
				}
			},
			"revoke": func(*rapid.T) {
				who := operators.Draw(l.T, "whose")
				l.post(session.Revoke{Operator: who, Offer: offerTo(l.s.Row(), who), Cause: causes.Draw(l.T, "cause")})
			},
			"refuse": func(*rapid.T) {
				if seldom(9) {
					l.do(session.Refuse{Epoch: l.epoch(), Cause: engine.CauseQueueFull})
				}
			},
			"router": func(*rapid.T) {
				switch rapid.IntRange(0, 4).Draw(l.T, "what") {
				case 0:
					l.do(session.Relax{Epoch: l.epoch(), Step: rapid.IntRange(0, 3).Draw(l.T, "step")})
				case 1:
					l.do(session.Defer{Epoch: l.epoch(), Cause: engine.CauseNobody})
				case 2:
					l.do(session.Resume{Epoch: l.epoch()})
				case 3:
					l.do(session.Again{})
				case 4:
					in := session.TransferFailed{Epoch: l.epoch(), Cause: engine.CauseTargetFull, Transfer: 4}
					if pending := l.s.Row().Service.Transfer; pending != nil {
						in.Transfer = pending.ID
					}
					l.do(in)
				}
			},
			"gone": func(*rapid.T) {
				l.post(session.OwnerGone{Operator: operators.Draw(l.T, "who"), Epoch: l.epoch(), Cause: causes.Draw(l.T, "cause"), Drain: seldom(1)})
			},
			"late": func(*rapid.T) { l.lateMail() },
			"back": func(*rapid.T) { l.post(session.OwnerBack{Operator: operators.Draw(l.T, "who"), Epoch: l.epoch()}) },
			"identity": func(*rapid.T) {
				ids := rapid.SampledFrom([]engine.VisitorID{{15: 7}, {15: 8}, {15: 9}})
				from, to, had := ids.Draw(l.T, "from"), ids.Draw(l.T, "to"), l.s.Row()
				l.do(session.Upgrade{From: from, To: to})
				moves := from == had.Visitor && from != to && had.State != engine.StateNew && l.closing == 0
				if got := l.s.Row().Visitor; moves && got != to || !moves && got != had.Visitor {
					l.Fatalf("from %v to %v: the session of %v is %v's", from, to, had.Visitor, got)
				}
			},
			"presence": func(*rapid.T) { l.do(session.Present{On: rapid.Bool().Draw(l.T, "on")}) },
			"passing": func(*rapid.T) {
				by := authors.Draw(l.T, "by")
				l.do(session.Peek{By: by, Body: engine.BodyOf(bodies.Draw(l.T, "text"))})
				l.do(session.Typing{By: by, On: true})
			},
			"stored": func(*rapid.T) {
				l.do(session.Stored{Through: engine.Seq(rapid.IntRange(0, len(l.log)).Draw(l.T, "through"))})
			},
			"time": func(*rapid.T) {
				l.now = l.now.Add(time.Duration(rapid.IntRange(1, 30_000).Draw(l.T, "ms")) * time.Millisecond)
				l.tick()
			},
			"later": func(*rapid.T) { // to a deadline, or long after it
				if d := l.s.Deadline(); !d.IsZero() && d.After(l.now) {
					l.now = d.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 400}).Draw(l.T, "late")) * time.Second)
				}
				l.tick()
			},
			"restart": func(*rapid.T) {
				if len(l.log) == 0 {
					l.Skip("nothing to restore")
				}
				l.restarted()
				l.do(session.Recover{Since: l.now})
			},
			"": func(*rapid.T) { l.survives() },
		})
	})
}
