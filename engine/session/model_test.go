package session_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// model is what the laws know of a session from what it wrote and told, and from
// nothing else.
type model struct {
	answers map[asked]firstAnswer
	offered map[engine.OperatorID]engine.Seq // by the notes that operators got
	owner   engine.OperatorID                // likewise
	joined  map[engine.OperatorID]bool       // likewise
	wishes  []session.Pick                   // that were not answered
	visible engine.Seq                       // the last entry visible to all
	owners  map[engine.Epoch]engine.OperatorID
	closing engine.Seq
	removed map[engine.Seq]engine.Seq // messages, by the entry that removed them
	turn    engine.Turn
	pending engine.Seq // the transfer that was started and not ended
	rated   bool
	before  engine.Row
	effects []session.Effect // of the step
	rights  engine.Rights    // of whoever asks in this step
}

func newModel() model {
	return model{
		answers: map[asked]firstAnswer{}, owners: map[engine.Epoch]engine.OperatorID{}, removed: map[engine.Seq]engine.Seq{},
		offered: map[engine.OperatorID]engine.Seq{}, joined: map[engine.OperatorID]bool{},
	}
}

// asked is an idempotency key with its scope.
type asked struct {
	by  engine.Author
	op  engine.Op
	key string
}

type firstAnswer struct {
	said   said
	answer engine.Answer
}

// said is what must be the same when a key is used again.
type said struct {
	body       string
	target     engine.Seq
	visibility engine.Visibility
	format     engine.Format
	plan       string
}

// do steps one input and checks everything that must hold of any step.
func (l *life) do(in session.Input) {
	l.before = l.s.Row()
	ask, isAsk := in.(session.Ask)
	l.rights = ask.Rights
	effects := l.step(in)
	l.effects = effects
	replies, reports := 0, 0
	for i, e := range effects {
		switch e := e.(type) {
		case session.Write:
			l.wrote(e.Entry)
		case session.Reply:
			if e.After > l.s.Last() {
				l.Fatalf("a reply after entry %d of %d", e.After, l.s.Last())
			}
			if e.Pick != 0 {
				l.granted(e)
				continue
			}
			replies++
			l.answered(ask, e)
		case session.Pick:
			if isAsk {
				replies++
				l.wishes = append(l.wishes, e)
			}
			if e.Epoch != l.s.Row().Epoch {
				l.Fatalf("%+v in epoch %d", e, l.s.Row().Epoch)
			}
		case session.Begin:
			replies++
			if l.closing == 0 {
				l.Fatalf("an open session is continued")
			}
		case session.Report:
			if reports++; reports > 1 || i != len(effects)-1 {
				l.Fatalf("report %d is effect %d of %d", reports, i+1, len(effects))
			}
			if e.After != l.s.Last() || !reflect.DeepEqual(*e.Row, l.s.Row()) {
				l.Fatalf("the report after %d of %d differs from the row: %+v and %+v", e.After, l.s.Last(), e.Row, l.s.Row())
			}
		case session.Notify:
			l.noted(e)
		}
	}
	want := 0
	if isAsk {
		want = 1
	}
	if replies != want {
		l.Fatalf("%d replies to %T", replies, in)
	}
	row := l.s.Row()
	if moved := routed(l.before) != routed(row); moved && reports == 0 {
		l.Fatalf("the router does not learn of %s -> %s", routed(l.before), routed(row))
	}
	l.changed(row)
	l.holds(row)
	l.tells(row)
}

// restarted is a life's end: wishes that nobody answered are asked again by whoever
// wished, and hidden observers are gone.
func (l *life) restarted() {
	for _, m := range l.s.Row().Service.Members {
		if m.Hidden {
			delete(l.joined, m.Operator)
		}
	}
	l.restart(len(l.log))
	l.wishes = nil
}

// routed is what the router must know.
func routed(r engine.Row) string {
	s := r.Service
	offers := ""
	for _, o := range r.Offers {
		offers += fmt.Sprint(o.Operator, o.ID, " ")
	}
	return fmt.Sprint(r.State, r.Epoch, r.Department, r.Owner, offers, r.Weight, r.Declines, r.Priority, r.Boost, r.FirstQueued,
		s.Queued, s.Step, s.Needs, s.Weight, s.Preferred, s.Returning, s.Transfer, s.Handed, s.Nudged)
}

