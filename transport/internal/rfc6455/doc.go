// Package rfc6455 frames: it reads and writes WebSocket frames for one end of a
// connection (RFC 6455), without a goroutine, a lock or a socket of its own.
//
// The server uses its header and validator always, and its reader on the fast
// path; the Go client uses all of it. Only what Parley speaks is here: messages
// and control frames, no extension. Binary messages are for the echo endpoint.
package rfc6455
