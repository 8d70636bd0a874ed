// Package seal turns records into ciphertext and back: plaintext stops here.
//
// It owns two things. Root is the root key, the one place where an operator of
// the software plugs in a file, an environment variable or a key service. Key
// is a data key that seals one record at a time with AES-256-GCM under a fresh
// random 96-bit nonce (NIST SP 800-38D section 8.2.2).
//
// A sealed value, byte by byte:
//
//	ver u8 | generation u32 | nonce 12 | ciphertext | tag 16
//
// The additional data are "ctr1", the place (the value's full key in the store,
// and what lies before it in clear), ver and generation: a value that is moved
// to another place, tenant or generation does not open. The plaintext is closed
// with one 0x80 byte and padded with zeros to a multiple of 32 bytes, so that a
// length says little about what somebody typed.
//
// Nonces are never counted: a restored backup would use one twice.
package seal
