package rest_test

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/parleyhq/parley/engine"
)

const canary = "canary-7f3a"

var (
	sessionID = mustSession("01JD9Z5T0000000000000000S1")
	closedID  = mustSession("01JD9Z5T0000000000000000S2")
	foreignID = mustSession("01JD9Z5T0000000000000000S3")
	erasedID  = mustSession("01JD9Z5T0000000000000000S4")
	at        = time.Date(2026, 5, 4, 9, 30, 17, 250e6, time.UTC)
)

func mustSession(text string) engine.SessionID {
	id, err := engine.ParseSessionID(text)
	if err != nil {
		panic(err)
	}
	return id
}

// fakeSystem holds three sessions of tenant acme: an active one, a closed one
// and an erased one. It remembers what was posted.
type fakeSystem struct {
	mu     sync.Mutex
	drafts map[string]engine.Draft
	author engine.Author
	fail   error // what every call answers, if not nil
	block  bool  // PostAs waits for its context
	panics bool

	signedOut bool     // whatever token comes
	revoked   []string // operators and keys
	held      *engine.Identity
	people
}

func (s *fakeSystem) check(ref engine.SessionRef) error {
	switch {
	case s.panics:
		panic(canary)
	case s.fail != nil:
		return s.fail
	case ref.Tenant != "acme" || ref.Session == foreignID:
		return engine.ErrUnknown
	case ref.Session == erasedID:
		return engine.ErrErased
	case ref.Session != sessionID && ref.Session != closedID:
		return engine.ErrNotFound
	}
	return nil
}

func (s *fakeSystem) SessionInfo(_ context.Context, ref engine.SessionRef) (engine.SessionInfo, error) {
	if err := s.check(ref); err != nil {
		return engine.SessionInfo{}, err
	}
	info := engine.SessionInfo{
		Ref: ref, State: engine.StateActive, Epoch: 2, Department: "sales", Owner: "ada", Head: 6,
		Turn: engine.TurnVisitor, Present: true, LastActivity: at,
	}
	if ref.Session == closedID {
		info.State, info.Owner, info.Present, info.LastActivity = engine.StateClosed, "", false, time.Time{}
	}
	return info, nil
}

func (s *fakeSystem) History(_ context.Context, ref engine.SessionRef, after engine.Seq, limit int) ([]*engine.Entry, error) {
	if err := s.check(ref); err != nil {
		return nil, err
	}
	var page []*engine.Entry
	for _, e := range entries() {
		if e.Seq > after && len(page) < limit {
			page = append(page, e)
		}
	}
	return page, nil
}

func (s *fakeSystem) Live(context.Context, engine.TenantID) ([]engine.Board, time.Time, error) {
	return []engine.Board{{
		Department: "sales", Waiting: 3, OldestSince: at.Add(-time.Minute), P50: time.Minute, P90: 2 * time.Minute, Operators: [engine.OperatorStates]int{1, 0, 0, 0, 0, 1},
		Slots: 2, Hour: engine.Hour{Served: 7, Replies: 6, FirstReply: time.Second, Since: at},
	}, {Department: "help"}}, at, s.fail
}

func (s *fakeSystem) Operators(engine.TenantID) ([]engine.OperatorRow, error) {
	return []engine.OperatorRow{
		{Operator: "ada", State: engine.OperatorAccepting, Since: at, Used: 1000, Capacity: 3000, Open: 1, OpenCap: 6}, {Operator: "sal", Capacity: 3000, OpenCap: 6},
	}, s.fail
}

func (s *fakeSystem) Departments(engine.TenantID) ([]engine.DepartmentStatus, error) {
	return []engine.DepartmentStatus{{Department: "help"}, {Department: "sales", Status: engine.StatusClosed, OpensAt: at}}, s.fail
}

