// Package operator decides whether an operator can be given chats: connectivity
// and its grace, the declared intent, absence of each connection, the miss rule
// and the pause between chats (SEMANTICS: operators, presence).
//
// Four dimensions are independent: connectivity, intent, away and load. Whether the
// operator is routable is computed from the first three and is never set; the
// load is the router's. Pure: Step takes an input and a time and answers effects.
//
// Invariants:
//
//   - the intent changes by the operator, by a supervisor or the tenant's servers, or
//     by the miss rule, and each change says who, where and when (I9). Connections
//     coming and going never change it; an empty desk's first connection states
//     one if the operator was signed out;
//   - a session that the operator owns knows whether its owner is there and may see it:
//     whatever was told last is what is so (I7). To a session that no connection may
//     see its owner is missing, whatever else it sees;
//   - no offer is live while the operator has no connection (or has signed out).
//
// Read next: types.go, machine.go, presence.go, intent.go.
package operator
