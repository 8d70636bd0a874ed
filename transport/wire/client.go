package wire

import "github.com/parleyhq/parley/engine"

// AppendAuth appends the first request of a client.
func AppendAuth(dst []byte, request string, a *Auth) []byte {
	dst = appendRequest(dst, request, opAuth)
	dst = appendField(dst, "tenant", string(a.Tenant))
	dst = appendField(dst, "token", a.Token)
	dst = appendField(dst, "jwt", a.JWT)
	if a.Anonymous {
		dst = appendBoolField(dst, "anonymous", true)
	}
	dst = appendDevice(dst, a)
	dst = appendField(dst, "intent", a.Intent.String())
	dst = appendHave(dst, "have", a.Have)
	if a.Watch != nil {
		dst = appendNamedTopics(dst, "watch", a.Watch)
	}
	return append(appendField(dst, "resume_token", a.Resume), '}', '}')
}

// appendDevice appends a device: its name, where there is no more to say.
func appendDevice(dst []byte, a *Auth) []byte {
	if a.DeviceKind == "" && !a.Pushable {
		return appendField(dst, "device", a.Device)
	}
	dst = append(appendName(dst, "device"), '{')
	dst = appendField(appendField(dst, "id", a.Device), "kind", a.DeviceKind)
	return append(appendIf(dst, "pushable", a.Pushable), '}')
}

// AppendRefresh appends the request that shows a newer token.
func AppendRefresh(dst []byte, request, token string) []byte {
	return append(appendField(appendRequest(dst, request, opRefresh), "token", token), '}', '}')
}

// AppendDraft appends a request; the draft's Op says which.
func AppendDraft(dst []byte, d *engine.Draft) []byte {
	dst = appendAsked(appendRequest(dst, d.Request, d.Op.String()), d)
	rule, _ := ruleOf(d.Op)
	switch has := rule.need | rule.may; {
	case has&fieldCmid != 0:
		dst = appendField(dst, "cmid", d.ClientID)
	case has&fieldIdem != 0:
		dst = appendField(dst, "idem", d.ClientID)
	}
	return append(dst, '}', '}')
}

// appendAsked appends a request's fields but its key.
func appendAsked(dst []byte, d *engine.Draft) []byte {
	switch d.Op {
	case engine.OpMessage, engine.OpEdit, engine.OpRedact, engine.OpFile, engine.OpFetch, engine.OpRead, engine.OpHistory:
		return appendTalk(appendSession(dst, "sid", d.Session), d)
	case engine.OpAccept, engine.OpReject:
		return appendUintField(appendOfferField(dst, d.Session, d.Offer), "ep", uint64(d.Epoch))
	case engine.OpClose:
		dst = appendUintField(appendSession(dst, "sid", d.Session), "ep", uint64(d.Epoch))
		if d.Plan != nil {
			dst = appendFiling(dst, d.Plan)
		}
		return dst
	case engine.OpIdentify:
		return appendChange(appendSession(dst, "sid", d.Session), d.Identity)
	case engine.OpIdentity, engine.OpTargets:
		return appendSession(dst, "sid", d.Session)
	case engine.OpWatch, engine.OpUnwatch:
		return appendTopics(dst, d.Topics)
	case engine.OpBan:
		return appendBanOrder(appendWhom(dst, d), d.Ban)
	case engine.OpVisitor:
		return appendWhom(dst, d)
	case engine.OpSessions:
		return appendField(dst, "department", string(d.Department))
	case engine.OpDepartments:
		return dst
	case engine.OpExplain:
		dst = appendSession(dst, "sid", d.Session)
		if d.Target > 0 {
			dst = appendUintField(dst, "decision_seq", uint64(d.Target))
		}
		return appendField(dst, "operator", string(d.For))
	case engine.OpIntent:
		return appendIntentFields(dst, d)
	case engine.OpAway:
		return appendBoolField(dst, "on", d.On)
	default:
		return appendPlanned(dst, d)
	}
}

// appendTalk appends what is asked of a session's log.
func appendTalk(dst []byte, d *engine.Draft) []byte {
	switch d.Op {
	case engine.OpMessage:
		if d.Format == engine.FormatFile && d.File != nil {
			dst = appendFileBody(dst, d.File.ID)
		} else {
			dst = appendBody(appendName(dst, "body"), d.Format, d.Body)
		}
		if d.IfSeq > 0 {
			dst = appendUintField(dst, "if_seq", uint64(d.IfSeq))
		}
		if d.Visibility == engine.VisibleToOperators {
			dst = appendField(dst, "visibility", d.Visibility.String())
		}
		return dst
	case engine.OpEdit:
		dst = appendUintField(dst, "target", uint64(d.Target))
		return appendBody(appendName(dst, "body"), d.Format, d.Body)
	case engine.OpRedact:
		return appendUintField(dst, "target", uint64(d.Target))
	case engine.OpRead:
		return appendUintField(dst, "seq", uint64(d.Seq))
	case engine.OpHistory:
		if d.Before > 0 {
			dst = appendUintField(dst, "before_seq", uint64(d.Before))
		}
		if d.Limit > 0 {
			dst = appendIntField(dst, "limit", d.Limit)
		}
		return dst
	default:
		return appendFileFields(dst, d)
	}
}

func appendIntentFields(dst []byte, d *engine.Draft) []byte {
	dst = appendField(dst, "intent", d.Intent.String())
	if !d.Until.IsZero() {
		dst = appendTimeField(dst, "until", d.Until)
	}
	dst = appendIf(appendField(dst, "for", string(d.For)), "drain", d.Drain)
	return appendField(dst, "reason", d.Reason)
}

func appendRequest(dst []byte, request, op string) []byte {
	dst = append(dst, `{"k":"req","id":`...)
	dst = append(appendString(dst, request), `,"op":"`...)
	dst = append(dst, op...)
	return append(dst, `","d":{`...)
}

// AppendTyping appends that the client's person is, or no longer is, writing.
func AppendTyping(dst []byte, session engine.SessionID, on bool) []byte {
	dst = appendSession(append(dst, `{"k":"ctl","t":"typing","d":{`...), "sid", session)
	return append(appendBoolField(dst, "on", on), '}', '}')
}

// AppendPeek appends what the client's person has typed and not sent.
func AppendPeek(dst []byte, session engine.SessionID, text engine.Body) []byte {
	dst = appendSession(append(dst, `{"k":"ctl","t":"peek","d":{`...), "sid", session)
	return append(appendString(appendName(dst, "text"), text.Reveal()), '}', '}')
}

// AppendClientBye appends that the client leaves.
func AppendClientBye(dst []byte) []byte { return append(dst, `{"k":"ctl","t":"bye"}`...) }
