package spec_test

import "github.com/parleyhq/parley/engine"

// sampleVisitor has everything that an answer about a visitor can have.
func sampleVisitor() *engine.VisitorInfo {
	by := engine.Author{Kind: engine.AuthorOperator, Operator: "ada"}
	return &engine.VisitorInfo{
		Visitor: engine.VisitorID(theSID), Verified: true, Since: moment, Session: theSID, Sessions: 2,
		Identity: &engine.Identity{Seq: 3, Attrs: []engine.Attr{{Name: "name", Value: engine.BodyOf("N. N."), Source: engine.SourceForm, Basis: engine.BasisConsent, At: moment}}},
		Last: []engine.ListedSession{
			{Session: theSID, State: engine.StateQueued, Began: moment},
			{Session: theSID, State: engine.StateClosed, Began: moment, Filed: engine.Filed{Department: "sales", Owner: "ada", Ended: moment}},
		},
		Ban: engine.Ban{Until: moment, At: moment, Reason: engine.BanAbuse, By: by},
	}
}
