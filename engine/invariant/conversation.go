package invariant

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/parleyhq/parley/engine"
)

// Conversations knows which session of each conversation of a tenant takes messages. A
// conversation is a visitor's: it has one at most (I8). It hears of a session from the
// session, when it opens and when it is durably over, and of nothing that decides which
// session a start goes to. The zero Conversations knows of none.
type Conversations struct {
	open map[engine.VisitorID]engine.SessionID
	// rivals claim a conversation that has an open session already.
	rivals map[engine.SessionID]engine.VisitorID
}

// Opens takes in that a session is open, and says that another one of the same
// conversation is, or nil. The one that was known before keeps the conversation.
func (c *Conversations) Opens(v engine.VisitorID, s engine.SessionID) *Violation {
	if c.open == nil {
		c.open, c.rivals = map[engine.VisitorID]engine.SessionID{}, map[engine.SessionID]engine.VisitorID{}
	}
	other, taken := c.open[v]
	if !taken || other == s {
		c.open[v] = s
		delete(c.rivals, s)
		return nil
	}
	c.rivals[s] = v
	return &Violation{Invariant: "I8", Session: s, Detail: fmt.Sprintf("opens while session %s of the same conversation is open", other)}
}

// Recover is Opens for sessions that are found in any order, as after a restart: the one
// that began first keeps the conversation.
func (c *Conversations) Recover(v engine.VisitorID, s engine.SessionID) *Violation {
	if other, taken := c.open[v]; taken && bytes.Compare(s[:], other[:]) < 0 {
		c.open[v] = s
		s = other
	}
	return c.Opens(v, s)
}

// Ends takes in that a session is no longer a conversation's open one.
func (c *Conversations) Ends(v engine.VisitorID, s engine.SessionID) {
	if c.rivals[s] == v {
		delete(c.rivals, s)
	}
	if c.open[v] == s {
		delete(c.open, v)
	}
}

// Rivals are the sessions of conversations that have more than one, in no order.
func (c *Conversations) Rivals() (all []engine.SessionID) {
	for s, v := range c.rivals {
		all = append(all, s, c.open[v])
	}
	return all
}

// Len is how many conversations have an open session.
func (c *Conversations) Len() int { return len(c.open) }

// Audit says which sessions are open besides the one that has the conversation. Of a
// conversation without such it says whether finds, which answers where the visitor's next
// start would go, answers another than the open one: then there would be a second one.
// In the order of sessions.
func (c *Conversations) Audit(finds func(engine.VisitorID) engine.SessionID) []*Violation {
	var all []*Violation
	told := map[engine.VisitorID]bool{}
	for s, v := range c.rivals {
		if _, taken := c.open[v]; !taken { // the other has ended
			c.open[v] = s
			delete(c.rivals, s)
			continue
		}
		told[v] = true
		all = append(all, &Violation{Invariant: "I8", Session: s, Detail: fmt.Sprintf("is open, and so is session %s of the same conversation", c.open[v])})
	}
	for v, s := range c.open {
		if found := finds(v); found != s && !told[v] {
			all = append(all, &Violation{Invariant: "I8", Session: s, Detail: "is open, and its visitor's next start would open another"})
		}
	}
	slices.SortFunc(all, func(a, b *Violation) int { return bytes.Compare(a.Session[:], b.Session[:]) })
	return all
}
