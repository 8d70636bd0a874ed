package wire

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// AppendSignal appends something passing. Every type of engine.Signal is known
// here; an unknown one appends nothing.
func AppendSignal(dst []byte, signal engine.Signal) []byte {
	switch s := signal.(type) {
	case engine.Typing:
		dst = appendEphemeral(dst, "typing", s.Session, s.Author)
		dst = appendBoolField(dst, "on", s.On)
	case engine.Peek:
		dst = appendEphemeral(dst, "peek", s.Session, s.Author)
		dst = appendString(appendName(dst, "text"), s.Body.Reveal())
	case engine.Presence:
		dst = appendEphemeral(dst, "presence", s.Session, s.Author)
		dst = appendPresence(dst, s)
	case engine.ReadMoved:
		dst = appendEphemeral(dst, "read.moved", s.Session, s.Author)
		dst = appendUintField(dst, "seq", uint64(s.Seq))
	case engine.Situation:
		return AppendResumed(dst, &s)
	case engine.Load:
		dst = append(dst, `{"k":"eph","t":"load","d":{`...)
		dst = appendIntField(appendIntField(dst, "used", s.Used), "capacity", s.Capacity)
		dst = appendBreathing(appendOpen(dst, s.Open, s.OpenCap), s.Breathing)
	case engine.Notice:
		dst = append(dst, `{"k":"eph","t":"notice","d":{`...)
		dst = appendNotice(dst, &s)
	case engine.QueuePosition:
		dst = append(dst, `{"k":"eph","t":"queue.position","d":{`...)
		dst = appendIntField(appendSession(dst, "sid", s.Session), "position", s.Position)
		dst = appendSeconds(appendSeconds(dst, "p50_s", s.P50), "p90_s", s.P90)
	case engine.DepartmentStatus:
		dst = append(dst, `{"k":"eph","t":"department.status","d":{`...)
		dst = appendStanding(appendField(dst, "id", string(s.Department)), &s)
	case engine.GoingAway:
		dst = append(dst, `{"k":"ctl","t":"going_away","d":{`...)
		dst = appendRetry(dst, s.Retry)
	default:
		return appendWatched(dst, signal)
	}
	return append(dst, '}', '}')
}

// appendWatched appends what an operator's lists say, its own among them.
func appendWatched(dst []byte, signal engine.Signal) []byte {
	switch s := signal.(type) {
	case engine.Me:
		dst = appendWatch(dst, "me", "snapshot", s.Rev)
		dst = appendMe(dst, &s)
	case engine.OfferNew:
		dst = appendWatch(dst, "me", "offer.new", s.Rev)
		return append(appendOffer(dst[:len(dst)-1], &s.Offer, s.Brief), '}')
	case engine.OfferRevoked:
		dst = appendWatch(dst, "me", "offer.revoked", s.Rev)
		dst = appendOfferField(dst, s.Session, s.ID)
		dst = appendSession(dst, "sid", s.Session)
		dst = appendField(dst, "cause", s.Cause.String())
	case engine.MineChanged:
		dst = appendWatch(dst, "me", "mine.changed", s.Rev)
		if !s.Session.IsZero() { // else only the load changed
			dst = appendSession(dst, "sid", s.Session)
			dst = appendBoolField(dst, "owned", s.Owned)
		}
		dst = appendOpen(appendIntField(dst, "used", s.Used), s.Open, s.OpenCap)
	case engine.IntentChanged:
		dst = appendWatch(dst, "me", "intent.changed", s.Rev)
		dst = append(appendIntent(append(appendName(dst, "intent"), '{'), s.Intent), '}')
		dst = appendBoolField(dst, "away", s.Away)
	case *engine.Queue:
		return appendQueue(dst, s)
	case engine.BoardShown:
		return appendBoard(dst, &s)
	case *engine.OperatorsShown:
		return appendOperators(dst, s)
	case engine.WatchEnded:
		return appendEnded(dst, s)
	default:
		return dst
	}
	return append(dst, '}', '}')
}

// appendSeconds appends a duration that is known, rounded up to whole seconds.
func appendSeconds(dst []byte, name string, d time.Duration) []byte {
	if d <= 0 {
		return dst
	}
	return appendUintField(dst, name, uint64((d+time.Second-1)/time.Second))
}

func appendEphemeral(dst []byte, what string, session engine.SessionID, by engine.Author) []byte {
	dst = append(dst, `{"k":"eph","t":"`...)
	dst = append(dst, what...)
	dst = append(dst, `","d":{`...)
	return appendAuthor(appendSession(dst, "sid", session), by)
}

