package wire

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
)

var update = flag.Bool("update", false, "write testdata anew")

var (
	at      = time.Date(2026, 5, 4, 12, 30, 1, 7e6+999, time.UTC)
	session = engine.SessionID{0x01, 0x96, 0x9b, 0x3c, 0x5e, 0x10, 15: 0x2a}
	other   = engine.SessionID{0x01, 0x96, 0x9b, 0x3c, 0x5e, 0x11, 15: 0x2b}
	visitor = engine.Author{Kind: engine.AuthorVisitor}
	ada     = engine.Author{Kind: engine.AuthorOperator, Operator: "ada"}
)

func entry(kind engine.Kind, change func(*engine.Entry)) *engine.Entry {
	e := &engine.Entry{Session: session, Seq: 7, PrevAll: 5, Epoch: 2, At: at, Kind: kind}
	if change != nil {
		change(e)
	}
	return e
}

func tenant() *engine.Tenant {
	t := &engine.Tenant{
		ID: "acme", Name: "Acme & Co", Departments: []engine.Department{{ID: "sales", Name: "Sales"}, {ID: "help"}},
		Operators: []engine.Operator{{ID: "ada", Name: "Ada Lovelace"}},
	}
	t.EnsureDefaults()
	return t
}

func aFile() *engine.File {
	return &engine.File{
		ID: engine.FileID(other), Name: engine.BodyOf("Grüße & <Plan> \"1\".pdf"), Bytes: 70_000, Media: "application/pdf", Sum: [32]byte{1, 2, 31: 0xff},
	}
}

func aLink() *engine.FileLink {
	return &engine.FileLink{Tenant: "acme", File: engine.FileID(other), Token: "b3BhcXVl-_", Expires: at}
}

func me() engine.Me {
	return engine.Me{
		Rev: 3, Operator: "ada", Intent: engine.IntentInfo{Intent: engine.IntentAccepting, Cause: engine.CauseManual, By: "ada", Device: "laptop", At: at},
		Used: 2000, Capacity: 3000, Sessions: []engine.SessionID{session, other},
		Offers: []engine.Offer{{Session: other, ID: 4, Epoch: 1, Department: "sales", Deadline: at.Add(20 * time.Second), Waiting: at}},
	}
}

func about() *engine.Brief {
	return &engine.Brief{
		Subject: engine.BodyOf("my order"),
		Waited:  61*time.Second + 900*time.Millisecond, Name: engine.BodyOf("Grete \"\u00dc\""), Verified: true,
		Met: []engine.Need{{Skill: "lang:fr", Level: 4, Hard: true}, {Skill: "billing"}}, Parallel: 3, Rule: "tier", Step: 1,
	}
}

func held() *engine.Identity {
	return &engine.Identity{Seq: 7, Attrs: []engine.Attr{
		{Name: "email", Value: engine.BodyOf("grete+x@example.org"), Verified: true, Source: engine.SourceToken, Basis: engine.BasisContract, At: at.Truncate(time.Millisecond)},
		{Name: "name", Value: engine.BodyOf("Grete \"Ü\" <O'Neill> \u2028"), Source: engine.SourceForm, Basis: engine.BasisConsent, At: at.Truncate(time.Millisecond)},
	}}
}

