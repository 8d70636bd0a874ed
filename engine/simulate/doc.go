// Package simulate runs real sessions, a real router and real operators' machines in
// virtual time, with a log in memory per session and mail between them that is late
// and overtakes other mail (never that of the same sender to the same receiver).
// Visitors, operators, supervisors and servers of the tenant do whatever they can,
// also what they may not; actors and whole processes restart between any two
// steps, from logs and rows alone. After each step the invariants of SEMANTICS are
// checked by package invariant; now and then all mail is delivered, and what must
// hold of a town at rest is checked too.
//
// A world is made of a seed. What happens in it is a list of acts, small numbers that
// mean something in any world, so that a list with some acts left out is a story as
// well: a failing one is made short by leaving acts out while it still fails, and is
// printed so that it can be kept under testdata and played again.
//
// An event is one input stepped into a machine, with its checks.
//
// In one world of six transcripts are off: a session is rebuilt from memory when its
// actor dies, and ends with its process (Result.Excluded counts those), and nothing of
// what anybody typed there may reach the router, an operator, an embedding host or
// what a log prints (I15).
//
// Read next: run.go, world.go, act.go.
package simulate