func appendPresence(dst []byte, p engine.Presence) []byte {
	dst = appendBoolField(dst, "present", p.Present)
	if !p.LastActivity.IsZero() {
		dst = appendTimeField(dst, "last_activity_at", p.LastActivity)
	}
	return dst
}

// AppendResumed appends the control frame that tells a seated connection what
// a session is like and what follows.
func AppendResumed(dst []byte, s *engine.Situation) []byte {
	dst = append(dst, `{"k":"ctl","t":"resumed"`...)
	dst = appendSession(dst, "sid", s.Session)
	dst = append(dst, `,"d":{"state":"`...)
	dst = append(dst, s.State.String()...)
	dst = append(dst, '"')
	dst = appendUintField(dst, "ep", uint64(s.Epoch))
	dst = appendUintField(dst, "head", uint64(s.Head))
	dst = appendField(dst, "department", string(s.Department))
	dst = appendField(dst, "owner", string(s.Owner))
	dst = appendField(dst, "turn", s.Turn.String())
	dst = appendUintField(dst, "from", uint64(s.From))
	dst = appendUintField(dst, "to", uint64(s.Head))
	dst = appendBoolField(dst, "reset", s.Reset)
	dst = append(appendName(dst, "visitor"), '{')
	dst = appendPresence(dst, s.Visitor)
	if s.Identity != nil {
		dst = appendIdentity(dst, s.Identity)
	}
	dst = append(dst, '}')
	if !s.Deadline.IsZero() {
		dst = appendTimeField(dst, "deadline", s.Deadline)
	}
	if !s.RateBy.IsZero() {
		dst = appendTimeField(dst, "rate_by", s.RateBy)
	}
	if s.Serving != nil {
		dst = appendServing(dst, s.Serving)
	}
	dst = append(appendName(dst, "read"), '{')
	dst = appendUintField(dst, "visitor", uint64(s.ReadVisitor))
	dst = appendUintField(dst, "operator", uint64(s.ReadOperator))
	return append(dst, '}', '}', '}')
}

func appendWatch(dst []byte, watch, what string, rev uint64) []byte {
	dst = append(dst, `{"k":"watch","w":"`...)
	dst = append(dst, watch...)
	dst = append(dst, `","t":"`...)
	dst = append(dst, what...)
	dst = append(dst, '"')
	return append(appendUintField(dst, "rev", rev), `,"d":{`...)
}

// appendMe appends the fields of an operator's own state, without braces.
func appendMe(dst []byte, me *engine.Me) []byte {
	dst = appendField(dst, "operator", string(me.Operator))
	dst = append(appendIntent(append(appendName(dst, "intent"), '{'), me.Intent), '}')
	dst = appendBoolField(dst, "away", me.Away)
	dst = appendIntField(dst, "used", me.Used)
	dst = appendIntField(dst, "capacity", me.Capacity)
	dst = appendBreathing(appendOpen(dst, me.Open, me.OpenCap), me.Breathing)
	dst = append(appendName(dst, "sessions"), '[')
	for i, session := range me.Sessions {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendID(append(dst, '"'), engine.ID(session)), '"')
	}
	dst = append(append(dst, ']'), `,"offers":[`...)
	for i := range me.Offers {
		if i > 0 {
			dst = append(dst, ',')
		}
		var about *engine.Brief
		if i < len(me.Briefs) {
			about = me.Briefs[i]
		}
		dst = appendOffer(dst, &me.Offers[i], about)
	}
	return append(dst, ']')
}

// appendOpen appends how many sessions are open of how many that may be, once that
// is known.
func appendOpen(dst []byte, open, most int) []byte {
	if most == 0 {
		return dst
	}
	return appendIntField(appendIntField(dst, "open", open), "open_cap", most)
}

// appendIntent appends the fields of an intent, without braces.
func appendIntent(dst []byte, i engine.IntentInfo) []byte {
	dst = append(appendName(dst, "intent"), '"')
	dst = append(append(dst, i.Intent.String()...), '"')
	dst = appendField(dst, "cause", i.Cause.String())
	dst = appendField(dst, "by", string(i.By))
	dst = appendField(dst, "device", i.Device)
	if !i.At.IsZero() {
		dst = appendTimeField(dst, "at", i.At)
	}
	if !i.Until.IsZero() {
		dst = appendTimeField(dst, "until", i.Until)
	}
	return appendField(appendIf(dst, "drain", i.Drain), "reason", i.Reason)
}
