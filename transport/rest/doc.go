// Package rest carries the requests of a tenant's own servers: HTTP and JSON
// under /v1/tenants/{tenant}, described by the OpenAPI document that it serves
// at /v1/openapi.json.
//
// It holds no state and decides nothing: it authenticates the bearer token,
// reads the request, asks its System, and writes what came of it, an error as a
// problem document (RFC 9457) with the engine's stable code.
//
// Invariants: a request without a token of role admin learns nothing, not even
// whether a tenant exists; what is not the tenant's and what does not exist
// answer alike; a POST carries an Idempotency-Key, so repeating one doubles
// nothing; logs and metrics hold operation names and codes, never paths.
//
// Start reading at routes.go.
package rest
