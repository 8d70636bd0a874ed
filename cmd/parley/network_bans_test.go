package main

import "github.com/parleyhq/parley/engine"

// unbanned is the part of a store that nobody uses in the network's stories: no
// visitor is banned there, and no session is looked for.
type unbanned struct{}

func (unbanned) PutBan(_ engine.TenantID, _ engine.VisitorID, _ engine.Ban, _ *engine.Memo, done func(error)) {
	go done(engine.ErrFull)
}

func (unbanned) Bans(engine.TenantID, func(engine.VisitorID, engine.Ban) bool) error { return nil }

func (unbanned) BanMemos(engine.TenantID, func(engine.Memo) bool) error { return nil }

func (unbanned) Sessions(_ engine.TenantID, _ engine.SessionQuery, done func(engine.SessionPage, error)) {
	go done(engine.SessionPage{}, nil)
}

func (unbanned) CountSessions(_ engine.TenantID, _ engine.VisitorID, done func(int, engine.SessionID, error)) {
	go done(0, engine.SessionID{}, nil)
}
