package wire

import "github.com/parleyhq/parley/engine"

// visitorFrames are about a visitor and its ban.
func visitorFrames() map[string][]byte {
	visitor := engine.VisitorID(session)
	ban := engine.Ban{Until: at, At: at, Reason: engine.BanSpam, By: engine.Author{Kind: engine.AuthorIntegration}}
	told := &engine.VisitorInfo{Visitor: visitor, Ban: ban}
	info := &engine.VisitorInfo{
		Visitor: visitor, Verified: true, Since: at, Session: session, Sessions: 7, Ban: ban,
		Last: []engine.ListedSession{
			{Session: session, State: engine.StateClosed, Began: at, Filed: engine.Filed{Department: "sales", Owner: "ada", Ended: at}},
			{Session: session, State: engine.StateQueued, Began: at, Filed: engine.Filed{Department: "sales"}},
		},
	}
	answer := func(op engine.Op, v *engine.VisitorInfo) []byte {
		return AppendAnswer(nil, &engine.Answer{Request: "c1", Op: op, Session: session, Visitor: v}, engine.VisibleToOperators)
	}
	return map[string][]byte{
		"req.visitor.ban":       AppendDraft(nil, &engine.Draft{Op: engine.OpBan, Request: "c1", ClientID: "k", Session: session, Ban: &engine.BanOrder{Days: 30, Reason: engine.BanThreat}}),
		"req.visitor.ban.lift":  AppendDraft(nil, &engine.Draft{Op: engine.OpBan, Request: "c1", ClientID: "k", Visitor: visitor, Ban: &engine.BanOrder{}}),
		"res.visitor.ban":       answer(engine.OpBan, told),
		"res.visitor.ban.lift":  answer(engine.OpBan, &engine.VisitorInfo{Visitor: visitor}),
		"req.visitor.get":       AppendDraft(nil, &engine.Draft{Op: engine.OpVisitor, Request: "c1", Visitor: visitor}),
		"res.visitor.get":       answer(engine.OpVisitor, info),
		"res.visitor.get.fresh": answer(engine.OpVisitor, &engine.VisitorInfo{Visitor: visitor, Session: session}),
		"res.banned":            AppendRefusal(nil, "c1", engine.ErrBanned.EndsAt(at)),
	}
}
