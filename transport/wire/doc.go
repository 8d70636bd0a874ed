// Package wire is the protocol's JSON: what docs/PROTOCOL.md says, byte by byte.
//
// Encoding is by hand and by append, because one frame is encoded once for
// everybody who receives it and reflection costs more than sending. So a frame
// of an entry holds nothing of its receiver: ids only, no name, no counter.
// Decoding is by a strict scanner that allocates only what it keeps, answers
// every malformed input with an error of the protocol, and never panics.
//
// The package knows no socket and no time: whoever calls it passes both.
//
// Read next: entry.go (events), answer.go (results), request.go (what clients
// send), server.go (the same frames read by a client).
package wire