// granted checks the answer to a wish.
func (l *life) granted(r session.Reply) {
	at := slices.IndexFunc(l.wishes, func(p session.Pick) bool { return p.Number == r.Pick })
	if at < 0 {
		l.Fatalf("wish %d was not open", r.Pick)
	}
	wish := l.wishes[at]
	l.wishes = slices.Delete(l.wishes, at, at+1)
	row := l.s.Row()
	if r.Answer.Err == nil && (row.Owner != wish.Operator || r.Answer.Epoch != row.Epoch || l.log[r.Answer.Seq-1].Kind != engine.KindSessionAssigned) {
		l.Fatalf("%+v: got %+v, it is %q's in epoch %d", wish, r.Answer, row.Owner, row.Epoch)
	}
}

// wrote checks an entry against those before it.
func (l *life) wrote(e *engine.Entry) {
	at := slices.Index(l.log, e)
	if e.Seq != engine.Seq(at+1) {
		l.Fatalf("I11: entry %d is numbered %d", at+1, e.Seq)
	}
	if e.PrevAll != l.visible || e.Prev(engine.VisibleToOperators) != e.Seq-1 {
		l.Fatalf("I11: entry %d: prev is %d, want %d", e.Seq, e.PrevAll, l.visible)
	}
	if e.IsVisible(engine.VisibleToAll) {
		l.visible = e.Seq
	}
	if at > 0 && (e.Epoch < l.log[at-1].Epoch || e.At.Before(l.log[at-1].At)) {
		l.Fatalf("entry %d goes back in epoch or time", e.Seq)
	}
	if e.Session != ref.Session || !e.At.Equal(e.At.Truncate(time.Millisecond)) || e.At.Location() != time.UTC {
		l.Fatalf("entry %d is of %s at %v", e.Seq, e.Session, e.At)
	}
	if e.Format == engine.FormatFacts && !json.Valid(e.Body.Reveal()) || !e.Kind.IsValid() {
		l.Fatalf("entry %d is %v", e.Seq, e)
	}
	switch e.Kind {
	case engine.KindSessionAssigned:
		if other, taken := l.owners[e.Epoch]; taken {
			l.Fatalf("I1: %s and %s own epoch %d", other, e.Operator, e.Epoch)
		}
		l.owners[e.Epoch] = e.Operator
	case engine.KindSessionQueued, engine.KindSessionRequeued:
		if other, taken := l.owners[e.Epoch]; taken {
			l.Fatalf("I1: waiting in %s's epoch %d", other, e.Epoch)
		}
		l.turn = engine.TurnOperator
	case engine.KindSessionClosing, engine.KindSessionRefused:
		if l.closing != 0 {
			l.Fatalf("ended twice, by %d and %d", l.closing, e.Seq)
		}
		l.closing = e.Seq
	case engine.KindMessageNew:
		l.said(e)
	case engine.KindFormFilled:
		if l.closing != 0 || e.Author != visitor || !e.IsVisible(engine.VisibleToAll) || e.Body.Len() == 0 {
			l.Fatalf("form %d after %d, by %v", e.Seq, l.closing, e.Author)
		}
	case engine.KindMessageEdited, engine.KindMessageRedacted:
		l.amended(e)
	case engine.KindTransferStarted:
		if l.pending != 0 {
			l.Fatalf("transfer %d begins within %d", e.Seq, l.pending)
		}
		l.pending = e.Seq
	case engine.KindTransferEnded:
		if l.pending != e.Target || e.Target == 0 {
			l.Fatalf("transfer %d ends, %d is pending", e.Target, l.pending)
		}
		l.pending = 0
	case engine.KindRated:
		if l.rated || l.closing == 0 {
			l.Fatalf("rated twice or early, by %d", e.Seq)
		}
		l.rated = true
	default:
		l.late(e)
	}
}

// late checks what may follow the end.
func (l *life) late(e *engine.Entry) {
	if l.closing == 0 {
		return
	}
	switch e.Kind {
	case engine.KindSessionClosed, engine.KindTagsSet, engine.KindNoteAdded, engine.KindRatingRequested,
		engine.KindWrapUpEnded, engine.KindWrapUpExtended, engine.KindParticipantLeft:
	default:
		l.Fatalf("I3: %v after the end %d", e, l.closing)
	}
}

