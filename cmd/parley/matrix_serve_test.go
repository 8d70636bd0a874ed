package main

// servedMatrix has the rows of the commands about whose a session is and how it is
// served. Their own codes are those of a session that its operator has, whose epoch
// is no longer 1: what the state or the right does not allow is told to whom the
// session belongs, and to nobody else.
func servedMatrix() map[string]row {
	return map[string]row{
		"visitor department.list":     {},
		"visitor session.rate":        {aim: "sid", stranger: "not_found", own: "forbidden"}, // it is not over
		"visitor session.leave_queue": {aim: "sid", stranger: "not_found", own: "stale_epoch"},
		"visitor session.handoff":     {aim: "sid", stranger: "not_found", own: "forbidden"}, // no bot has it
		"visitor session.continue":    {aim: "sid", stranger: "not_found"},
		"operator session.handoff":    {aim: "sid", stranger: "not_found", own: "forbidden"},
		"operator session.release":    {aim: "sid", stranger: "not_found", own: "stale_epoch"},
		"operator transfer.start":     {aim: "sid", stranger: "not_found", own: "stale_epoch"},
		"operator transfer.cancel":    {aim: "sid", stranger: "not_found", own: "not_found"}, // none is pending
		"operator session.join":       {aim: "sid", stranger: "not_found", own: "already_owner"},
		"operator session.leave":      {aim: "sid", stranger: "not_found", own: "already_owner"},
		"operator session.set":        {aim: "sid", stranger: "not_found", own: "bad_request"}, // nothing is set
		"operator wrapup.extend":      {aim: "sid", stranger: "not_found", own: "stale_epoch"},
		"operator wrapup.done":        {aim: "sid", stranger: "not_found", own: "stale_epoch"},
		"operator note.add":           {aim: "sid", stranger: "not_found", own: "forbidden"}, // it is not over
		"operator watch":              {},
		"operator transfer.targets":   {aim: "sid", stranger: "not_found"},
		"operator unwatch":            {},
		"operator session.list":       {own: "forbidden"}, // no supervisor
		"operator explain":            {aim: "sid", stranger: "not_found"},
		"operator visitor.get":        {aim: "sid", stranger: "not_found"},
		"operator visitor.ban":        {aim: "sid", stranger: "not_found", own: "forbidden"}, // no supervisor
		"operator session.pick":       {aim: "sid", stranger: "not_found", own: "forbidden"},
		"operator session.takeover":   {aim: "sid", stranger: "not_found", own: "forbidden"},
	}
}

// aimedBy are members that a command may name its session by, besides those that it
// needs.
func aimedBy(op string) []string {
	if op == "visitor.ban" || op == "visitor.get" {
		return []string{"sid"}
	}
	return nil
}

// servedFields are values of the members that these commands have.
func servedFields(op string) map[string]any {
	values := map[string]any{"as": "member", "choice": "close", "score": 5, "days": 0, "topics": []string{"queue"}}
	if op == "transfer.start" {
		values["target"] = map[string]any{"operator": "bob"}
	}
	return values
}