func (s *fakeSystem) Decisions(_ context.Context, ref engine.SessionRef) ([]engine.Decided, error) {
	if err := s.check(ref); err != nil {
		return nil, err
	}
	why := engine.Decision{
		Revision: 9, Department: "sales", Weight: 1000, Waited: 1200, Position: 1, Strategy: "balanced", Rule: "tier", Eligible: 2, Rest: engine.Reasons{Full: 3},
		Needs: []engine.Need{{Skill: "lang:fr", Level: 2, Hard: true}}, Declined: []engine.OperatorID{"eve"},
		Winner: engine.Candidate{Operator: "ada", Capacity: 3000}, Next: []engine.Candidate{{Operator: "eve", Tier: engine.TierSecondary, Capacity: 3000, LastChosen: at}},
	}
	return []engine.Decided{
		{Seq: 3, At: at, Epoch: 1, Operator: "ada", Cause: engine.CauseAuto, Accepted: true, EndedAt: at, Decision: why},
		{Seq: 9, At: at, Epoch: 2, Operator: "eve", Cause: engine.CauseAuto, Ended: engine.CauseMissed, EndedAt: at, Decision: why},
	}, nil
}

func (s *fakeSystem) Explain(_ context.Context, ref engine.SessionRef, decision engine.Seq, operator engine.OperatorID) (engine.Explanation, error) {
	if err := s.check(ref); err != nil {
		return engine.Explanation{}, err
	}
	if decision != 3 || operator != "eve/o'x" && operator != "hal" {
		return engine.Explanation{}, engine.ErrNotFound
	}
	return engine.Explanation{Reason: "full", Then: engine.Candidate{Operator: operator, Used: 3000, Capacity: 3000, Open: 3}}, nil
}

func entries() []*engine.Entry {
	ada := engine.Author{Kind: engine.AuthorOperator, Operator: "ada"}
	return []*engine.Entry{
		{Session: sessionID, Seq: 1, Epoch: 1, At: at, Kind: engine.KindSessionStarted, Author: engine.Author{Kind: engine.AuthorVisitor}, ClientID: "k1", Department: "sales"},
		{Session: sessionID, Seq: 2, PrevAll: 1, Epoch: 1, At: at, Kind: engine.KindSessionQueued, Department: "sales"},
		{Session: sessionID, Seq: 3, PrevAll: 2, Epoch: 1, At: at, Kind: engine.KindOfferMade, Visibility: engine.VisibleToOperators, Operator: "ada", Deadline: at.Add(time.Minute)},
		{Session: sessionID, Seq: 4, PrevAll: 2, Epoch: 2, At: at, Kind: engine.KindSessionAssigned, Author: ada, Operator: "ada", Offer: 3},
		{Session: sessionID, Seq: 5, PrevAll: 4, Epoch: 2, At: at, Kind: engine.KindMessageNew, Author: ada, ClientID: "k2", Body: engine.BodyOf("hello \"you\"\n</script> \u2028")},
		{Session: sessionID, Seq: 6, PrevAll: 5, Epoch: 2, At: at, Kind: engine.KindMessageNew, Visibility: engine.VisibleToOperators, Author: ada, ClientID: "k3", Body: engine.BodyOf("late again")},
		{Session: sessionID, Seq: 7, PrevAll: 5, Epoch: 2, At: at, Kind: engine.KindMessageEdited, Author: ada, ClientID: "k4", Target: 5, Format: engine.FormatRedacted},
		{Session: sessionID, Seq: 8, PrevAll: 7, Epoch: 2, At: at, Kind: engine.KindMessageNew, Author: engine.Author{Kind: engine.AuthorVisitor}, ClientID: "k5", Format: engine.FormatForm, Body: engine.BodyOf(`{"form":"f","fields":{}}`)},
		{Session: sessionID, Seq: 9, PrevAll: 8, Epoch: 2, At: at, Kind: engine.KindMessageRedacted, Author: ada, ClientID: "k6", Target: 5},
		{Session: sessionID, Seq: 10, PrevAll: 9, Epoch: 2, At: at, Kind: engine.KindSessionClosing, Author: ada, Cause: engine.CauseManual},
	}
}

