// Package engine is the vocabulary that everybody shares.
//
// One verb per directory: engine decides, actors run, transport carries,
// persistence keeps, bench measures, cmd wires. Engine and its children are
// pure: the standard library only, and no goroutine, lock, log, context or
// reading of the clock. What an actor, a socket and a store say to each other
// is said in the words of this package, so that none of them imports another.
//
// The words:
//
//   - Tenant: a customer of the platform; owns everything; the unit of isolation.
//   - Department: a tenant's waiting line.
//   - Visitor: somebody on the tenant's website. Operator: who answers.
//   - Session: one served episode of a visitor's conversation.
//   - Entry: something that happened in a session, numbered by Seq.
//   - Body: what somebody typed; it prints as its size.
//   - Note: a message that only operators see. Peek: what a visitor has typed
//     and not sent.
//   - Identity: what is held about a session's visitor, each Attr with the source
//     and the lawful basis it has; never a key to anything.
//   - Form: what a visitor says before its chat, of what its department asks.
//   - Redaction: the removal of a message's text from the log, for good.
//   - Draft: what a participant asks for. Answer: what came of it.
//   - Seat: a participant's way into the engine. Outlet: the engine's way to
//     the participant. A connection holds a Seat and is an Outlet.
//   - Signal: something passing and unnumbered: typing, presence, a queue.
//   - Brief: what an operator is told of a chat that it is offered. Notice: what it
//     should know of, said once. Code: a word of the tenant's own closed list.
//   - Epoch: the session's count of owners. Term: the count of its actor's lives.
//   - Row: an open session's routing facts, kept for a quick start.
//   - Ban: until when a visitor may neither begin a session nor write.
//   - Filed: what a closed session is found by.
//
// Invariants: an Entry is immutable once numbered; a Seq has no gap; ids and
// never names are in entries.
//
// Read next: entry.go, seat.go, then package session (what a session may do)
// and package routing (who gets it).
package engine
