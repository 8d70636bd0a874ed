// Package operator decides whether an operator can be given chats: connectivity
// and its grace, the declared intent, absence of each connection, and the miss
// rule. Routability is computed from these and never set. Pure: Step takes an
// input and a time and answers effects.
package operator
