package invariant_test

import (
	"slices"
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/invariant"
)

// TestReader: who may have anything of a session, and what of it.
func TestReader(t *testing.T) {
	tenant := &engine.Tenant{
		ID: "acme",
		Departments: []engine.Department{
			{ID: "sales", Steps: []engine.Step{{}, {Also: []engine.DepartmentID{"support"}}}}, {ID: "support"}, {ID: "law"},
		},
		Operators: []engine.Operator{{ID: "ada"}, {ID: "bob", Departments: []engine.DepartmentID{"sales"}}, {ID: "eve", Departments: []engine.DepartmentID{"law"}}},
	}
	row := engine.Row{
		Ref: engine.SessionRef{Tenant: "acme", Session: engine.SessionID{1}}, Visitor: engine.VisitorID{7}, Department: "sales", Owner: "ada",
		Service: engine.Service{Members: []engine.Member{
			{Operator: "bob", As: engine.PartObserver}, {Operator: "eve", As: engine.PartMember, Hidden: true}, {Operator: "gone", As: engine.PartMember},
		}},
	}
	visitor := func() *invariant.Reader {
		return &invariant.Reader{Tenant: "acme", Author: engine.Author{Kind: engine.AuthorVisitor}, Visitor: row.Visitor}
	}
	operator := func(id engine.OperatorID, roles []engine.Role, names ...engine.DepartmentID) *invariant.Reader {
		p := &engine.Principal{Operator: id, Roles: roles, Departments: names, Issued: noon}
		return &invariant.Reader{Tenant: "acme", Author: engine.Author{Kind: engine.AuthorOperator, Operator: id}, Token: p}
	}
	chief := []engine.Role{engine.RoleSupervisor}
	with := func(r *invariant.Reader, change func(*invariant.Reader)) *invariant.Reader { change(r); return r }
	own := &engine.Entry{Session: row.Ref.Session, Seq: 3}
	note := &engine.Entry{Session: row.Ref.Session, Seq: 4, Visibility: engine.VisibleToOperators}
	for name, c := range map[string]struct {
		r    *invariant.Reader
		e    *engine.Entry
		want string
	}{
		"its visitor":                     {visitor(), own, ""},
		"its owner":                       {operator("ada", nil), note, ""},
		"its owner, of that department":   {operator("ada", nil, "sales"), note, ""},
		"its owner, of one that helps":    {operator("ada", nil, "support"), note, ""},
		"who watches":                     {operator("bob", chief), note, ""},
		"a server":                        {&invariant.Reader{Tenant: "acme", Author: engine.Author{Kind: engine.AuthorIntegration}}, note, ""},
		"a new token":                     {with(operator("ada", nil), func(r *invariant.Reader) { r.SignedOut = noon.Add(-1) }), own, ""},
		"a note, to the visitor":          {visitor(), note, "I10"},
		"another session's":               {operator("ada", nil), &engine.Entry{Session: engine.SessionID{2}}, "I10"},
		"another visitor":                 {with(visitor(), func(r *invariant.Reader) { r.Visitor[0]++ }), own, "I10"},
		"a visitor on the other side":     {with(visitor(), func(r *invariant.Reader) { r.Sees = engine.VisibleToOperators }), own, "I10"},
		"another tenant":                  {with(visitor(), func(r *invariant.Reader) { r.Tenant = "other" }), own, "I10"},
		"a visitor that is signed out":    {with(visitor(), func(r *invariant.Reader) { r.SignedOut = noon }), own, "I10"},
		"a colleague":                     {operator("zoe", nil), own, "I10"},
		"nobody":                          {operator("", nil), own, "I10"},
		"the engine itself":               {&invariant.Reader{Tenant: "acme"}, own, "I10"},
		"an owner of another department":  {operator("ada", nil, "law"), own, "I10"},
		"an owner that is signed out":     {with(operator("ada", nil), func(r *invariant.Reader) { r.SignedOut = noon }), own, "I10"},
		"an owner with another's token":   {with(operator("ada", nil), func(r *invariant.Reader) { r.Token.Operator = "bob" }), own, "I10"},
		"who is not declared":             {operator("gone", nil), own, "I10"},
		"who watches and is no chief":     {operator("bob", nil), own, "I10"},
		"who watches, chief of another":   {operator("bob", chief, "support"), own, "I10"},
		"who hides, of other departments": {operator("eve", chief), own, "I10"},
	} {
		if v := invariant.CheckEntry(c.e, &row, c.r, tenant); got(v) != c.want || v != nil && v.Session != row.Ref.Session {
			t.Errorf("%s: got %v, want %q", name, v, c.want)
		}
	}
	for name, c := range map[string]struct {
		r    *invariant.Reader
		s    engine.Signal
		want string
	}{
		"where it stands":                 {visitor(), engine.Situation{}, ""},
		"how it is served":                {visitor(), engine.Situation{Serving: &engine.Serving{}}, "I10"},
		"how it is served, to its owner":  {operator("ada", nil), engine.Situation{Serving: &engine.Serving{}}, ""},
		"a peek":                          {visitor(), engine.Peek{}, "I10"},
		"a peek, to its owner":            {operator("ada", nil), engine.Peek{}, ""},
		"typing, to who takes no part":    {operator("zoe", nil), engine.Typing{}, "I10"},
		"typing, to the visitor":          {visitor(), engine.Typing{}, ""},
		"typing, to who speaks for owner": {with(operator("ada", nil), func(r *invariant.Reader) { r.Token = nil }), engine.Typing{}, ""},
	} {
		if v := invariant.CheckSignal(c.s, &row, c.r, tenant); got(v) != c.want {
			t.Errorf("%s: got %v, want %q", name, v, c.want)
		}
	}
}

