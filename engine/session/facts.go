package session

import (
	"encoding/json"

	"github.com/parleyhq/parley/engine"
)

// factsBody encodes an entry's facts. They hold ids, numbers and closed words.
func factsBody(f *engine.Facts) (engine.Body, engine.Format) {
	text, err := json.Marshal(f)
	if err != nil { // closed words, numbers and times only: it cannot fail
		panic("session: facts: " + err.Error())
	}
	if string(text) == "{}" {
		return engine.Body{}, engine.FormatText
	}
	return engine.NewBody(text), engine.FormatFacts
}

// factsOf reads an entry's facts; none if it has none that can be read.
func factsOf(e *engine.Entry) (f engine.Facts) {
	if e.Format == engine.FormatFacts && json.Unmarshal(e.Body.Reveal(), &f) != nil {
		return engine.Facts{}
	}
	return f
}

// with puts facts into an entry.
func with(e *engine.Entry, f *engine.Facts) *engine.Entry {
	e.Body, e.Format = factsBody(f)
	return e
}

// asked is the body that an entry of the kind gets from a plan: what a draft that
// repeats it must ask for as well.
func asked(kind engine.Kind, p *engine.Plan) (engine.Body, engine.Format) {
	if p == nil {
		p = &engine.Plan{}
	}
	f := engine.Facts{}
	switch kind {
	case engine.KindTransferStarted:
		f.Target, f.Mode, f.Fallback, f.Force = &p.Target, "warm", p.Or.String(), p.Force
		if p.Cold {
			f.Mode = "cold"
		}
	case engine.KindParticipantJoined:
		f.As, f.Hidden = p.As.String(), p.Hidden
	case engine.KindPrioritySet:
		f.Priority, f.Needs, f.Weight, f.Department = p.Priority, p.Needs, p.Weight, p.Target.Department
	case engine.KindTagsSet:
		f.Tags = p.Tags
	case engine.KindSessionClosing:
		f.Reason, f.Tags, f.WrapUp = p.Reason, p.Tags, p.WrapUp
		if !p.FollowUp.IsZero() {
			at := p.FollowUp.UTC()
			f.FollowUp = &at
		}
	case engine.KindRated:
		f.Score = &p.Score
	default:
	}
	return factsBody(&f)
}

// planned makes an entry out of a draft with a plan.
func planned(kind engine.Kind, by engine.Author, d engine.Draft) *engine.Entry {
	e := &engine.Entry{Author: by, Kind: kind, ClientID: d.ClientID}
	e.Body, e.Format = asked(kind, d.Plan)
	return e
}
