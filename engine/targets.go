package engine

// MaxTargets is how many targets one answer to OpTargets names.
const MaxTargets = 200

// TransferTarget is where a session could be handed on to, as it is at one moment.
type TransferTarget struct {
	Target
	// Routable: OpTransfer to it with OrFail would be offered to somebody now.
	Routable bool
	// Reason is why not: not_routable, breathing, open_cap, full, declined (who could was
	// asked before), skills, never_auto, not_member or closed. Empty if Routable.
	Reason string
	// Of an operator: what it carries, and may.
	Used, Capacity, Open, OpenCap int
	// Missing are the skills that the session asks for at its step and nobody of the
	// target has at that level. They keep an operator who is named from nothing.
	Missing []string
}