// frames is one frame of every kind that a server sends.
func frames() map[string][]byte {
	all, ops := engine.VisibleToAll, engine.VisibleToOperators
	message := entry(engine.KindMessageNew, func(e *engine.Entry) {
		e.Author, e.ClientID, e.Body = ada, "k-1", engine.BodyOf("say \"hi\"\n\t\x01 </script> \u2028 é 漢 🙂 \\")
	})
	answer := func(op engine.Op, change func(*engine.Answer)) []byte {
		a := &engine.Answer{Request: "c1", Op: op, Session: session, Seq: 7, At: at, Epoch: 2, State: engine.StateQueued}
		if change != nil {
			change(a)
		}
		return AppendAnswer(nil, a, all)
	}
	refusal := func(err *engine.Error) []byte { return AppendRefusal(nil, "c1", err) }
	s := func(signal engine.Signal) []byte { return AppendSignal(nil, signal) }
	meNow := me()
	golden := map[string][]byte{
		"evt.attrs.set": AppendEntry(nil, entry(engine.KindAttrsSet, func(e *engine.Entry) {
			e.Author, e.ClientID, e.Visibility, e.Target = visitor, "k-2", ops, 4
			e.Attrs, e.Body = &engine.AttrsFact{Names: []string{"email"}, Basis: engine.BasisConsent, Source: engine.SourceForm}, held().Encode()
		}), ops),
		"evt.attrs.set.gone": AppendEntry(nil, entry(engine.KindAttrsSet, func(e *engine.Entry) {
			e.Author, e.Visibility, e.Format = visitor, ops, engine.FormatRedacted
			e.Attrs = &engine.AttrsFact{Names: []string{"email", "name"}, Basis: engine.BasisContract, Source: engine.SourceToken}
		}), ops),
		"res.identity.get":         answer(engine.OpIdentity, func(a *engine.Answer) { a.Held = held() }),
		"res.identity.get.empty":   answer(engine.OpIdentity, func(a *engine.Answer) { a.Seq = 0 }),
		"res.client.identify":      answer(engine.OpIdentify, nil),
		"ctl.resumed.identity":     s(engine.Situation{Session: session, State: engine.StateActive, From: 1, Identity: held()}),
		"evt.session.started":      AppendEntry(nil, entry(engine.KindSessionStarted, func(e *engine.Entry) { e.Author, e.Department = visitor, "sales" }), all),
		"evt.session.queued":       AppendEntry(nil, entry(engine.KindSessionQueued, func(e *engine.Entry) { e.Department, e.Cause = "sales", engine.CauseOperatorLost }), all),
		"evt.offer.made":           AppendEntry(nil, entry(engine.KindOfferMade, func(e *engine.Entry) { e.Operator, e.Deadline, e.Visibility = "ada", at, ops }), ops),
		"evt.offer.ended":          AppendEntry(nil, entry(engine.KindOfferEnded, func(e *engine.Entry) { e.Operator, e.Offer, e.Cause, e.Visibility = "ada", 4, engine.CauseMissed, ops }), ops),
		"evt.session.assigned":     AppendEntry(nil, entry(engine.KindSessionAssigned, func(e *engine.Entry) { e.Operator, e.Offer, e.Author = "ada", 4, ada }), all),
		"evt.message.new.visitor":  AppendEntry(nil, message, all),
		"evt.message.new.operator": AppendEntry(nil, message, ops),
		"evt.session.closing":      AppendEntry(nil, entry(engine.KindSessionClosing, func(e *engine.Entry) { e.Author, e.Cause = ada, engine.CauseManual }), all),
		"evt.session.closed":       AppendEntry(nil, entry(engine.KindSessionClosed, nil), all),
		"evt.session.refused":      AppendEntry(nil, entry(engine.KindSessionRefused, func(e *engine.Entry) { e.Cause = engine.CauseDepartmentClosed }), all),
		"evt.integration":          AppendEntry(nil, entry(engine.KindMessageNew, func(e *engine.Entry) { e.Author.Kind, e.Body = engine.AuthorIntegration, engine.BodyOf("x") }), all),
		"evt.message.new.note": AppendEntry(nil, entry(engine.KindMessageNew, func(e *engine.Entry) {
			e.Author, e.ClientID, e.Visibility, e.Body = ada, "k-2", ops, engine.BodyOf("a difficult one")
		}), ops),
		"evt.message.new.form": AppendEntry(nil, entry(engine.KindMessageNew, func(e *engine.Entry) {
			e.Author, e.Format, e.Body = visitor, engine.FormatForm, engine.BodyOf(`{"form":"address","fields":{"city":"Graz \ud83d","floor":2}}`)
		}), all),
		"evt.message.new.postback": AppendEntry(nil, entry(engine.KindMessageNew, func(e *engine.Entry) {
			e.Author, e.Format, e.Body = visitor, engine.FormatPostback, engine.BodyOf(`{"id":"yes","value":[1,null]}`)
		}), all),
		"evt.message.new.file": AppendEntry(nil, entry(engine.KindMessageNew, func(e *engine.Entry) {
			e.Author, e.Format, e.Body = visitor, engine.FormatFile, aFile().Facts()
			e.File = &engine.Attachment{File: aFile().ID, Bytes: 70_000, Key: engine.BodyOf("never on the wire")}
		}), all),
		"res.file.begin":           answer(engine.OpFile, func(a *engine.Answer) { a.File = aLink() }),
		"res.file.get":             answer(engine.OpFetch, func(a *engine.Answer) { a.File = aLink() }),
		"res.too_large.max":        refusal(engine.ErrTooLarge.UpTo(10 << 20)),
		"evt.message.new.redacted": AppendEntry(nil, message.Redacted(), all),
		"evt.message.edited": AppendEntry(nil, entry(engine.KindMessageEdited, func(e *engine.Entry) {
			e.Author, e.ClientID, e.Target, e.Body = ada, "k-3", 4, engine.BodyOf("thank you")
		}), all),
		"evt.message.edited.redacted": AppendEntry(nil, entry(engine.KindMessageEdited, func(e *engine.Entry) {
			e.Author, e.Target, e.Format = ada, 4, engine.FormatRedacted
		}), all),
		"evt.message.redacted":    AppendEntry(nil, entry(engine.KindMessageRedacted, func(e *engine.Entry) { e.Author, e.ClientID, e.Target = visitor, "k-4", 4 }), all),
		"eph.peek":                s(engine.Peek{Session: session, Author: visitor, Body: engine.BodyOf("I \"wond")}),
		"eph.peek.cleared":        s(engine.Peek{Session: session, Author: visitor}),
		"eph.typing":              s(engine.Typing{Session: session, Author: ada, On: true}),
		"eph.presence":            s(engine.Presence{Session: session, Author: visitor, Present: true, LastActivity: at.Truncate(time.Minute)}),
		"eph.presence.unknown":    s(engine.Presence{Session: session, Author: visitor}),
		"eph.read.moved":          s(engine.ReadMoved{Session: session, Author: visitor, Seq: 7}),
		"eph.people":              AppendPerson(nil, "ada", "Ada \"the\" Lovelace"),
		"ctl.resumed":             s(engine.Situation{Session: session, State: engine.StateActive, Epoch: 2, Head: 9, Department: "sales", Owner: "ada", Turn: engine.TurnVisitor, Visitor: engine.Presence{Present: true, LastActivity: at}, ReadVisitor: 8, ReadOperator: 9, From: 4}),
		"ctl.resumed.reset":       s(engine.Situation{Session: session, State: engine.StateQueued, Head: 900, From: 401, Reset: true}),
		"ctl.ping":                AppendPing(nil, at, nil, ""),
		"ctl.ping.heads":          AppendPing(nil, at, []engine.Have{{Session: session, Seq: 9}, {Session: other, Seq: 2}}, "opaque"),
		"ctl.recovered":           AppendRecovered(nil, &Recovered{Gaps: []Gap{{Session: session, From: 4, To: 9}, {Session: other, From: 1, To: 1}}, Reset: []engine.SessionID{other}, Ended: []engine.SessionID{session, other}}),
		"ctl.recovered.nothing":   AppendRecovered(nil, &Recovered{}),
		"ctl.bye":                 AppendBye(nil, "shutdown", "after", 1500*time.Millisecond),
		"ctl.bye.no":              AppendBye(nil, "bad_frames", "no", 0),
		"ctl.going_away":          s(engine.GoingAway{Retry: time.Second}),
		"watch.me.snapshot":       s(meNow),
		"watch.me.snapshot.empty": s(engine.Me{Rev: 1, Operator: "ada"}),
		"watch.me.offer.new":      s(engine.OfferNew{Rev: 4, Offer: meNow.Offers[0]}),
		"watch.me.offer.brief":    s(engine.OfferNew{Rev: 4, Offer: meNow.Offers[0], Brief: about()}),
		"eph.load":                s(engine.Load{Used: 2300, Capacity: 3000, Open: 3, OpenCap: 6, Breathing: at}),
		"eph.load.unknown":        s(engine.Load{Capacity: 3000}),
		"eph.notice.missed":       s(engine.Notice{Kind: engine.NoticeMissedPause, Since: at, Misses: 2}),
		"eph.notice.config":       s(engine.Notice{Kind: engine.NoticeConfigChanged, Rev: 8}),
		"eph.notice.going":        s(engine.Notice{Kind: engine.NoticeGoingAway}),
		"eph.notice.risk":         s(engine.Notice{Kind: engine.NoticeRisk, Department: "sales", Waited: 61 * time.Second, Sessions: 2}),
		"eph.notice.silent":       s(engine.Notice{Kind: engine.NoticeSilent, Session: session, Department: "sales", Operator: "ada"}),
		"watch.me.offer.revoked":  s(engine.OfferRevoked{Rev: 5, Session: other, ID: 4, Cause: engine.CauseTaken}),
		"watch.me.mine.changed":   s(engine.MineChanged{Rev: 6, Session: session, Owned: true, Used: 1000}),
		"watch.me.intent.changed": s(engine.IntentChanged{Rev: 7, Intent: engine.IntentInfo{Intent: engine.IntentPaused, Cause: engine.CauseMissed, At: at}, Away: true}),
		"watch.queue.snapshot":    s(&engine.Queue{Rev: 1, Snapshot: true, Rows: []engine.QueueRow{{Session: session, Department: "sales", Since: at}, {Session: other, Department: "help", Since: at, Offered: true}}}),
		"watch.queue.delta":       s(&engine.Queue{Rev: 2, Gone: []engine.SessionID{session, other}}),
		"watch.queue.delta.lines": s(&engine.Queue{Rev: 3, Figures: &engine.QueueFigures{Department: "sales", Lines: []engine.QueueLine{{Department: "sales", Length: 2, OldestSince: at, P50: 1500 * time.Millisecond, P90: time.Minute}}}}),
		"watch.board.snapshot": s(engine.BoardShown{Rev: 1, Snapshot: true, At: at.Add(90 * time.Second), Board: engine.Board{
			Department: "sales", Waiting: 3, Offered: 1, Active: 7, Detached: 1, Closing: 2, Unattended: 4, OldestSince: at, P50: time.Minute, P90: 2 * time.Minute,
			Operators: [engine.OperatorStates]int{1, 2, 0, 1, 1, 5}, Slots: 6, Hour: engine.Hour{Served: 20, Abandoned: 2, Replies: 19, FirstReply: 1500 * time.Millisecond, Since: at},
		}}),
		"watch.board.delta": s(engine.BoardShown{Rev: 2, At: at, Board: engine.Board{Department: "sales"}}),
		"watch.board.ended": s(engine.WatchEnded{Rev: 3, Topic: engine.Topic{Kind: engine.TopicBoard, Department: "sales"}}),
		"watch.operators.snapshot": s(&engine.OperatorsShown{Rev: 1, Snapshot: true, Rows: []engine.OperatorRow{
			{Operator: "ada", State: engine.OperatorAccepting, Since: at, Used: 1000, Capacity: 3000, Open: 1, OpenCap: 6}, {Operator: "bob", Capacity: 1000, OpenCap: 2},
		}}),
		"watch.operators.delta": s(&engine.OperatorsShown{Rev: 2, Gone: []engine.OperatorID{"ada", "bob"}}),
		"watch.operators.ended": s(engine.WatchEnded{Rev: 3, Topic: engine.Topic{Kind: engine.TopicOperators}}),
		"eph.people.two":        AppendPeople(nil, []engine.OperatorID{"ada", "bob"}, func(id engine.OperatorID) string { return strings.ToUpper(string(id)) }),
		"res.transfer.targets": answer(engine.OpTargets, func(a *engine.Answer) {
			a.Targets = []engine.TransferTarget{
				{Target: engine.Target{Operator: "ada"}, Routable: true, Used: 1000, Capacity: 3000, Open: 1, OpenCap: 6, Missing: []string{"billing"}},
				{Target: engine.Target{Department: "night"}, Reason: "closed"},
				{Target: engine.Target{Skill: "lang:fr"}, Reason: "full"},
			}
		}),
		"req.transfer.targets": AppendDraft(nil, &engine.Draft{Op: engine.OpTargets, Request: "c1", Session: session}),
		"res.watch": answer(engine.OpWatch, func(a *engine.Answer) {
			a.Topics = []engine.Topic{{Kind: engine.TopicQueue}, {Kind: engine.TopicBoard, Department: "sales"}}
		}),
		"req.watch":               AppendDraft(nil, &engine.Draft{Op: engine.OpWatch, Request: "c1", Topics: []engine.Topic{{Kind: engine.TopicQueue, Department: "sales"}, {Kind: engine.TopicOperators}}}),
		"req.auth.watch.operator": AppendAuth(nil, "c1", &Auth{Tenant: "acme", Token: "a.b.c", Watch: []engine.Topic{{Kind: engine.TopicBoard, Department: "sales"}}}),
		"res.session.start":       answer(engine.OpStart, nil),
		"res.message.send":        answer(engine.OpMessage, nil),
		"res.message.edit":        answer(engine.OpEdit, nil),
		"res.message.redact":      answer(engine.OpRedact, nil),
		"res.read.mark":           answer(engine.OpRead, nil),
		"res.history.get":         answer(engine.OpHistory, func(a *engine.Answer) { a.Entries, a.More = []*engine.Entry{message, message}, true }),
		"res.history.get.hidden": answer(engine.OpHistory, func(a *engine.Answer) {
			a.Entries = []*engine.Entry{entry(engine.KindOfferMade, func(e *engine.Entry) { e.Visibility = ops }), message}
		}),
		"res.session.close":             answer(engine.OpClose, nil),
		"res.offer.accept":              answer(engine.OpAccept, nil),
		"res.offer.reject":              answer(engine.OpReject, nil),
		"res.intent.set":                answer(engine.OpIntent, func(a *engine.Answer) { a.Intent = &meNow.Intent }),
		"res.away.set":                  answer(engine.OpAway, nil),
		"res.stale_view":                answer(engine.OpMessage, func(a *engine.Answer) { a.Err, a.Entries = engine.ErrStaleView.At(7), []*engine.Entry{message} }),
		"res.bad_request":               refusal(engine.ErrBadRequest.In("sid", "cmid")),
		"res.session_closed":            refusal(engine.ErrClosed.At(9)),
		"res.stale_epoch":               refusal(engine.ErrStaleEpoch.InEpoch(3)),
		"res.rate_limited":              refusal(engine.ErrRateLimited.After(250 * time.Millisecond)),
		"res.storage_full.is.a.busy":    refusal(engine.ErrFull),
		"res.fenced.is.internal":        refusal(engine.ErrFenced),
		"res.unknown_session.not_found": refusal(engine.ErrUnknown),
		"res.corrupt.is.internal":       refusal(engine.ErrCorrupt),
		"res.hello.visitor":             hello("", &engine.Welcome{Visitor: engine.VisitorID(other), Token: "opaque", Expires: at, Session: session}),
		"res.hello.visitor.new":         hello("", &engine.Welcome{Visitor: engine.VisitorID(other), Token: "opaque", Expires: at}),
		"res.hello.operator":            hello("ada", &engine.Welcome{Me: &meNow}),
		"res.hello.visitor.verified":    hello("", &engine.Welcome{Visitor: engine.VisitorID(other), Token: "opaque", Expires: at, Verified: true, Session: session}),
		"res.hello.operator.expires":    hello("ada", &engine.Welcome{Expires: at, Me: &meNow}),
		"res.auth.refresh":              AppendRenewed(nil, "c1", engine.Renewed{Expires: at}),
		"res.auth.refresh.visitor":      AppendRenewed(nil, "c1", engine.Renewed{Expires: at, Token: "opaque"}),
		"req.auth.visitor.verified":     AppendAuth(nil, "c0", &Auth{Tenant: "acme", Token: "opaque", JWT: "a.b.c"}),
		"req.auth.refresh":              AppendRefresh(nil, "c1", "a.b.c"),
		"req.auth.visitor":              AppendAuth(nil, "c0", &Auth{Tenant: "acme", Anonymous: true, Have: []engine.Have{{Session: session, Seq: 3}}}),
		"res.hello.visitor.resumed":     resumedHello(),
		"req.auth.visitor.resuming":     AppendAuth(nil, "c0", &Auth{Tenant: "acme", Token: "opaque", Have: []engine.Have{{Session: session, Seq: 3}}, Resume: "sealed"}),
		"req.auth.operator":             AppendAuth(nil, "c0", &Auth{Tenant: "acme", Token: "a.b.c", Device: "laptop", Intent: engine.IntentAccepting}),
		"req.file.begin":                AppendDraft(nil, &engine.Draft{Op: engine.OpFile, Request: "c1", ClientID: "k", Session: session, File: aFile()}),
		"req.file.get":                  AppendDraft(nil, &engine.Draft{Op: engine.OpFetch, Request: "c1", Session: session, File: aFile()}),
		"req.message.send.file":         AppendDraft(nil, &engine.Draft{Op: engine.OpMessage, Request: "c1", ClientID: "k", Session: session, Format: engine.FormatFile, File: aFile()}),
		"req.session.start":             AppendDraft(nil, &engine.Draft{Op: engine.OpStart, Request: "c1", ClientID: "k", Department: "sales", Body: engine.BodyOf("hi")}),
		"req.message.send":              AppendDraft(nil, &engine.Draft{Op: engine.OpMessage, Request: "c1", ClientID: "k", Session: session, IfSeq: 5, Body: engine.BodyOf("hi")}),
		"req.message.send.note":         AppendDraft(nil, &engine.Draft{Op: engine.OpMessage, Request: "c1", ClientID: "k", Session: session, Visibility: engine.VisibleToOperators, Body: engine.BodyOf("hi")}),
		"req.message.send.form":         AppendDraft(nil, &engine.Draft{Op: engine.OpMessage, Request: "c1", ClientID: "k", Session: session, Format: engine.FormatForm, Body: engine.BodyOf(`{"form":"f","fields":{}}`)}),
		"req.message.edit":              AppendDraft(nil, &engine.Draft{Op: engine.OpEdit, Request: "c1", ClientID: "k", Session: session, Target: 4, Body: engine.BodyOf("hi")}),
		"req.message.redact":            AppendDraft(nil, &engine.Draft{Op: engine.OpRedact, Request: "c1", ClientID: "k", Session: session, Target: 4}),
		"req.read.mark":                 AppendDraft(nil, &engine.Draft{Op: engine.OpRead, Request: "c1", Session: session, Seq: 5}),
		"req.history.get":               AppendDraft(nil, &engine.Draft{Op: engine.OpHistory, Request: "c1", Session: session, Before: 50, Limit: 10}),
		"req.session.close":             AppendDraft(nil, &engine.Draft{Op: engine.OpClose, Request: "c1", Session: session, ClientID: "k", Epoch: 2}),
		"req.offer.accept":              AppendDraft(nil, &engine.Draft{Op: engine.OpAccept, Request: "c1", Session: session, Offer: 4, Epoch: 2}),
		"req.offer.reject":              AppendDraft(nil, &engine.Draft{Op: engine.OpReject, Request: "c1", Session: session, Offer: 4, Epoch: 2, ClientID: "k"}),
		"req.intent.set":                AppendDraft(nil, &engine.Draft{Op: engine.OpIntent, Request: "c1", Intent: engine.IntentPaused, ClientID: "k"}),
		"req.away.set":                  AppendDraft(nil, &engine.Draft{Op: engine.OpAway, Request: "c1", On: true}),
		"ctl.client.typing":             AppendTyping(nil, session, true),
		"ctl.client.peek":               AppendPeek(nil, session, engine.BodyOf("I wond")),
		"ctl.client.peek.cleared":       AppendPeek(nil, session, engine.Body{}),
		"ctl.client.pong":               AppendPong(nil, 12),
		"ctl.client.ack":                AppendAck(nil, 9007199254740991),
		"ctl.client.bye":                AppendClientBye(nil),
	}
	maps.Copy(golden, servedFrames())
	return golden
}

