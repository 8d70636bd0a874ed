package rest

import "context"

type unfrozenAnswer struct {
	Session string `json:"sid"`
}

// unfreezeSession needs no key: a session that was frozen again meanwhile is another
// matter, which whoever asks is to see. One that is not frozen is not found.
func (a *api) unfreezeSession(wait context.Context, c *call) (any, error) {
	if err := c.decode(&struct{}{}); err != nil {
		return nil, err
	}
	ref, err := a.session(wait, c)
	if err != nil {
		return nil, err
	}
	if err := a.System.Unfreeze(ref); err != nil {
		return nil, err
	}
	return unfrozenAnswer{Session: ref.Session.String()}, nil
}
