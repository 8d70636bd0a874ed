package wire

import (
	"github.com/parleyhq/parley/engine"
)

// FrameKind says what a client's frame is.
type FrameKind uint8

// The kinds of frame that clients send.
const (
	FrameNone    FrameKind = iota
	FrameAuth              // the first request: Auth
	FrameRequest           // a request: Draft
	FrameTyping            // control: Session and On
	FramePeek              // control: Session and Body, which may be empty
	FrameAlive             // control: pong or ack; Count, if Counted
	FrameBye               // control: the client leaves; Count, if Counted
	FrameRefresh           // a request: Auth, of which Token
	FrameUnknown           // control of a kind this version does not know: ignore it
)

// Frame is what a client sent. Nothing in it points into the bytes it was read
// from.
type Frame struct {
	Kind    FrameKind
	Request string       // the request's id, as far as it could be read
	Draft   engine.Draft // of FrameRequest
	Auth    *Auth        // of FrameAuth
	Session engine.SessionID
	On      bool
	Body    engine.Body
	Counted bool   // of FrameAlive and FrameBye: Count was said
	Count   uint64 // how many events have come by the connection
}

// Auth is what a client says about itself in its first request.
type Auth struct {
	Tenant    engine.TenantID
	Token     string
	JWT       string // a visitor's, signed by the tenant; Token is then the one it had before, or empty
	Anonymous bool   // a visitor without a token
	Device    string // an operator's
	// DeviceKind and Pushable are an operator's: what its device is, and whether it can
	// be woken by a push.
	DeviceKind string
	Pushable   bool
	Intent     engine.Intent // an operator's
	Have       []engine.Have
	Resume     string         // a resume token of an earlier connection
	Watch      []engine.Topic // an operator's; nil: not said
}

const (
	maxTokenBytes  = 16 << 10
	maxDeviceBytes = 64
	maxResumeBytes = 4096
	maxHave        = 1024
)

const (
	opAuth    = "auth"
	opRefresh = "auth.refresh"
)

// Decode reads a client's frame, which must be UTF-8. The answer is ErrBadFrame
// for what is no frame of the protocol, ErrUnknownOp, or ErrBadRequest with the
// names of the fields at fault; Frame.Request is set whenever it could be read,
// so that the refusal can be answered.
func Decode(data []byte, frame *Frame) *engine.Error {
	*frame = Frame{}
	var e envelope
	if !e.scan(data) {
		if e.idOK {
			frame.Request = e.id
		}
		return engine.ErrBadFrame
	}
	switch string(e.kind) {
	case "req":
		if !e.idOK {
			return engine.ErrBadFrame.Because("id: want 1 to 64 bytes of text")
		}
		frame.Request = e.id
		return decodeRequest(&e, frame)
	case "ctl":
		return decodeControl(&e, frame)
	default:
		return engine.ErrBadFrame.Because("k: want req or ctl")
	}
}

// envelope is the outermost object; its d is scanned for form and read later,
// when op is known.
type envelope struct {
	kind, op, topic, data []byte
	id                    string
	idOK                  bool
}

func (e *envelope) scan(data []byte) bool {
	s := scanner{data: data}
	if !s.eat('{') {
		return false
	}
	for first := true; ; first = false {
		name, more, ok := s.member(first)
		if !ok {
			return false
		}
		if !more {
			return s.atEnd()
		}
		start := s.pos
		if s.space(); start != s.pos {
			start = s.pos
		}
		if !s.skip(1) {
			return false
		}
		e.take(string(name), data[start:s.pos])
	}
}

func (e *envelope) take(name string, value []byte) {
	switch name {
	case "k":
		e.kind = plainText(value)
	case "op":
		e.op = plainText(value)
	case "t":
		e.topic = plainText(value)
	case "d":
		e.data = value
	case "id":
		text := plainText(value)
		e.idOK = len(text) > 0 && len(text) <= engine.MaxRequestID
		if e.idOK {
			e.id = string(text)
		}
	}
}

// plainText is the text of a scanned value, nil if it is no string.
func plainText(value []byte) []byte {
	if value[0] != '"' {
		return nil
	}
	s := scanner{data: value}
	raw, escaped, _ := s.text()
	if escaped {
		return unquote(nil, raw)
	}
	return raw
}

func decodeRequest(e *envelope, frame *Frame) *engine.Error {
	var p params
	switch string(e.op) {
	case opAuth:
		frame.Kind = FrameAuth
		p.auth = &Auth{}
		p.scan(e.data)
		frame.Auth = p.auth
		return p.check(fieldTenant, fieldTenant|fieldToken|fieldJWT|fieldAnonymous|fieldDevice|fieldIntent|fieldHave|fieldResume|fieldWatch)
	case opRefresh:
		frame.Kind = FrameRefresh
		p.auth = &Auth{}
		p.scan(e.data)
		frame.Auth = p.auth
		return p.check(fieldToken, fieldToken)
	}
	op, known := engine.ParseOp(string(e.op))
	if !known {
		return engine.ErrUnknownOp
	}
	rule, spoken := ruleOf(op)
	if !spoken {
		return engine.ErrUnknownOp
	}
	frame.Kind = FrameRequest
	p.scan(e.data)
	if op == engine.OpBan {
		p.judgeReason()
	}
	if err := p.check(rule.need, rule.need|rule.may); err != nil {
		return err
	}
	if op == engine.OpExplain {
		if err := p.explained(); err != nil {
			return err
		}
	}
	frame.Draft = p.draftOf(op, frame.Request)
	return nil
}

