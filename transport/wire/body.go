package wire

import "github.com/parleyhq/parley/engine"

// maxChoiceBytes bounds the id of a form or a button.
const maxChoiceBytes = 64

// appendBody appends a body as `{"type":…}`. What is no text is one JSON object,
// whose members go in after the type: engine.Draft's reader saw to that.
func appendBody(dst []byte, format engine.Format, body engine.Body) []byte {
	if format == engine.FormatText {
		dst = append(dst, `{"type":"text","text":`...)
		return append(appendString(dst, body.Reveal()), '}')
	}
	dst = append(dst, `{"type":"`...)
	dst = append(append(dst, format.String()...), '"')
	s := scanner{data: body.Reveal()}
	if !s.eat('{') || s.peek() == '}' {
		return append(dst, '}')
	}
	return append(append(dst, ','), s.data[s.pos:]...)
}

// bodyOf reads a body of any type that a client may send. A form's answer becomes
// {"form":…,"fields":{…}}, a button's {"id":…,"value":…}: in that order, so that
// a repetition is seen as one however its members stand.
// Of a file it is the id and nothing else: what the file is, the server knows.
func bodyOf(value []byte) (format engine.Format, body engine.Body, file engine.FileID, ok bool) {
	s := scanner{data: value}
	if !s.eat('{') {
		return 0, body, file, false
	}
	var kind, text, form, answers, id, choice, fileID []byte
	for first := true; ; first = false {
		name, more, _ := s.member(first)
		if !more {
			break
		}
		s.space()
		start := s.pos
		s.skip(1)
		switch member := value[start:s.pos]; string(name) {
		case "type":
			kind = plainText(member)
		case "text":
			text = member
		case "form":
			form = member
		case "fields":
			answers = member
		case "id":
			id = member
		case "value":
			choice = member
		case "file_id":
			fileID = member
		}
	}
	format, ok = engine.ParseFormat(string(kind))
	switch {
	case !ok:
		return 0, body, file, false
	case format == engine.FormatForm:
		body, ok = pairOf("form", form, "fields", answers)
		return format, body, file, ok && answers[0] == '{'
	case format == engine.FormatPostback:
		body, ok = pairOf("id", id, "value", choice)
		return format, body, file, ok
	case format == engine.FormatFile:
		if fileID != nil {
			file, ok = fileIDOf(fileID)
		}
		return format, body, file, ok && fileID != nil
	case text == nil:
		return 0, body, file, false
	}
	body, ok = boxed(text)
	return format, body, file, ok
}

// pairOf is an object of a name and a value that is copied as it is, but for halves
// of surrogate pairs.
func pairOf(nameKey string, name []byte, valueKey string, value []byte) (engine.Body, bool) {
	if name == nil || value == nil || value[0] == 'n' {
		return engine.Body{}, false
	}
	text, ok := textOf(name, 1, maxChoiceBytes)
	if !ok {
		return engine.Body{}, false
	}
	dst := append(make([]byte, 0, 16+len(name)+len(nameKey)+len(valueKey)+len(value)), '{')
	dst = appendString(appendName(dst, nameKey), text)
	dst = appendName(dst, valueKey)
	at := len(dst)
	dst = append(dst, value...)
	mend(dst[at:])
	return engine.NewBody(append(dst, '}')), true
}

// visibilityOf reads who may see a message.
func visibilityOf(value []byte) (engine.Visibility, bool) {
	switch text := string(plainText(value)); {
	case text == engine.VisibleToAll.String():
		return engine.VisibleToAll, true
	case text == engine.VisibleToOperators.String():
		return engine.VisibleToOperators, true
	default:
		return engine.VisibleToAll, false
	}
}
