// Package client connects to a Parley server as a visitor or an operator, for
// programs written in Go: tests, the bench, bots.
//
// A Client reads on a goroutine of its own and answers the server's pings by
// itself. Requests wait for their result; everything else the server says comes
// by Frames, or, in raw mode, byte by byte to a function, so that a program can
// hold thousands of clients cheaply. A Client does not reconnect: dial again
// with its Have and the same idempotency keys, and nothing is lost or doubled. A
// Resuming client does that by itself.
package client