func TestConversations(t *testing.T) {
	ada, bob := engine.VisitorID{1}, engine.VisitorID{2}
	one, two, three := engine.SessionID{1}, engine.SessionID{2}, engine.SessionID{3}
	nowhere := func(engine.VisitorID) engine.SessionID { return engine.SessionID{} }
	in := func(s engine.SessionID) func(engine.VisitorID) engine.SessionID {
		return func(engine.VisitorID) engine.SessionID { return s }
	}
	broken := func(all []*invariant.Violation) (ids []engine.SessionID) {
		for _, v := range all {
			if v.Invariant != "I8" {
				t.Errorf("got %v, want I8", v)
			}
			ids = append(ids, v.Session)
		}
		return ids
	}
	var c invariant.Conversations
	for _, s := range []engine.SessionID{one, one} { // said twice
		if v := c.Opens(ada, s); v != nil {
			t.Errorf("one session of ada: got %v", v)
		}
	}
	if v := c.Opens(bob, three); v != nil {
		t.Errorf("one session of bob: got %v", v)
	}
	c.Ends(bob, three)
	if v := c.Opens(ada, two); got(v) != "I8" || v.Session != two {
		t.Errorf("a second one: got %v", v)
	}
	if ids := broken(c.Audit(in(one))); !slices.Equal(ids, []engine.SessionID{two}) {
		t.Errorf("audit: got %v, want the second", ids)
	}
	if ids := broken(c.Audit(nowhere)); !slices.Equal(ids, []engine.SessionID{two}) {
		t.Errorf("audit: got %v, want the second: one of them is enough", ids)
	}
	c.Ends(ada, one)
	if ids := broken(c.Audit(nowhere)); !slices.Equal(ids, []engine.SessionID{two}) {
		t.Errorf("audit: got %v, want the second: the next start would open another", ids)
	}
	if ids := broken(c.Audit(in(two))); len(ids) != 0 || c.Len() != 1 {
		t.Errorf("audit: got %v, want none: the first has ended", ids)
	}
	c.Ends(ada, one) // is no longer its
	if c.Opens(ada, two) != nil || c.Opens(bob, one) != nil {
		t.Error("each has one")
	}
	c.Ends(ada, two)
	if v := c.Recover(ada, three); v != nil {
		t.Error(v)
	}
	if v := c.Recover(ada, two); got(v) != "I8" || v.Session != three {
		t.Errorf("two are found: got %v, want the later one", v)
	}
	if ids := c.Rivals(); !slices.Equal(ids, []engine.SessionID{three, two}) {
		t.Errorf("rivals: got %v, want both", ids)
	}
	c.Ends(ada, three)
	if ids := broken(c.Audit(func(v engine.VisitorID) engine.SessionID {
		return map[engine.VisitorID]engine.SessionID{ada: two, bob: one}[v]
	})); len(ids) != 0 {
		t.Errorf("audit: got %v, want none", ids)
	}
}
