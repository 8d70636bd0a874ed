// Package storetest is one suite for every store of session logs: what
// engine.Log promises, checked against whatever claims to be one. A backend's own
// tests add what is its own: durability, secrecy, speed.
package storetest
