package session

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

func (t *turn) ask(in *Ask) {
	by, d := in.By, in.Draft
	if len(d.ClientID) > engine.MaxClientID {
		field := "idem"
		if d.Op == engine.OpMessage {
			field = "cmid"
		}
		t.refuse(d, engine.ErrBadRequest.In(field))
		return
	}
	if by.Kind == engine.AuthorVisitor {
		t.touch()
	}
	switch d.Op {
	case engine.OpStart:
		t.start(by, d, Inherit{})
	case engine.OpContinue:
		t.goOn(by, d, in.Inherit)
	case engine.OpMessage:
		t.message(by, d)
	case engine.OpEdit:
		t.edit(by, d)
	case engine.OpRedact:
		t.redact(by, d)
	case engine.OpFile:
		t.begin(by, d)
	case engine.OpIdentify:
		t.identify(by, d)
	case engine.OpIdentity:
		t.held(by, d)
	case engine.OpRead:
		t.read(by, d)
	case engine.OpAccept:
		t.accept(by, d)
	case engine.OpReject:
		t.reject(by, d)
	default:
		t.askOwner(by, d)
	}
}

// askOwner takes what is asked about whose the session is and how it ends.
func (t *turn) askOwner(by engine.Author, d engine.Draft) {
	if d.Plan == nil {
		d.Plan = &engine.Plan{}
	}
	switch d.Op {
	case engine.OpPick:
		t.pick(by, d)
	case engine.OpTakeover:
		t.takeover(by, d)
	case engine.OpRelease:
		t.release(by, d)
	case engine.OpHandoff:
		t.handoff(by, d)
	case engine.OpTransfer:
		t.transfer(by, d)
	case engine.OpTransferCancel:
		t.transferCancel(by, d)
	case engine.OpJoin:
		t.join(by, d)
	case engine.OpLeave:
		t.leave(by, d)
	case engine.OpSet:
		t.set(by, d)
	case engine.OpClose:
		t.close(by, d)
	case engine.OpLeaveQueue:
		t.leaveQueue(by, d)
	case engine.OpWrapUpExtend:
		t.wrapUpExtend(by, d)
	case engine.OpWrapUpDone:
		t.wrapUpDone(by, d)
	case engine.OpRate:
		t.rate(by, d)
	case engine.OpNote:
		t.note(by, d)
	default:
		t.refuse(d, engine.ErrUnknownOp)
	}
}

func (t *turn) reply(d engine.Draft, after engine.Seq, a engine.Answer) {
	if d.Request == "" {
		return
	}
	a.Request, a.Op, a.Session = d.Request, d.Op, t.row.Ref.Session
	t.do(Reply{After: after, Answer: a})
}

func (t *turn) refuse(d engine.Draft, err *engine.Error) { t.reply(d, 0, engine.Answer{Err: err}) }

// done answers with the entry that the draft added.
func (t *turn) done(d engine.Draft, seq engine.Seq, at time.Time) {
	a := engine.Answer{Seq: seq, At: at}
	switch d.Op {
	case engine.OpAccept, engine.OpPick, engine.OpTakeover:
		a.Epoch = t.row.Epoch
	default:
	}
	t.reply(d, seq, a)
}

// repeated answers a draft whose idempotency key is known, and reports whether it was.
func (t *turn) repeated(by engine.Author, kind engine.Kind, d engine.Draft) bool {
	if d.ClientID == "" {
		return false
	}
	r, known := t.results.of(key{by, kind, d.ClientID})
	if !known {
		return false
	}
	if !asksSame(r, d) {
		t.refuse(d, engine.ErrIdemConflict)
		return true
	}
	t.done(d, r.Seq, r.At)
	return true
}

// asksSame reports whether a draft asks for what was done under its key. Of a
// text that was removed nothing is known any more: any is the same.
func asksSame(r engine.Result, d engine.Draft) bool {
	digest := d.Body.Digest()
	if d.Format == engine.FormatFile && d.File != nil {
		digest = engine.FileDigest(d.File.ID)
	}
	text := r.Format == d.Format && r.Digest == digest || r.Format == engine.FormatRedacted
	switch r.Kind {
	case engine.KindMessageNew:
		return text && r.Visibility == d.Visibility
	case engine.KindMessageEdited:
		return text && r.Target == d.Target
	case engine.KindMessageRedacted:
		return r.Target == d.Target
	case engine.KindNoteAdded:
		return text
	case engine.KindTransferStarted, engine.KindParticipantJoined, engine.KindPrioritySet, engine.KindTagsSet,
		engine.KindSessionClosing, engine.KindRated:
		body, _ := asked(r.Kind, d.Plan)
		return r.Digest == body.Digest()
	default: // they ask for nothing but the operation itself
		return true
	}
}

// decides says why somebody may not decide over the session, or nil: its owner
// may, and a supervisor, and, where servers says so, a server of the tenant's.
func (t *turn) decides(by engine.Author, d engine.Draft, servers bool) *engine.Error {
	isOperator := by.Kind == engine.AuthorOperator
	switch {
	case t.row.State == engine.StateNew:
		return engine.ErrNotFound
	case by.Kind == engine.AuthorIntegration && servers:
	case isOperator && (t.owns(by) || t.rights.Has(engine.RightSupervise)):
	case isOperator && t.MayRead(by):
		return engine.ErrNotOwner
	case isOperator:
		return engine.ErrNotFound
	default:
		return engine.ErrForbidden
	}
	return t.current(d)
}

// current refuses what was decided on an older epoch, or nil.
func (t *turn) current(d engine.Draft) *engine.Error {
	if d.Epoch != 0 && d.Epoch != t.row.Epoch {
		return engine.ErrStaleEpoch.InEpoch(t.row.Epoch)
	}
	return nil
}

// unfit is why a draft cannot be carried out in the state that the session is in:
// whoever asked has not seen yet what it is now.
func (t *turn) unfit() *engine.Error {
	switch {
	case t.row.State == engine.StateNew:
		return engine.ErrNotFound
	case t.closed != 0:
		return engine.ErrClosed.At(t.closed)
	}
	return engine.ErrStaleEpoch.InEpoch(t.row.Epoch)
}

func (s *Session) owns(by engine.Author) bool {
	return by.Kind == engine.AuthorOperator && by.Operator != "" && by.Operator == s.row.Owner
}