// said checks a message and who wrote it.
func (l *life) said(e *engine.Entry) {
	if l.closing != 0 {
		l.Fatalf("I3: message %d after the end %d", e.Seq, l.closing)
	}
	if e.Body.Len() == 0 || e.Body.Len() > 100 {
		l.Fatalf("message %d of %d bytes", e.Seq, e.Body.Len())
	}
	if e.Author == visitor && e.Visibility != engine.VisibleToAll {
		l.Fatalf("message %d: the visitor wrote a note", e.Seq)
	}
	isRemark := l.rights.Has(engine.RightSupervise) && !e.IsVisible(engine.VisibleToAll) && e.ClientID == "" // of a supervisor's transfer
	if e.Author.Kind == engine.AuthorOperator && e.Author.Operator != l.before.Owner && !isRemark {
		at := slices.IndexFunc(l.before.Service.Members, func(m engine.Member) bool { return m.Operator == e.Author.Operator })
		if at < 0 {
			l.Fatalf("message %d of %s, who has no part in it", e.Seq, e.Author.Operator)
		}
		as := l.before.Service.Members[at].As
		if as == engine.PartObserver || as == engine.PartFollower || as == engine.PartWhisper && e.IsVisible(engine.VisibleToAll) {
			l.Fatalf("message %d of a %s", e.Seq, as)
		}
		if e.IsVisible(engine.VisibleToAll) && isBot(e.Author.Operator) != isBot(l.before.Owner) {
			l.Fatalf("I1: %s writes while %s owns it", e.Author.Operator, l.before.Owner)
		}
	}
	if e.IsVisible(engine.VisibleToAll) {
		l.turn = engine.TurnVisitor
		if e.Author == visitor {
			l.turn = engine.TurnOperator
		}
	}
}

func isBot(id engine.OperatorID) bool { return id == "bot" || id == "robot" }

// amended checks an edit or a removal against the message that it is about.
func (l *life) amended(e *engine.Entry) {
	if l.closing != 0 {
		l.Fatalf("I3: %v after the end %d", e, l.closing)
	}
	if e.Target == 0 || e.Target >= e.Seq {
		l.Fatalf("%v is about %d", e, e.Target)
	}
	of := l.log[e.Target-1]
	bySupervisor := e.Kind == engine.KindMessageRedacted && e.Author.Kind == engine.AuthorOperator
	isForm := of.Kind == engine.KindFormFilled && e.Kind == engine.KindMessageRedacted
	if of.Kind != engine.KindMessageNew && !isForm || of.Author != e.Author && !bySupervisor || of.Visibility != e.Visibility {
		l.Fatalf("%v is about %v of another author or visibility", e, of)
	}
	if by := l.removed[e.Target]; by != 0 {
		l.Fatalf("%v is about message %d, which %d removed", e, e.Target, by)
	}
	if e.Kind == engine.KindMessageRedacted {
		l.removed[e.Target] = e.Seq
		for _, held := range l.log {
			if held.HoldsTextOf(e.Target) && (held.Body.Len() != 0 || held.Format != engine.FormatRedacted) {
				l.Fatalf("%v left text in %v", e, held)
			}
		}
	} else if e.Author == visitor || e.Body.Len() == 0 || e.Body.Len() > 100 {
		l.Fatalf("%v by %v", e, e.Author)
	}
}

// noted keeps what operators were told, and checks that it makes sense.
func (l *life) noted(n session.Notify) {
	if n.Operator == "" || n.Offer.Session != ref.Session {
		l.Fatalf("told nobody, or of nothing: %+v", n)
	}
	switch n.Note {
	case session.Offered:
		if l.offered[n.Operator] != 0 {
			l.Fatalf("offered twice to %s", n.Operator)
		}
		l.offered[n.Operator] = n.Offer.ID
	case session.OfferEnded:
		if l.offered[n.Operator] != n.Offer.ID || n.Cause == engine.CauseNone {
			l.Fatalf("%s's offer %d ended, but it had %d", n.Operator, n.Offer.ID, l.offered[n.Operator])
		}
		delete(l.offered, n.Operator)
	case session.Gained:
		if n.Offer.ID != l.offered[n.Operator] || l.owner != "" {
			l.Fatalf("%s gained by offer %d, it had %d, and the owner was %q", n.Operator, n.Offer.ID, l.offered[n.Operator], l.owner)
		}
		delete(l.offered, n.Operator)
		delete(l.joined, n.Operator)
		l.owner = n.Operator
	case session.Lost:
		if l.owner != n.Operator {
			l.Fatalf("%s lost what was %q's", n.Operator, l.owner)
		}
		l.owner = ""
	case session.Joined:
		l.joined[n.Operator] = true
	case session.Left:
		if !l.joined[n.Operator] {
			l.Fatalf("%s left without having joined", n.Operator)
		}
		delete(l.joined, n.Operator)
	case session.Missed, session.Hushed:
	case session.Nudge:
		if l.owner != n.Operator {
			l.Fatalf("%s is nudged, it is %q's", n.Operator, l.owner)
		}
	}
}

