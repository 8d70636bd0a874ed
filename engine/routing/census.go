package routing

import "github.com/parleyhq/parley/engine"

// Census counts what the router knows, for metrics.
type Census struct {
	Sessions  map[engine.State]int // open ones
	Accepting int                  // operators: can be given chats, room or not
	Present   int                  // operators who are there, or in grace, and take none
	Gone      int                  // operators of the configuration who are not there
	Overload  int                  // operators who carry more than their capacity
}

// Census walks everything: ask at the pace of a scrape.
func (r *Router) Census() Census {
	c := Census{Sessions: map[engine.State]int{}}
	for _, s := range r.sessions {
		c.Sessions[s.state]++
	}
	for _, o := range r.roster {
		switch {
		case o.routable:
			c.Accepting++
		case o.present:
			c.Present++
		default:
			c.Gone++
		}
		if o.used > o.capacity() {
			c.Overload++
		}
	}
	return c
}
