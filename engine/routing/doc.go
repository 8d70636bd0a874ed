// Package routing is one tenant's router: waiting lines, operators' loads and
// match rounds, as Step(input, now) → effects.
//
// It decides from declared facts only: departments, capacity, load,
// availability, waiting time and who declined (GDPR Art. 22: no decision rests
// on a profile). Its inputs cannot hold a transcript, a name or a history.
// A load is the sum of what sessions report: each session's share is remembered
// with the session and replaced by its next report, so a lost or repeated report
// cannot leave a ghost behind.
//
// Invariants: granting an offer never makes an operator exceed its capacity
// (I2); no session is offered while another waiting one with an earlier virtual
// arrival was eligible for the same operator (I6); a waiting session and an
// eligible operator never coexist after a Step (I5).
//
// A step looks at what its input touched only. Sessions that the same operators can
// take, in the same order of preference, wait in one class, in the order of their
// virtual arrival; the operators who can take them are listed in it in the order
// in which they are chosen. A class is made when somebody first needs it. An
// operator's change costs a mark in each of its classes; its place is found anew
// where somebody looks. So a decision costs the logarithm of the line's length and
// of the number of operators, and so do the counts of why the others were not chosen.
//
// Read next: types.go, router.go, match.go, class.go, decide.go.
package routing
