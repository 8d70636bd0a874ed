// Package transport carries: frames from visitors and operators in, frames out,
// with back-pressure, over WebSockets on fasthttp.
//
// A Server accepts connections, lets each say who it is, and seats it at a
// Switchboard (package actors has the real one). From then on the connection
// holds an engine.Seat, through which its requests go in, and is an
// engine.Outlet, through which entries, signals and answers come out.
//
// One object, conn, owns a socket. Its reader goroutine is the only one that
// reads, ends the connection, and leaves the seat. Writing is a right: whoever
// puts the first frame into an empty outbox passes it to a writer, which holds
// it until the outbox is empty again. Nobody outside conn ever holds the
// socket, so a late frame cannot reach another visitor.
//
// Invariants: no method of an outlet blocks; a queue is bounded in bytes, and
// what does not fit closes its slow socket, which resumes by number; an entry is
// encoded once, whoever receives it; nothing is dropped without a counter; no
// log line, error or metric holds text, names, tokens or addresses.
//
// Read next: server.go, handshake.go, authenticate.go, conn.go, outbox.go; then
// packages wire (frames), auth (tokens) and client (the other end).
package transport