func (s *fakeSystem) PostAs(ctx context.Context, ref engine.SessionRef, author engine.Author, draft engine.Draft) (engine.Answer, error) {
	if err := s.check(ref); err != nil {
		return engine.Answer{}, err
	}
	if s.block {
		<-ctx.Done()
		return engine.Answer{}, ctx.Err()
	}
	if ref.Session == closedID {
		return engine.Answer{Err: engine.ErrClosed.At(6)}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.author = author
	if draft.Op == engine.OpIdentity {
		return engine.Answer{Held: s.held, Seq: s.held.Revision()}, nil
	}
	if draft.Op == engine.OpIdentify {
		return s.identify(ref, draft), nil
	}
	if first, ok := s.drafts[draft.ClientID]; ok && first.Body.Digest() != draft.Body.Digest() {
		return engine.Answer{Err: engine.ErrIdemConflict}, nil
	}
	s.drafts[draft.ClientID] = draft
	return engine.Answer{Session: ref.Session, Seq: 7, At: at}, nil
}

func (s *fakeSystem) Revoked(engine.TenantID, engine.Principal) bool { return s.signedOut }

func (s *fakeSystem) OperatorInfo(_ context.Context, _ engine.TenantID, operator engine.OperatorID) (engine.OperatorInfo, error) {
	if s.fail != nil {
		return engine.OperatorInfo{}, s.fail
	}
	if operator != "ada" {
		return engine.OperatorInfo{Operator: operator, Capacity: 3000}, nil
	}
	return engine.OperatorInfo{
		Operator: operator, Connections: 2, Used: 1000, Capacity: 3000, Sessions: []engine.SessionID{sessionID}, LastActivity: at,
		Intent: engine.IntentInfo{Intent: engine.IntentPaused, Cause: engine.CauseManual, By: "ada", Device: "desk", At: at},
	}, nil
}

func (s *fakeSystem) SetIntent(_ context.Context, _ engine.TenantID, operator engine.OperatorID, intent engine.Intent, until time.Time, reason, _ string) (engine.IntentInfo, error) {
	if operator != "ada" && s.fail == nil {
		return engine.IntentInfo{}, engine.ErrNotFound
	}
	return engine.IntentInfo{Intent: intent, Cause: engine.CauseIntegration, At: at, Until: until, Reason: reason}, s.fail
}

func (s *fakeSystem) InvariantsOf(engine.TenantID) engine.Invariants {
	broken := engine.Violated{Tenant: "acme", Session: sessionID, Invariant: "I4", Detail: "the sums differ", At: at, Ref: "R1"}
	router := engine.Violated{Tenant: "acme", Invariant: "I2", Detail: "counted twice", At: at}
	return engine.Invariants{
		Violations: map[string]uint64{"I2": 1, "I4": 1}, Frozen: []engine.Violated{broken}, Recent: []engine.Violated{broken, router}, Audits: 7, LastAudit: at,
	}
}

func (s *fakeSystem) Unfreeze(engine.SessionRef) error { return s.fail }

func (s *fakeSystem) Revoke(_ context.Context, _ engine.TenantID, operator engine.OperatorID, key string) (engine.IntentInfo, error) {
	if s.fail != nil {
		return engine.IntentInfo{}, s.fail
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = append(s.revoked, string(operator)+" "+key)
	return engine.IntentInfo{Intent: engine.IntentSignedOut, Cause: engine.CauseIntegration, At: at, Revoked: at}, nil
}

func (s *fakeSystem) RevokeVisitor(_ context.Context, _ engine.TenantID, visitor engine.VisitorID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = append(s.revoked, visitor.String())
	return s.fail
}

// fakeAuth knows one admin and one plain operator of each tenant.
type fakeAuth struct{}

func (fakeAuth) Operator(_ context.Context, tenant *engine.Tenant, token string) (engine.Principal, error) {
	switch token {
	case "admin-of-" + string(tenant.ID):
		return engine.Principal{Operator: "ada", Roles: []engine.Role{engine.RoleAdmin}}, nil
	case "sales-of-" + string(tenant.ID), "help-of-" + string(tenant.ID):
		department, _, _ := strings.Cut(token, "-")
		return engine.Principal{Operator: "ada", Roles: []engine.Role{engine.RoleAdmin}, Departments: []engine.DepartmentID{engine.DepartmentID(department)}}, nil
	case "operator-of-" + string(tenant.ID):
		return engine.Principal{Operator: "ada", Roles: []engine.Role{engine.RoleOperator, engine.RoleSupervisor}}, nil
	case "old":
		return engine.Principal{}, engine.ErrAuthExpired
	}
	return engine.Principal{}, engine.ErrAuthInvalid
}
