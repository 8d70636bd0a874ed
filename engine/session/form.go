package session

import "github.com/parleyhq/parley/engine"

// filled is what a session keeps of the form that the visitor filled in last: what an
// operator is told of who is offered the chat. All else is in the log.
type filled struct {
	seq     engine.Seq // 0: none, or it was removed
	subject engine.Body
}

// keepForm takes from a form's entry what offers say of it.
func (s *Session) keepForm(e *engine.Entry) {
	if form, err := engine.DecodeForm(e.Body); err == nil { // sealed as it was encoded
		s.form = filled{e.Seq, form.Subject}
	}
}

// forgetForm lets go of a form that was removed.
func (s *Session) forgetForm(target engine.Seq) {
	if s.form.seq == target {
		s.form = filled{}
	}
}

// fillForm writes down what the visitor said before its chat.
func (t *turn) fillForm(by engine.Author, d engine.Draft) {
	if d.Form.IsEmpty() {
		return
	}
	e := &engine.Entry{
		Author: by, Kind: engine.KindFormFilled, Cause: t.spokenFor(), ClientID: d.ClientID, Format: engine.FormatForm, Body: d.Form.Encode(),
	}
	t.write(e)
	t.form = filled{e.Seq, d.Form.Subject}
}

// faultyForm lists what of a form the session's department does not take.
func (t *turn) faultyForm(d engine.Draft) []string {
	department := t.department()
	return engine.CheckForm(d.Form, department.Form, false)
}

// hasFilled reports that a draft's key is known, and that a form was filled in under it.
func (t *turn) hasFilled(by engine.Author, d engine.Draft) bool {
	_, has := t.results.of(key{by, engine.KindFormFilled, d.ClientID})
	return has && d.ClientID != ""
}

// fillsElse reports that a draft's key is known, and that the form which was filled in
// under it, or that none was, is not what the draft says. Of one that was removed
// nothing is known any more: any is the same.
func (t *turn) fillsElse(by engine.Author, d engine.Draft, known bool) bool {
	r, has := t.results.of(key{by, engine.KindFormFilled, d.ClientID})
	if !has || d.ClientID == "" {
		return known && !d.Form.IsEmpty()
	}
	return r.Format != engine.FormatRedacted && r.Digest != d.Form.Encode().Digest()
}

// hush lets those who are asked to take the chat forget what it is about.
func (t *turn) hush(after engine.Seq) {
	for _, o := range t.row.Offers {
		t.do(Notify{After: after, Operator: o.Operator, Note: Hushed, Offer: o.Offer})
	}
}
