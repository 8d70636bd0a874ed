// Package actors runs the engine: one Proto.Actor actor per session, per
// operator and per tenant's router, around the pure rules of packages session
// and routing.
//
// It owns the processes, their inboxes, deadlines, supervision and the order of
// stopping. It is the only importer of protoactor-go.
//
// How a message travels: a connection posts a Draft to its Seat (seat.go); the
// session's inbox takes it or answers ErrBusy (cell.go); the session's actor
// swaps the batch out, steps the rules, and hands new entries to the log
// (session.go); when they are durable it delivers them to the outlets of
// everybody who may see them and answers the sender (held.go).
//
// Invariants:
//
//   - State changes only inside an actor's turn; other goroutines post.
//   - Nobody is told anything that is not durable.
//   - No actor blocks: the log answers by message.
//   - A panic ends one actor's life; its inbox stays, and the next life starts
//     from the log.
//
// Read next: system.go, cell.go, session.go, router.go, operator.go.
package actors