func decodeControl(e *envelope, frame *Frame) *engine.Error {
	switch string(e.topic) {
	case "typing":
		var p params
		p.scan(e.data)
		frame.Kind, frame.Session, frame.On = FrameTyping, p.draft.Session, p.draft.On
		return p.check(fieldSession|fieldOn, fieldSession|fieldOn)
	case "peek":
		var p params
		p.scan(e.data)
		if p.cleared {
			p.wrong &^= fieldText
		}
		frame.Kind, frame.Session, frame.Body = FramePeek, p.draft.Session, p.text
		return p.check(fieldSession|fieldText, fieldSession|fieldText)
	case "pong", "ack":
		frame.Kind = FrameAlive
		return frame.count(e.data)
	case "bye":
		frame.Kind = FrameBye
		return frame.count(e.data)
	case "":
		return engine.ErrBadFrame.Because("t: want text")
	default:
		frame.Kind = FrameUnknown
	}
	return nil
}

// count reads how many events the client says have come.
func (f *Frame) count(data []byte) *engine.Error {
	if len(data) == 0 {
		return nil
	}
	var p params
	p.scan(data)
	f.Counted, f.Count = p.seen&fieldCount != 0, p.count
	return p.check(0, fieldCount)
}

// rule says which fields an operation needs, and which it may have besides.
type rule struct{ need, may fields }

func ruleOf(op engine.Op) (r rule, spoken bool) {
	switch op {
	case engine.OpStart:
		return rule{fieldIdem, fieldDepartment | fieldText | fieldPriority | fieldSkills | fieldWeight | fieldSubject | fieldForm}, true
	case engine.OpMessage:
		return rule{fieldSession | fieldCmid | fieldBody, fieldIfSeq | fieldVisibility}, true
	case engine.OpEdit:
		return rule{fieldSession | fieldTarget | fieldBody | fieldIdem, 0}, true
	case engine.OpRedact:
		return rule{fieldSession | fieldTarget | fieldIdem, 0}, true
	case engine.OpFile:
		return rule{fieldSession | fieldFileName | fieldSize | fieldMime | fieldSum | fieldIdem, 0}, true
	case engine.OpFetch:
		return rule{fieldSession | fieldFile, 0}, true
	case engine.OpIdentify:
		return rule{fieldSession | fieldIdem | fieldBasis | fieldSet, 0}, true
	case engine.OpIdentity:
		return rule{fieldSession, 0}, true
	case engine.OpRead:
		return rule{fieldSession | fieldSeq, 0}, true
	case engine.OpHistory:
		return rule{fieldSession, fieldBefore | fieldLimit}, true
	case engine.OpDepartments:
		return rule{}, true
	case engine.OpSessions:
		return rule{0, fieldDepartment}, true
	case engine.OpTargets:
		return rule{fieldSession, 0}, true
	case engine.OpWatch, engine.OpUnwatch:
		return rule{fieldTopics, 0}, true
	case engine.OpBan:
		return rule{fieldDays | fieldIdem, fieldSession | fieldVisitor | fieldReason}, true
	case engine.OpVisitor:
		return rule{0, fieldSession | fieldVisitor}, true
	case engine.OpExplain:
		return rule{0, fieldSession | fieldOffer | fieldDecision | fieldWhom}, true
	case engine.OpClose:
		return rule{fieldSession | fieldIdem, fieldEpoch | fieldTags | fieldFollowUp | fieldReasonCode | fieldWrapUp}, true
	case engine.OpAccept, engine.OpReject:
		return rule{fieldOffer | fieldEpoch, fieldIdem}, true
	case engine.OpIntent:
		return rule{fieldIntent, fieldIdem | fieldUntil | fieldFor | fieldDrain | fieldReason}, true
	case engine.OpAway:
		return rule{fieldOn, 0}, true
	default:
		return servingRuleOf(op)
	}
}

// servingRuleOf is ruleOf, of what is asked about whose a session is and how it is
// served.
func servingRuleOf(op engine.Op) (r rule, spoken bool) {
	const own = fieldSession | fieldIdem
	switch op {
	case engine.OpPick, engine.OpTakeover:
		return rule{own | fieldEpoch, fieldForce}, true
	case engine.OpRelease:
		return rule{own | fieldEpoch, fieldDepartment | fieldNote}, true
	case engine.OpTransfer:
		return rule{own | fieldEpoch | fieldGoal, fieldMode | fieldFallback | fieldWait | fieldNote | fieldForce}, true
	case engine.OpTransferCancel, engine.OpWrapUpExtend, engine.OpWrapUpDone:
		return rule{own, fieldEpoch}, true
	case engine.OpJoin:
		return rule{own | fieldAs, fieldHidden}, true
	case engine.OpLeave:
		return rule{own, 0}, true
	case engine.OpSet:
		return rule{own, fieldEpoch | fieldPriority | fieldSkills | fieldWeight | fieldTags | fieldDepartment | fieldIfRev}, true
	case engine.OpRate:
		return rule{own | fieldScore, fieldComment}, true
	case engine.OpNote:
		return rule{own | fieldBody, 0}, true
	case engine.OpLeaveQueue:
		return rule{own | fieldChoice, 0}, true
	case engine.OpHandoff:
		return rule{own, fieldEpoch | fieldDepartment | fieldSkills | fieldNote}, true
	case engine.OpContinue:
		return rule{own, fieldDepartment | fieldText | fieldPriority | fieldSkills | fieldWeight | fieldSubject | fieldForm}, true
	default:
		return rule{}, false // the engine knows it, this protocol version has no frame for it
	}
}
