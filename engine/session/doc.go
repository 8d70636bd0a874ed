// Package session is one session's state machine: Step(input, now) → effects.
//
// It owns a session's rules: who may do what in which state, numbering,
// idempotency, epoch, turn, the offers' life, the owner's grace, silence, transfers,
// members, wrap-up, ratings, messages for later, the visitor's presence and last
// activity. It decides neither who is asked nor whether there is room: that is the
// router's, and a wish to own a session out of turn (Pick) waits for its word. It is pure: whoever runs it (package actors, the
// simulator) reads the clock, stores what Write says, and carries out the other
// effects once the entry they follow is durable.
//
// Invariants:
//
//   - entries are numbered from 1 without gaps (I11);
//   - at most one owner per epoch; a bot and a person never both answer (I1);
//   - no message follows the closing entry (I3);
//   - every open session is waiting, offered, owned, or detached, closing or
//     unattended with a deadline (I4);
//   - no deadline is set: all follow from the row, so none acts on what was, and
//     all survive a restart (I13);
//   - the row points at nothing that changes: reports share it;
//   - a request repeated with its idempotency key gets the first answer again.
//
// It never holds what was written: bodies pass through in entries. What is held
// about the visitor it holds boxed.
// Read next: input.go, effect.go, step.go, clock.go; testdata/table.golden says what
// comes of everything in every state.
package session
