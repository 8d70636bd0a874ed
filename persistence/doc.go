// Package persistence keeps sessions' logs: sealed, in one directory of one
// machine, durable before anybody is told.
//
// A Store is an engine.Log. It owns the directory, the keys between Claim and
// Release, one writer goroutine and a few readers. Below it lie Pebble, which
// sees ciphertext only, and package keyring, which keeps the keys outside Pebble
// in slots that are overwritten in place.
//
// One entry's walk:
//
//	Append   append.go   encoded and sealed on the caller's goroutine
//	queue    internal/gather  batches, as large as the last one if that takes less than 60 us
//	apply    append.go   term and number judged, copied into one Pebble batch
//	finish   writer.go   new key slots synced, then the batch synced, then the failure flag read
//	settle   append.go   durable number moved, done called
//
// Invariants:
//
//   - An entry is durable before its done, and nobody reads it before.
//   - A key slot is durable before the first record that needs it.
//   - Entries of a session are contiguous from 1; a gap, or an end before the
//     number that the session was closed with, is engine.ErrCorrupt.
//   - Only the writer changes sessions, tenants and slots.
//   - The first failed write or sync is final: everything later answers it. A
//     failed sync is never tried again, because the pages may be gone.
//   - Erased and corrupt are told apart: zeros in the keyring, or bytes that do not
//     open.
//   - Plaintext stops at package seal, keys stop at this package; errors, logs and
//     metrics hold ids and counts.
//
// It never decides what may be kept, and never runs a session.
//
// Read next: keys.go (the layout, drawn), open.go, writer.go. docs/STORAGE.md is
// for those who operate it. Package storetest is the suite that every engine.Log
// passes.
package persistence
