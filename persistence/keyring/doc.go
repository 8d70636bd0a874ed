// Package keyring keeps the keys outside the store of records: one file of
// fixed slots that are overwritten in place, so that a destroyed key is gone.
// Deleted keys were found again in recycled write-ahead logs and in hard-linked
// checkpoints of a log-structured store; a slot has one place and no history.
//
// The hierarchy, each wrapped by the one above with AES-256-GCM:
//
//	root key (seal.Root; never on this disk)
//	└ keyring key, in the root section below
//	   └ tenant key                              one per tenant
//	      ├ index, token and row keys            one each per tenant
//	      └ subject key                          one per visitor
//	         └ session key                       one per session
//
// The keyring key exists because a slot has 60 bytes for a wrapped key and a key
// service's ciphertext is longer; it also makes rotating the root key the
// rewriting of one section.
//
// The file, all integers big endian:
//
//	page 0, page 1   4,096 bytes each, written in turn by the parity of the stamp
//	slots            128 bytes each, numbered from 64 (= 2 pages / 128)
//
// A page:
//
//	0    magic 8 "parleykr" | ver 1 | pad 7 | ring id 16 | stamp 8 | crc 4
//	512  magic 4 "root" | ver 1 | id length 1 | wrapped length 2 | root id |
//	     wrapped keyring key | crc 4
//
// A slot:
//
//	0    kind 1 | ver 1 | state 1 | pad 1 | slot generation 4 | KEK version 4 |
//	     key generation 4 | tenant 8 | own 16 | parent 16
//	56   nonce 12 | wrapped key 32 | tag 16
//	116  crc 4 (CRC-32C of all other bytes) | stamp 8
//
// The additional data of a wrapped key are the slot's number and the 56 bytes
// before the nonce. Erasing keeps kind, state and slot generation and zeroes the
// rest: zeros mean erased, anything else that does not open means corrupt.
//
// The stamp counts batches of new slots. The store of records keeps the stamp of
// the last batch that it has; after a crash it may be one behind, and then the
// subject and session slots of that one batch belong to nobody and are freed.
//
// Invariants: a slot is durable before the first record that needs it; a slot is
// used again only with a higher slot generation.
package keyring
