// Package spec describes the wire protocol as data: a JSON Schema (draft
// 2020-12) for every frame of both sockets, and an AsyncAPI 3.0 document that
// says who sends which frame where, and what answers what.
//
// A schema is named for its frame: req.OP, res.OP and res.refused, evt.T, eph.T,
// watch.W.T, ctl.T, and ctl.client.T for what clients send; auth has one of each
// per side, as in req.auth.visitor. common holds what frames are made of.
//
// Invariants, kept by this package's tests: every operation of package engine
// and every frame that package wire encodes is described, and nothing else;
// what a schema demands of a request is what package wire demands; frames
// recorded from a running server match their schemas, which name each of their
// fields.
//
// A new frame needs its schema, its message and operation in asyncapi.json, a
// sample in wire_test.go and a line in the story of record_test.go, and a command
// a row in the matrix of cmd/parley; the tests name what is missing. The types of
// transport/web/client are made of the schemas: npm run client in transport/web.
//
// Read next: spec.go, asyncapi.json, schemas/common.json.
package spec
