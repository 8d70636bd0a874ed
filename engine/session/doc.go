// Package session is one session's state machine: Step(input, now) → effects.
//
// It owns a session's rules: who may do what in which state, numbering,
// idempotency, epoch, turn, offers as the session sees them, the visitor's
// presence and last activity. It is pure: whoever runs it (package actors, the
// simulator) reads the clock, stores what Write says, and carries out the other
// effects once the entry they follow is durable.
//
// Invariants:
//
//   - entries are numbered from 1 without gaps (I11);
//   - at most one owner per epoch (I1);
//   - no message follows the closing entry (I3);
//   - every open session is waiting, offered, owned, or closing with a deadline (I4);
//   - a request repeated with its idempotency key gets the first answer again.
//
// It never holds what was written: bodies pass through in entries. What is held
// about the visitor it holds boxed.
// Read next: input.go, effect.go, step.go.
package session
