package wire

import "github.com/parleyhq/parley/engine"

// takeForm reads one member of what a visitor says before its chat: the subject, or
// {"order":"…",…}. Which questions there are is judged by the session.
func (p *params) takeForm(name string, value []byte) (field fields, good bool) {
	if name == "subject" {
		p.form.Subject, good = boxed(value)
		return fieldSubject, good || string(value) == `""`
	}
	p.form.Answers = nil // the last of two members with one name counts
	return fieldForm, eachMember(value, func(name string, value []byte) bool {
		text, ok := boxed(value)
		if string(value) == `""` { // not answered
			return true
		}
		p.form.Answers = append(p.form.Answers, engine.FormAnswer{Name: name, Value: text})
		return ok && len(name) <= engine.MaxAttributeName && len(p.form.Answers) <= engine.MaxFormFields
	})
}

// formOf fills in what a visitor says before its chat. It is a copy: the params of
// other requests stay off the heap.
func (p *params) formOf(d *engine.Draft) {
	if p.seen&(fieldSubject|fieldForm) != 0 {
		form := p.form
		d.Form = &form
	}
}

// appendForm appends a form as a client says it.
func appendForm(dst []byte, f *engine.Form) []byte {
	if f.IsEmpty() {
		return dst
	}
	return appendMembers(dst, f.Encode())
}

// appendMembers appends the members of an object that was encoded before, nothing of
// what is none: of a form that was removed.
func appendMembers(dst []byte, object engine.Body) []byte {
	s := scanner{data: object.Reveal()}
	if !s.eat('{') || s.peek() == '}' {
		return dst
	}
	if last := dst[len(dst)-1]; last != '{' {
		dst = append(dst, ',')
	}
	rest := s.data[s.pos:]
	return append(dst, rest[:len(rest)-1]...)
}

// appendQuestions appends what a department asks of its visitors before a chat.
func appendQuestions(dst []byte, form []engine.FormField) []byte {
	if len(form) == 0 {
		return dst
	}
	dst = append(appendName(dst, "form"), '[')
	for i := range form {
		f := &form[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendField(append(dst, '{'), "name", f.Name)
		label := f.Label
		if label == "" {
			label = f.Name
		}
		dst = appendIf(appendField(dst, "label", label), "required", f.Required)
		dst = append(appendTextsOf(dst, "options", f.Options), '}')
	}
	return append(dst, ']')
}
