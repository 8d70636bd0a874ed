package session

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// Step applies one input and appends its effects to out. now must not run
// backwards; the caller reads the clock once per batch. Of a step that changed
// what the router must know, the report is the last effect.
func (s *Session) Step(in Input, now time.Time, out []Effect) []Effect {
	s.copied = nil
	t := turn{Session: s, now: time.UnixMilli(now.UnixMilli()).UTC(), out: out}
	t.take(in)
	t.settlePicks()
	if t.routed {
		t.report()
	}
	return t.out
}

// turn is one Step in progress.
type turn struct {
	*Session
	now    time.Time
	out    []Effect
	rights engine.Rights // of whoever asks
	proven bool          // a visitor asks who has proven who it is
	asker  asker         // besides
	routed bool          // the router must know
	asked  uint64        // which Again the report answers
}

// asker is what an Ask says of who asks; zero where nobody does.
type asker struct {
	server bool
	banned time.Time
}

func (t *turn) take(in Input) {
	switch in := in.(type) {
	case Ask:
		t.take(&in)
	case *Ask:
		t.rights, t.proven, t.asker = in.Rights, in.Verified, asker{in.Server, in.Banned}
		t.ask(in)
	case Banned:
		t.ban(in.By)
	case Typing:
		t.typing(in)
	case Peek:
		t.peek(in)
	case Present:
		t.visitorPresence(in.On)
	case Introduce:
		t.introduce(in.Claims)
	case Upgrade:
		t.upgrade(in)
	case Announced:
		t.announced(in)
	case Uploaded:
		t.uploaded(in)
	case Stored:
		t.durable = max(t.durable, in.Through)
	case Tick:
		t.tick()
	case OwnerGone:
		t.ownerGone(in)
	case OwnerBack:
		t.ownerBack(in)
	case Recover:
		t.recover(in.Since)
	default:
		t.route(in)
	}
}

// route takes what comes from the router.
func (t *turn) route(in Input) {
	switch in := in.(type) {
	case Offer:
		t.offer(in)
	case Revoke:
		t.revoke(in)
	case Refuse:
		if t.row.State == engine.StateQueued && t.row.Epoch == in.Epoch {
			t.write(&engine.Entry{Kind: engine.KindSessionRefused, Cause: in.Cause})
			t.finish(in.Cause)
		}
	case Relax:
		t.relax(in)
	case Defer:
		if t.row.State == engine.StateQueued && t.row.Epoch == in.Epoch {
			t.setAside(in.Cause, engine.Author{}, engine.Draft{})
		}
	case Resume:
		t.resume(in)
	case TransferFailed:
		t.transferFailed(in)
	case Picked:
		t.picked(in)
	case Again:
		t.again(in)
	default:
	}
}

func (t *turn) do(e Effect) { t.out = append(t.out, e) }

// write numbers an entry and hands it to the log.
func (t *turn) write(e *engine.Entry) engine.Seq {
	t.last++
	e.Session, e.Seq, e.PrevAll, e.Epoch, e.At = t.row.Ref.Session, t.last, t.row.PrevAll, t.row.Epoch, t.now
	if e.IsVisible(engine.VisibleToAll) {
		t.row.PrevAll = e.Seq
	}
	switch e.Kind {
	case engine.KindMessageEdited, engine.KindMessageRedacted, engine.KindAttrsSet, engine.KindFormFilled:
		t.dirty = true
	case engine.KindMessageNew:
		// A restored session takes the turn and the last visible entry from its tail
		// where messages end it, and else from the row.
		t.dirty = t.dirty || !e.IsVisible(engine.VisibleToAll)
	default:
	}
	if r, matters := engine.ResultOf(e); matters {
		t.remember(&r)
	}
	t.do(Write{e})
	return e.Seq
}

// change says that the routing facts are not what they were: the row goes into
// the same batch, and the router learns of it. What the row points at is replaced,
// never changed in place: reports hold it too.
func (t *turn) change() { t.dirty, t.routed = true, true }

// move changes the state.
func (t *turn) move(to engine.State) {
	t.row.State = to
	t.change()
}

// report tells the router what the session is, once what was written is durable.
func (t *turn) report() {
	t.do(Report{After: t.last, Life: t.life, Number: t.number, Recovered: t.recovered, Asked: t.asked, Row: t.snapshot()})
	t.recovered = false // a router that hears it with each report would begin anew with each
}

// notify tells an operator something that is about no offer.
func (t *turn) notify(operator engine.OperatorID, note Note, cause engine.Cause) {
	t.do(Notify{
		After: t.last, Operator: operator, Note: note, Cause: cause,
		Offer: engine.Offer{Session: t.row.Ref.Session, Epoch: t.row.Epoch, Department: t.row.Department},
	})
}

// again tells a router that lost its memory everything that it does not know.
func (t *turn) again(in Again) {
	t.recovered, t.asked = true, in.Asked
	t.routed = t.row.State != engine.StateNew // also that it is over: the router may wait for its word
	for i := range t.picks {
		t.wish(&t.picks[i])
	}
}
