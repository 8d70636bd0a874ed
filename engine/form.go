package engine

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of what a visitor is asked before its chat.
const (
	MaxFormFields  = 10  // that a department may declare
	MaxFormOptions = 20  // of one field
	MaxFormLabel   = 80  // bytes of a label, and of an option
	MaxFormValue   = 512 // bytes of one answer; of the subject half of it
	FormSubject    = "subject"
)

// FormField is one question that a department's visitors are asked before a chat.
// Nothing else can be answered (GDPR Art. 5(1)(c)).
type FormField struct {
	Name     string   // as an attribute's; FormSubject is what the chat is about
	Label    string   // the question, as pages show it; empty: the name
	Required bool     // of visitors; not of servers, and not of a chat that continues another
	Options  []string // what can be answered; none: any text of one line
}

// Form is what a visitor says before its chat.
type Form struct {
	Subject Body // what the chat is about; empty: not said
	Answers []FormAnswer
}

// FormAnswer is what was answered to one question.
type FormAnswer struct {
	Name  string
	Value Body
}

// IsEmpty reports that nothing is said.
func (f *Form) IsEmpty() bool { return f == nil || f.Subject.Len() == 0 && len(f.Answers) == 0 }

// Answer is what was answered to a question, the subject included; empty: nothing.
func (f *Form) Answer(name string) Body {
	if f == nil {
		return Body{}
	}
	if name == FormSubject {
		return f.Subject
	}
	for _, a := range f.Answers {
		if a.Name == name {
			return a.Value
		}
	}
	return Body{}
}

type formJSON struct {
	Subject string            `json:"subject,omitempty"`
	Answers map[string]string `json:"form,omitempty"`
}

// Encode boxes the form as the members that form.filled has, in one order whatever
// theirs is; empty: nothing is said.
func (f *Form) Encode() Body {
	if f.IsEmpty() {
		return Body{}
	}
	out := formJSON{Subject: string(f.Subject.Reveal())}
	if len(f.Answers) > 0 {
		out.Answers = make(map[string]string, len(f.Answers))
		for _, a := range f.Answers {
			out.Answers[a.Name] = string(a.Value.Reveal())
		}
	}
	text, _ := json.Marshal(out) // texts only: cannot fail
	return NewBody(text)
}

// DecodeForm reads what Encode wrote; ErrCorrupt for anything else.
func DecodeForm(body Body) (*Form, error) {
	var in formJSON
	if err := json.Unmarshal(body.Reveal(), &in); err != nil {
		return nil, ErrCorrupt
	}
	f := &Form{Subject: BodyOf(in.Subject)}
	for name, value := range in.Answers {
		f.Answers = append(f.Answers, FormAnswer{name, BodyOf(value)})
	}
	slices.SortFunc(f.Answers, func(a, b FormAnswer) int { return cmp.Compare(a.Name, b.Name) })
	return f, nil
}

// CheckForm lists what of a form cannot be taken by a department that asks for these:
// "subject", "form" for what nobody asked for, and "form.NAME" of a question. A whole
// form answers all that is required.
func CheckForm(f *Form, declared []FormField, whole bool) (fields []string) {
	if f == nil {
		f = &Form{}
	}
	if !isAnswer(f.Subject, MaxFormValue/2) {
		fields = append(fields, FormSubject)
	}
	for i, a := range f.Answers {
		asked := slices.ContainsFunc(declared, func(d FormField) bool { return d.Name == a.Name && d.Name != FormSubject })
		twice := slices.ContainsFunc(f.Answers[:i], func(b FormAnswer) bool { return b.Name == a.Name })
		if !asked || twice { // never by its name: anybody could have typed it
			fields = appendOnce(fields, "form")
		}
	}
	for i := range declared {
		d := &declared[i]
		if d.isAnswered(f.Answer(d.Name), whole) {
			continue
		}
		if d.Name == FormSubject {
			fields = appendOnce(fields, FormSubject)
		} else {
			fields = appendOnce(fields, "form."+d.Name)
		}
	}
	return fields
}

func (d *FormField) isAnswered(value Body, whole bool) bool {
	if value.Len() == 0 {
		return !d.Required || !whole
	}
	if len(d.Options) > 0 {
		return slices.Contains(d.Options, string(value.Reveal()))
	}
	return isAnswer(value, MaxFormValue)
}

func isAnswer(value Body, most int) bool {
	text := string(value.Reveal())
	return len(text) <= most && utf8.ValidString(text) && text == strings.TrimSpace(text) && !strings.ContainsFunc(text, isUnprintable)
}

// isFormName reports whether a question may have this name.
func isFormName(name string) bool {
	return name == FormSubject || isBuiltIn(name) || IsAttributeName(name)
}

func (d *Department) validateForm() error {
	if len(d.Form) > MaxFormFields {
		return fmt.Errorf("form: at most %d fields", MaxFormFields)
	}
	for i := range d.Form {
		f := &d.Form[i]
		switch {
		case !isFormName(f.Name) || slices.ContainsFunc(d.Form[:i], func(o FormField) bool { return o.Name == f.Name }):
			return fmt.Errorf("form: field %d: want a name of its own of 1 to %d letters a-z, digits and _", i+1, MaxAttributeName)
		case f.Label != "" && !isAnswer(BodyOf(f.Label), MaxFormLabel):
			return fmt.Errorf("form: field %d: a label is at most %d bytes of one line", i+1, MaxFormLabel)
		case len(f.Options) > MaxFormOptions:
			return fmt.Errorf("form: field %d: at most %d options", i+1, MaxFormOptions)
		}
		for k, option := range f.Options {
			if option == "" || !isAnswer(BodyOf(option), MaxFormLabel) || slices.Contains(f.Options[:k], option) {
				return fmt.Errorf("form: field %d: option %d: want a text of its own of at most %d bytes of one line", i+1, k+1, MaxFormLabel)
			}
		}
	}
	return nil
}
