package engine

import "time"

// Violated is a broken invariant, as it was found. It holds ids and counts only.
type Violated struct {
	Tenant    TenantID
	Session   SessionID // zero: not of one session
	Invariant string    // I1 to I15
	Detail    string
	At        time.Time
	// Ref is what people who were refused were told; empty where nothing is frozen.
	Ref string
}

// Invariants is what the checks of a running system have come to.
type Invariants struct {
	Violations map[string]uint64 // by invariant; only those that were ever broken
	Frozen     []Violated        // sessions that are frozen, oldest first
	Recent     []Violated        // the last ones, oldest first
	Audits     uint64            // of routers
	LastAudit  time.Time         // zero: none yet
}
