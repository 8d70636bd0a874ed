package wire

import "github.com/parleyhq/parley/engine"

// params is a request's d, read in one pass whatever the operation: which
// fields matter is judged afterwards, so a wrong field that the operation does
// not have counts as unknown and is ignored.
type params struct {
	seen, wrong fields
	draft       engine.Draft
	idem        string      // goes into ClientID where cmid does not
	text        engine.Body // goes into Body where body does not
	cleared     bool        // text is there and empty
	change      engine.IdentityChange
	offered     engine.SessionID  // out of offer_id; goes into Session where sid does not
	count       uint64            // n: of events
	auth        *Auth             // nil: auth's own fields are ignored
	file        engine.File       // goes into File where the operation has one
	named       engine.FileID     // out of a body of type file
	plan        engine.Plan       // goes into Plan where the operation has one
	decision    engine.Seq        // decision_seq; goes into Target of OpExplain
	whom        engine.OperatorID // operator; goes into For of OpExplain
	visitor     engine.VisitorID  // goes into Visitor where the operation is about one
	days        int               // of OpBan
	remark      engine.Body       // note or comment; goes into Body where the operation has it
	form        engine.Form       // goes into Form where the operation has one
}

// draftOf is the draft of one operation, out of the fields that are its own.
func (p *params) draftOf(op engine.Op, request string) engine.Draft {
	d := p.draft
	d.Op, d.Request = op, request
	switch op {
	case engine.OpMessage:
		d.Target = 0
		if d.Format == engine.FormatFile {
			d.File = &engine.File{ID: p.named}
		}
		return d
	case engine.OpExplain:
		d.Target, d.For = p.decision, p.whom
	case engine.OpBan, engine.OpVisitor:
		p.visitorOf(&d, op)
	case engine.OpFile:
		file := p.file
		file.ID, d.File = engine.FileID{}, &file // the server names it
	case engine.OpFetch:
		d.File = &engine.File{ID: p.file.ID}
	case engine.OpEdit, engine.OpNote:
		d.ClientID, d.Visibility = p.idem, engine.VisibleToAll
		if op == engine.OpNote {
			d.Target = 0
		}
		return d
	case engine.OpAccept, engine.OpReject:
		d.Session = p.offered
	}
	d.ClientID, d.Body, d.Format, d.Visibility = p.idem, engine.Body{}, engine.FormatText, engine.VisibleToAll
	if op != engine.OpRedact && op != engine.OpExplain {
		d.Target = 0
	}
	switch op {
	case engine.OpStart, engine.OpContinue:
		d.Body = p.text
		p.formOf(&d)
	case engine.OpIdentify:
		change := p.change // a copy: the params of other requests stay off the heap
		d.Identity = &change
	}
	if planned(op) {
		p.planOf(&d)
	}
	return d
}

// check refuses unless all of need were there and none of known is malformed.
func (p *params) check(need, known fields) *engine.Error {
	fault := need&^p.seen | p.wrong&known
	if fault == 0 {
		return nil
	}
	var names []string
	for field := fields(1); field <= fieldOn; field <<= 1 {
		if fault&field != 0 {
			names = append(names, field.name())
		}
	}
	return engine.ErrBadRequest.In(names...)
}

// scan reads d, whose form was checked already. Anything but an object counts as
// an empty one.
func (p *params) scan(data []byte) {
	s := scanner{data: data}
	if len(data) == 0 || !s.eat('{') {
		return
	}
	for first := true; ; first = false {
		name, more, ok := s.member(first)
		if !ok || !more {
			return
		}
		s.space()
		start := s.pos
		s.skip(1)
		value := data[start:s.pos]
		if value[0] == 'n' { // null: as if it were not there
			continue
		}
		field, good := p.take(string(name), value)
		p.seen |= field
		p.wrong &^= field // the last of two members with one name counts
		if !good {
			p.wrong |= field
		}
	}
}

