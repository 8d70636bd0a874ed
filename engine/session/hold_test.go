package session_test

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// changed checks what one step may do to the row.
func (l *life) changed(row engine.Row) {
	before := l.before
	if row.Epoch < before.Epoch {
		l.Fatalf("the epoch goes back from %d to %d", before.Epoch, row.Epoch)
	}
	if (before.Owner != row.Owner || !waits(before.State) && waits(row.State)) && row.Epoch == before.Epoch {
		l.Fatalf("I1: from %s of %q to %s of %q in one epoch, %d", before.State, before.Owner, row.State, row.Owner, row.Epoch)
	}
	if before.State != engine.StateNew && !row.FirstQueued.Equal(before.FirstQueued) && (before.Service.Handed || !row.Service.Handed) {
		l.Fatalf("first queued moves from %v to %v", before.FirstQueued, row.FirstQueued)
	}
	if before.State == engine.StateClosed && row.State != engine.StateClosed || before.State == engine.StateClosing && row.State < engine.StateClosing {
		l.Fatalf("from %s to %s", before.State, row.State)
	}
}

func waits(s engine.State) bool { return s == engine.StateQueued || s == engine.StateOffered }

// holds checks what must be true between steps: in each state, who or what ends it (I4).
func (l *life) holds(row engine.Row) {
	deadline, s := l.s.Deadline(), &row.Service
	isOwned := row.State == engine.StateActive || row.State == engine.StateDetached || row.State == engine.StateClosing
	switch row.State {
	case engine.StateNew, engine.StateClosed:
		if !deadline.IsZero() {
			l.Fatalf("%s has a deadline", row.State)
		}
	case engine.StateQueued:
		if !l.s.Info().Present && deadline.IsZero() {
			l.Fatalf("I4: waiting for nobody, without a deadline")
		}
	case engine.StateActive:
	case engine.StateDetached:
		if s.GraceBy.IsZero() {
			l.Fatalf("I4: detached without a grace")
		}
		fallthrough
	case engine.StateOffered, engine.StateClosing, engine.StateUnattended:
		if deadline.IsZero() {
			l.Fatalf("I4: %s without a deadline", row.State)
		}
	default:
		l.Fatalf("I4: state %s", row.State)
	}
	if (row.State == engine.StateDetached) == s.GraceBy.IsZero() || (row.State == engine.StateUnattended) == s.ReviewBy.IsZero() {
		l.Fatalf("%s with grace until %v, review by %v", row.State, s.GraceBy, s.ReviewBy)
	}
	if row.State != engine.StateClosed && isOwned != (row.Owner != "") {
		l.Fatalf("%s with owner %q", row.State, row.Owner)
	}
	if hasTransfer := s.Transfer != nil; hasTransfer && row.State != engine.StateActive && row.State != engine.StateDetached || hasTransfer && s.Transfer.ID != l.pending || !hasTransfer && l.pending != 0 {
		l.Fatalf("%s with transfer %+v, %d was started", row.State, s.Transfer, l.pending)
	}
	if hasOffers := len(row.Offers) > 0; (row.State == engine.StateOffered) != hasOffers && !(hasOffers && s.Transfer != nil) {
		l.Fatalf("%s with %d offers", row.State, len(row.Offers))
	}
	if row.State.IsOpen() && row.State != engine.StateNew && row.Turn != l.turn {
		l.Fatalf("it is the %s's turn, want the %s's", row.Turn, l.turn)
	}
	if len(l.wishes) > 0 && (l.closing != 0 || l.wishes[0].Epoch != row.Epoch) {
		l.Fatalf("wish %+v has no answer in %s, epoch %d", l.wishes[0], row.State, row.Epoch)
	}
	l.weighs(row)
}

// weighs checks what a session loads its operator with.
func (l *life) weighs(row engine.Row) {
	d, _ := tenant.Department(row.Department)
	served := d.Weight
	if own := row.Service.Weight; own != 0 {
		served = own
	}
	want := served
	switch {
	case row.State == engine.StateClosing:
		want = min(d.WrapUpWeight, served)
	case row.Service.Idle:
		want = min(d.IdleWeight, served)
		if row.State != engine.StateActive && row.State != engine.StateDetached {
			l.Fatalf("%s and idle", row.State)
		}
	}
	if row.State.IsOpen() && row.State != engine.StateNew && row.Weight != want {
		l.Fatalf("%s weighs %d, want %d", row.State, row.Weight, want)
	}
}

// tells checks that everybody was told what is.
func (l *life) tells(row engine.Row) {
	if len(l.offered) != len(row.Offers) {
		l.Fatalf("told %v of offers, they are %+v", l.offered, row.Offers)
	}
	for _, o := range row.Offers {
		if l.offered[o.Operator] != o.ID || o.Epoch != row.Epoch || o.Operator == row.Owner {
			l.Fatalf("told %v of offers in epoch %d, they are %+v", l.offered, row.Epoch, row.Offers)
		}
	}
	if row.State != engine.StateClosed && l.owner != row.Owner || row.State == engine.StateClosed && l.owner != "" {
		l.Fatalf("told %q of owning, it is %q's", l.owner, row.Owner)
	}
	members := row.Service.Members
	if len(members) != len(l.joined) || len(members) > engine.MaxMembers {
		l.Fatalf("told %v of taking part, they are %+v", l.joined, members)
	}
	for _, m := range members {
		if !l.joined[m.Operator] || m.Operator == row.Owner {
			l.Fatalf("told %v of taking part, they are %+v, the owner is %q", l.joined, members, row.Owner)
		}
	}
	for _, id := range []engine.OperatorID{"ada", "bob", "eve", "bot"} {
		isMember := slices.ContainsFunc(members, func(m engine.Member) bool { return m.Operator == id })
		if may := l.s.MayRead(operator(id)); may != (isMember || id == row.Owner) {
			l.Fatalf("I10: %s may read: %v", id, may)
		}
	}
	if l.s.HeadFor(engine.VisibleToAll) != l.visible || l.s.HeadFor(engine.VisibleToOperators) != engine.Seq(len(l.log)) {
		l.Fatalf("heads %d and %d, want %d and %d", l.s.HeadFor(engine.VisibleToAll), l.s.Last(), l.visible, len(l.log))
	}
	if sit := l.s.Situation(engine.VisibleToAll); sit.Serving != nil || sit.Visitor.LastActivity != (time.Time{}) {
		l.Fatalf("a visitor sees %+v", sit)
	}
}
