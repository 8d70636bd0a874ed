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
	dst = appendRequest(dst, d.Request, d.Op.String())
	switch d.Op {
	case engine.OpAccept, engine.OpReject:
		dst = appendOfferField(dst, d.Session, d.Offer)
		dst = appendUintField(dst, "ep", uint64(d.Epoch))
	case engine.OpClose:
		dst = appendSession(dst, "sid", d.Session)
		dst = appendUintField(dst, "ep", uint64(d.Epoch))
		if d.Plan != nil {
			dst = appendFiling(dst, d.Plan)
		}
	case engine.OpMessage:
		dst = appendSession(dst, "sid", d.Session)
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
		return append(appendField(dst, "cmid", d.ClientID), '}', '}')
	case engine.OpEdit:
		dst = appendUintField(appendSession(dst, "sid", d.Session), "target", uint64(d.Target))
		dst = appendBody(appendName(dst, "body"), d.Format, d.Body)
	case engine.OpRedact:
		dst = appendUintField(appendSession(dst, "sid", d.Session), "target", uint64(d.Target))
	case engine.OpFile, engine.OpFetch:
		dst = appendFileFields(appendSession(dst, "sid", d.Session), d)
	case engine.OpRead:
		dst = appendUintField(appendSession(dst, "sid", d.Session), "seq", uint64(d.Seq))
	case engine.OpIdentify:
		dst = appendChange(appendSession(dst, "sid", d.Session), d.Identity)
	case engine.OpIdentity, engine.OpTargets:
		return append(appendSession(dst, "sid", d.Session), '}', '}')
	case engine.OpHistory:
		dst = appendSession(dst, "sid", d.Session)
		if d.Before > 0 {
			dst = appendUintField(dst, "before_seq", uint64(d.Before))
		}
		if d.Limit > 0 {
			dst = appendIntField(dst, "limit", d.Limit)
		}
	case engine.OpWatch, engine.OpUnwatch:
		return append(appendTopics(dst, d.Topics), '}', '}')
	case engine.OpBan:
		dst = appendBanOrder(appendWhom(dst, d), d.Ban)
	case engine.OpVisitor:
		return append(appendWhom(dst, d), '}', '}')
	case engine.OpDepartments:
		return append(dst, '}', '}')
	case engine.OpExplain:
		dst = appendSession(dst, "sid", d.Session)
		if d.Target > 0 {
			dst = appendUintField(dst, "decision_seq", uint64(d.Target))
		}
		return append(appendField(dst, "operator", string(d.For)), '}', '}')
	case engine.OpIntent:
		dst = appendField(dst, "intent", d.Intent.String())
		if !d.Until.IsZero() {
			dst = appendTimeField(dst, "until", d.Until)
		}
		dst = appendIf(appendField(dst, "for", string(d.For)), "drain", d.Drain)
		dst = appendField(dst, "reason", d.Reason)
	case engine.OpAway:
		dst = appendBoolField(dst, "on", d.On)
	default:
		dst = appendPlanned(dst, d)
	}
	return append(appendField(dst, "idem", d.ClientID), '}', '}')
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