// answered checks idempotency: the same key gets the first answer, or a conflict.
func (l *life) answered(ask session.Ask, r session.Reply) {
	a, d := r.Answer, ask.Draft
	if a.Request != "r" || a.Op != d.Op || a.Session != ref.Session {
		l.Fatalf("answer %+v to %+v", a, d)
	}
	if a.Err == nil && a.Seq > r.After {
		l.Fatalf("entry %d is acknowledged after %d", a.Seq, r.After)
	}
	if d.ClientID == "" || d.Op == engine.OpRead || d.Op == engine.OpAway || d.Op == engine.OpContinue {
		return
	}
	k := asked{ask.By, d.Op, d.ClientID}
	now := sayings(ask.By, d)
	first, known := l.answers[k]
	if known && l.forgot(k, first) { // of a removed text, any is the same
		now.body, now.format = first.said.body, first.said.format
	}
	if known && l.removedOf(k, engine.KindFormFilled) {
		now.plan = first.said.plan
	}
	switch {
	case !known:
		if a.Err == nil && a.Seq != 0 && !(d.Op == engine.OpStart && l.unremembered(k)) && !(d.Op == engine.OpRedact && l.unremembered(k)) {
			l.answers[k] = firstAnswer{now, a}
		}
	case first.said != now:
		if !errors.Is(a.Err, engine.ErrIdemConflict) {
			l.Fatalf("%+v with another body: got %+v, want a conflict", k, a)
		}
	default:
		if d.Op == engine.OpStart { // the open session answers as it is
			a.State = first.answer.State
		}
		a.Epoch = first.answer.Epoch
		if !reflect.DeepEqual(a, first.answer) {
			l.Fatalf("%+v again: got %+v, want %+v", k, a, first.answer)
		}
	}
}

// sayings is what a draft says that its key stands for.
func sayings(by engine.Author, d engine.Draft) said {
	s := said{body: string(d.Body.Reveal()), target: d.Target, visibility: d.Visibility, format: d.Format}
	p := engine.Plan{}
	if d.Plan != nil {
		p = *d.Plan
	}
	switch d.Op {
	case engine.OpStart:
		s.plan = string(d.Form.Encode().Reveal())
	case engine.OpRedact, engine.OpRelease, engine.OpHandoff, engine.OpRate:
		s.body = ""
		if d.Op == engine.OpRate {
			s.plan = fmt.Sprint(p.Score)
		}
	case engine.OpTransfer:
		s.body = ""
		s.plan = fmt.Sprint(p.Target, p.Cold, p.Or, p.Force)
	case engine.OpClose:
		if by != visitor { // it files nothing
			s.plan = fmt.Sprint(p.FollowUp)
		}
	case engine.OpJoin:
		s.plan = fmt.Sprint(p.As, p.Hidden)
	case engine.OpSet:
		priority := "-"
		if p.Priority != nil {
			priority = fmt.Sprint(*p.Priority)
		}
		weight := 0
		if p.Weight != nil {
			weight = *p.Weight
		}
		s.plan = fmt.Sprintf("%s %v %d %s %q %v %v", priority, p.Needs, weight, p.Target.Department, p.Tags, p.Tags != nil, p.Priority != nil || p.Weight != nil || p.Needs != nil || p.Target.Department != "")
	default:
	}
	return s
}

// forgot: the text that was sent under a key has been removed since.
func (l *life) forgot(k asked, first firstAnswer) bool {
	switch k.op {
	case engine.OpMessage:
		return l.removed[first.answer.Seq] != 0
	case engine.OpEdit:
		return l.removed[first.said.target] != 0
	case engine.OpStart: // its text is a message under its key
		return l.removedOf(k, engine.KindMessageNew)
	default:
		return false
	}
}

// removedOf: what a key stands for has been removed from the log.
func (l *life) removedOf(k asked, kind engine.Kind) bool {
	return slices.ContainsFunc(l.log, func(e *engine.Entry) bool {
		return e.Kind == kind && e.Format == engine.FormatRedacted && e.Author == k.by && e.ClientID == k.key
	})
}

// unremembered: a start that adds nothing to an open session leaves no entry, nor
// does removing what is removed.
func (l *life) unremembered(k asked) bool {
	return !slices.ContainsFunc(l.log, func(e *engine.Entry) bool {
		return e.Author == k.by && e.ClientID == k.key && (e.Kind == engine.KindMessageRedacted) == (k.op == engine.OpRedact)
	})
}
