package session_test

import (
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// zero is the tests' zero o'clock.
var zero = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

var (
	visitor = engine.Author{Kind: engine.AuthorVisitor}
	server  = engine.Author{Kind: engine.AuthorIntegration}
	ref     = engine.SessionRef{Tenant: "acme", Session: engine.SessionID{15: 1}}
)

func operator(id engine.OperatorID) engine.Author {
	return engine.Author{Kind: engine.AuthorOperator, Operator: id}
}

// chat is a session and all that was written of it, as its actor and its store
// would keep it.
type chat struct {
	s   *session.Session
	now time.Time
	log []*engine.Entry
	row *engine.Row      // as stored
	own engine.VisitorID // whose the session is, as stored

	life engine.Term // how often it was restarted
}

// sunday is open from eight to five past nine: zero is in it.
var sunday = &engine.Hours{Weekly: [7][]engine.Span{time.Sunday: {{From: 8 * time.Hour, Until: 9*time.Hour + 5*time.Minute}}}}

var tenant = func() *engine.Tenant {
	t := &engine.Tenant{
		Departments: []engine.Department{
			{ID: "sales"},
			{ID: "support", WrapUp: time.Minute, Form: []engine.FormField{{Name: "order"}}},
			{ID: "sunday", Hours: sunday, OnClose: engine.OtherwiseUnattended, WhenClosed: engine.OtherwiseUnattended, ResumeUnattended: true},
			{ID: "early", Hours: &engine.Hours{}, WhenClosed: engine.OtherwiseRefuse},
			{
				ID: "strict", Form: []engine.FormField{{Name: "order"}}, WrapUp: time.Minute, RatingWindow: -1, OperatorGrace: 10 * time.Second, UnattendedFor: time.Hour, Weight: 2000,
				Silence: &engine.Silence{VisitorWarn: 20 * time.Second, VisitorClose: 50 * time.Second, OperatorNudge: 15 * time.Second, OperatorReroute: 40 * time.Second, QueueMax: 90 * time.Second, IdleAfter: 10 * time.Second},
				Steps:   []engine.Step{{For: time.Second}, {For: time.Second}, {OfferNote: true}},
			},
		},
		Operators: []engine.Operator{
			{ID: "ada"}, {ID: "bob"}, {ID: "eve", Departments: []engine.DepartmentID{"sales"}}, {ID: "bot", Bot: true}, {ID: "robot", Bot: true},
		},
	}
	t.EnsureDefaults()
	return t
}()

var rules = session.Rules{Keeps: true, Department: tenant.Department, Operator: tenant.Operator, BodyBytes: 100, Peek: true}

func newChat() chat {
	own := engine.VisitorID{15: 7}
	return chat{s: session.New(ref, own, rules), now: zero, own: own}
}

// step steps and stores, as an actor's turn does.
func (c *chat) step(in session.Input) []session.Effect {
	effects := c.s.Step(in, c.now, nil)
	wrote := false
	for _, e := range effects {
		if w, ok := e.(session.Write); ok {
			c.log = append(c.log, w.Entry)
			wrote = true
			switch w.Entry.Kind {
			case engine.KindMessageRedacted:
				c.remove(w.Entry.Target)
			case engine.KindIdentityUpgraded:
				c.own = c.s.Row().Visitor
			}
		}
	}
	if !wrote {
		return effects
	}
	if row := c.s.TakeRow(); row != nil {
		c.row = row
	}
	if !c.s.State().IsOpen() {
		c.row = nil
	}
	return effects
}

// remove takes a message's text out of the log, as a store does.
func (c *chat) remove(target engine.Seq) {
	for i, e := range c.log {
		if e.HoldsTextOf(target) {
			c.log[i] = e.Redacted()
		}
	}
}

// head is what a claim would yield now.
func (c *chat) head() engine.Head {
	head := engine.Head{Term: c.life, Last: engine.Seq(len(c.log)), Visitor: c.own, Row: c.row, Closed: c.row == nil && len(c.log) > 0}
	if head.Closed {
		head.Activity = c.s.Info().LastActivity
	}
	for _, e := range c.log {
		if e.Kind == engine.KindAttrsSet {
			head.Identity = e
		}
		if e.Kind == engine.KindFormFilled {
			if head.Form = e; e.Format == engine.FormatRedacted {
				head.Form = nil
			}
		}
		if r, matters := engine.ResultOf(e); matters {
			head.Results = append(head.Results, r)
		}
	}
	return head
}

// restored is the session as the next life of its actor finds it.
func (c *chat) restored(tail int) *session.Session {
	return session.Restore(ref, c.head(), c.log[max(0, len(c.log)-tail):], rules)
}

func (c *chat) restart(tail int) {
	c.life++
	c.s = c.restored(tail)
}
