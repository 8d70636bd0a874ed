// Package bench measures the engine as its users meet it: a real server in a
// process of its own, driven over sockets from this one.
//
// It owns the load, the clock and the report. Latency is taken from the time a
// message was scheduled to be sent, so that a server that stalls cannot hide it
// (coordinated omission). Every row says when the generator, not the server, was
// the bottleneck. Load goes to loopback unless the user says that it owns the
// target.
//
// Scenarios: Fan (one session, N sockets, one message to all) and Idle (memory
// of connections and sessions in which nothing is said).
package bench