func hello(operator engine.OperatorID, w *engine.Welcome) []byte {
	return AppendHello(nil, &Hello{
		Request: "c0", Conn: engine.ID(other), Tenant: tenant(), Operator: operator, Welcome: w, Now: at,
		FrameBytes: 64 << 10, PingEvery: 20 * time.Second,
	})
}

func resumedHello() []byte {
	return AppendHello(nil, &Hello{
		Request: "c0", Conn: engine.ID(other), Tenant: tenant(), Now: at, FrameBytes: 64 << 10, PingEvery: 20 * time.Second,
		Welcome: &engine.Welcome{Visitor: engine.VisitorID(other), Token: "opaque", Expires: at, Session: session}, Resume: "sealed", Resumed: "ok",
	})
}

func TestGoldenFrames(t *testing.T) {
	for name, got := range frames() {
		t.Run(name, func(t *testing.T) {
			if !json.Valid(got) {
				t.Fatalf("no JSON: %s", got)
			}
			path := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(path, append(got, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(got)+"\n" != string(want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestGoldenFramesAreAllUsed(t *testing.T) {
	known := frames()
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil || len(files) != len(known) {
		t.Fatalf("testdata: got %d files, want %d (%v)", len(files), len(known), err)
	}
}

func TestServerFramesDecode(t *testing.T) {
	for name, data := range frames() {
		if strings.HasPrefix(name, "req.") || strings.HasPrefix(name, "ctl.client.") {
			continue
		}
		frame, err := DecodeServer(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		kind, rest, _ := strings.Cut(name, ".")
		if frame.Kind != kind {
			t.Errorf("%s: kind: got %q, want %q", name, frame.Kind, kind)
		}
		if kind == "evt" && (frame.Seq != 7 || frame.Epoch != 2 || frame.Session != session.String() || !frame.At.Equal(at.Truncate(time.Millisecond))) {
			t.Errorf("%s: got %+v", name, frame)
		}
		if kind == "evt" && !strings.HasPrefix(rest, frame.Type) && rest != "integration" {
			t.Errorf("%s: type: got %q", name, frame.Type)
		}
	}
}

func TestTextSurvivesTheWire(t *testing.T) {
	text := "say \"hi\"\n\t\x01\x7f </script> \u2028 é 漢 🙂 \\"
	e := entry(engine.KindMessageNew, func(e *engine.Entry) { e.Body = engine.BodyOf(text) })
	frame, err := DecodeServer(AppendEntry(nil, e, engine.VisibleToAll))
	if err != nil {
		t.Fatal(err)
	}
	var d Data
	if err := frame.Read(&d); err != nil || d.Body.Text != text {
		t.Errorf("got %q, %v; want %q", d.Body.Text, err, text)
	}
}

func TestPrevIsOfTheReadersVisibility(t *testing.T) {
	e := entry(engine.KindMessageNew, nil)
	for reader, want := range map[engine.Visibility]engine.Seq{engine.VisibleToAll: 5, engine.VisibleToOperators: 6} {
		frame, err := DecodeServer(AppendEntry(nil, e, reader))
		if err != nil || frame.Prev != want {
			t.Errorf("%s: prev: got %d, want %d (%v)", reader, frame.Prev, want, err)
		}
	}
}

// What happens inside the server stays there.
func TestInsideErrorsDoNotLeave(t *testing.T) {
	for err, want := range map[*engine.Error]string{
		engine.ErrFull: "unavailable", engine.ErrFenced: "internal", engine.ErrCorrupt: "internal", engine.ErrUnknown: "not_found",
		engine.ErrBusy: "unavailable", engine.ErrClosed: "session_closed",
	} {
		if got := Code(err); got != want {
			t.Errorf("%s: got %s, want %s", err.Code, got, want)
		}
		if text := string(AppendRefusal(nil, "c", err)); err.Code != want && strings.Contains(text, err.Code) {
			t.Errorf("%s leaves the server: %s", err.Code, text)
		}
	}
}

func TestTimes(t *testing.T) {
	for _, at := range []time.Time{
		at,
		{},
		time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC),
		time.Date(2026, 1, 2, 3, 4, 5, 60e6, time.FixedZone("x", 7200)),
	} {
		got, want := string(appendTime(nil, at)), at.UTC().Format(`"2006-01-02T15:04:05.000Z"`)
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := string(appendTime(nil, time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC))); len(got) != 26 {
		t.Errorf("a year of five digits: got %s", got)
	}
}

func TestIDs(t *testing.T) {
	for _, id := range []engine.ID{{}, engine.ID(session), {0: 0xff, 7: 0x80, 8: 1, 15: 0xff}} {
		if got, want := string(appendID(nil, id)), id.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
