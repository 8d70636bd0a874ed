package session

import "github.com/parleyhq/parley/engine"

// upgrade gives the session to the visitor that its anonymous one has turned out
// to be. Operators see that it happened; nobody else has a use for it.
func (t *turn) upgrade(in Upgrade) {
	if t.row.Visitor != in.From || in.From == in.To || t.closed != 0 || t.row.State == engine.StateNew {
		return
	}
	t.row.Visitor, t.row.Service.Verified = in.To, true
	t.dirty = true // the row goes into the same batch
	t.write(&engine.Entry{
		Author: engine.Author{Kind: engine.AuthorVisitor}, Kind: engine.KindIdentityUpgraded, Visibility: engine.VisibleToOperators,
	})
}
