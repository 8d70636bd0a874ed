// Package auth verifies operators' and visitors' tokens and mints them for tools
// and tests.
//
// A token is a JWT (RFC 7519) signed by the tenant: `sub` is one of the
// operators that the tenant declares, `aud` the tenant, `exp` at most 24 hours
// ahead, `roles` what the bearer may do. A key is looked up within the tenant
// that the client names and nowhere else, and verifies only with the algorithm
// that the tenant declared for it: so one tenant's key says nothing about
// another's operators, and a public key never becomes a shared secret (RFC 8725
// sections 3.1 and 3.9).
//
// A visitor's token names it by `sub`, in the tenant's own words, and is signed
// under keys of their own: neither set of keys verifies the other's tokens.
//
// JWT is what the server uses unless the host brings an Authenticator of its own.
package auth