// take reads one member. A field of 0 is one that nobody knows. What most frames
// have comes first; each of these functions leaves to the next what it does not
// know. They are no table: what a table of functions reads into is on the heap.
func (p *params) take(name string, value []byte) (field fields, good bool) {
	d := &p.draft
	switch name {
	case "sid":
		d.Session, good = sessionOf(value)
		return fieldSession, good
	case "cmid":
		d.ClientID, good = textOf(value, 1, engine.MaxClientID)
		return fieldCmid, good
	case "idem":
		p.idem, good = textOf(value, 1, engine.MaxClientID)
		return fieldIdem, good
	case "body":
		d.Format, d.Body, p.named, good = bodyOf(value)
		return fieldBody, good
	case "text":
		p.text, good = boxed(value)
		p.cleared = string(value) == `""`
		return fieldText, good
	case "ep":
		n, ok := wholeOf(value)
		d.Epoch = engine.Epoch(n)
		return fieldEpoch, ok
	case "seq":
		d.Seq, good = seqOf(value)
		return fieldSeq, good
	case "if_seq":
		d.IfSeq, good = seqOf(value)
		return fieldIfSeq, good
	case "visibility":
		d.Visibility, good = visibilityOf(value)
		return fieldVisibility, good
	case "n":
		p.count, good = wholeOf(value)
		return fieldCount, good
	case "on":
		d.On, good = boolOf(value)
		return fieldOn, good
	default:
		return p.takeAsked(name, value)
	}
}

// takeAsked reads one member that says what is asked for, of which session's.
func (p *params) takeAsked(name string, value []byte) (field fields, good bool) {
	d := &p.draft
	switch name {
	case "department":
		text, ok := textOf(value, 0, 64)
		d.Department = engine.DepartmentID(text)
		return fieldDepartment, ok && (text == "" || d.Department.Validate() == nil)
	case "target":
		if value[0] == '{' {
			p.plan.Target, good = targetOf(value)
			return fieldGoal, good
		}
		d.Target, good = seqOf(value)
		return fieldTarget, good && d.Target > 0
	case "set":
		p.change.Set, good = attrsOf(value)
		return fieldSet, good
	case "lawful_basis":
		text, ok := textOf(value, 1, 32)
		p.change.Basis, good = engine.ParseBasis(text)
		return fieldBasis, ok && good
	case "before_seq":
		d.Before, good = seqOf(value)
		return fieldBefore, good
	case "limit":
		n, ok := wholeOf(value)
		d.Limit = int(min(n, engine.MaxHistory+1))
		return fieldLimit, ok && n >= 1 && n <= engine.MaxHistory
	case "offer_id":
		text, ok := textOf(value, 1, 64)
		if ok {
			p.offered, d.Offer, ok = ParseOfferID(text)
		}
		return fieldOffer, ok
	case "intent":
		text, ok := textOf(value, 1, 16)
		d.Intent, good = engine.ParseIntent(text)
		if p.auth != nil {
			p.auth.Intent = d.Intent
		}
		return fieldIntent, ok && good
	case "file_id", "name", "size", "mime", "sha256":
		return p.takeFile(name, value)
	default:
		if p.auth == nil {
			return p.takePlan(name, value)
		}
		return p.auth.take(name, value)
	}
}

func (a *Auth) take(name string, value []byte) (field fields, good bool) {
	switch name {
	case "tenant":
		text, ok := textOf(value, 1, 64)
		a.Tenant = engine.TenantID(text)
		return fieldTenant, ok
	case "token":
		a.Token, good = textOf(value, 0, maxTokenBytes)
		return fieldToken, good
	case "jwt":
		a.JWT, good = textOf(value, 0, maxTokenBytes)
		return fieldJWT, good
	case "anonymous":
		a.Anonymous, good = boolOf(value)
		return fieldAnonymous, good
	case "device":
		good = a.takeDevice(value)
		return fieldDevice, good
	case "resume_token":
		a.Resume, good = textOf(value, 0, maxResumeBytes)
		return fieldResume, good
	case "have":
		a.Have, good = haveOf(value)
		return fieldHave, good
	case "watch":
		a.Watch, good = topicsOf(value)
		return fieldWatch, good
	default:
		return 0, true
	}
}

// takeDevice reads a device's name, or {"id":…,"kind":…,"pushable":…}.
func (a *Auth) takeDevice(value []byte) (good bool) {
	if value[0] != '{' {
		a.Device, good = textOf(value, 0, maxDeviceBytes)
		return good
	}
	return eachMember(value, func(name string, value []byte) (good bool) {
		switch name {
		case "id":
			a.Device, good = textOf(value, 0, maxDeviceBytes)
		case "kind":
			a.DeviceKind, good = textOf(value, 0, maxDeviceBytes)
		case "pushable":
			a.Pushable, good = boolOf(value)
		default:
			good = true
		}
		return good
	})
}
