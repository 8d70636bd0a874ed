package simulate

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/invariant"
	"github.com/parleyhq/parley/engine/session"
)

// What people type in the worlds. In a world without transcripts neither may be found
// outside its session's machine; a tag is known to the router and to operators, and to
// nobody outside the process (I15).
const (
	secret = "canary-7f3a"
	tagged = "tag-canary"
)

// secretEvery is how many steps of a session are printed once, as a log, a panic or a
// dead letter might print them: printing costs more than stepping.
const secretEvery = 256

// leaves checks what of a durable entry is handed to an embedding host.
func (h *house) leaves(e *engine.Entry) {
	e = e.Unrecorded()
	if text := string(e.Body.Reveal()); holdsSecret(text) || holdsSecret(e.ClientID) || e.File != nil {
		h.w.broken("I15", h, "entry %d, %v, is told with what somebody typed", e.Seq, e.Kind)
	}
}

// unrecorded checks what a session that is not recorded lets others know.
func (h *house) unrecorded(row *engine.Row) {
	w := h.w
	w.found(invariant.CheckUnrecorded(row))
	s := &row.Service
	for _, n := range s.Needs {
		if holdsSecret(n.Skill) {
			w.broken("I15", h, "its needs hold what somebody typed")
		}
	}
	for _, tag := range s.Tags {
		if strings.Contains(tag, secret) {
			w.broken("I15", h, "its tags hold what somebody typed")
		}
	}
	if holdsSecret(string(row.Department)) || holdsSecret(string(row.Owner)) || s.Transfer != nil && holdsSecret(s.Transfer.Target.Skill) {
		w.broken("I15", h, "its facts hold what somebody typed")
	}
}

// printed checks what a log would say of a step.
func (h *house) printed(in session.Input, effects []session.Effect) {
	if strings.Contains(fmt.Sprintf("%+v %#v", in, in), secret) {
		h.w.broken("I15", h, "%T prints what somebody typed", in)
	}
	for _, e := range effects {
		if strings.Contains(fmt.Sprintf("%+v %#v", e, e), secret) {
			h.w.broken("I15", h, "%T prints what somebody typed", e)
		}
	}
}

func holdsSecret(text string) bool { return strings.Contains(text, "canary") }

// keepsNoSecret looks through everything that the router and the operators' machines
// hold, and what is stored of operators.
func (w *world) keepsNoSecret() {
	var s search
	if s.in(reflect.ValueOf(w.router)) {
		w.broken("I15", nil, "the router holds what somebody typed")
	}
	for _, d := range w.desks {
		if s.in(reflect.ValueOf(d.m)) || s.in(reflect.ValueOf(&d.stored)) {
			w.broken("I15", nil, "operator %s's machine holds what somebody typed", d.id)
		}
	}
}

// search walks all that a value leads to, once.
type search struct{ seen map[place]bool }

// place is where something is: what a pointer leads to, and as what.
type place struct {
	at uintptr
	of reflect.Type
}

func (s *search) in(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return strings.Contains(v.String(), secret)
	case reflect.Pointer:
		return !v.IsNil() && s.isNew(v) && s.in(v.Elem())
	case reflect.Interface:
		return !v.IsNil() && s.in(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if s.in(v.Field(i)) {
				return true
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return strings.Contains(string(v.Bytes()), secret)
		}
		return s.inAll(v)
	case reflect.Array:
		return v.Type().Elem().Kind() != reflect.Uint8 && s.inAll(v)
	case reflect.Map:
		if !s.isNew(v) {
			return false
		}
		for all := v.MapRange(); all.Next(); {
			if s.in(all.Key()) || s.in(all.Value()) {
				return true
			}
		}
	default: // numbers; functions and what they hold are out of sight
	}
	return false
}

func (s *search) inAll(v reflect.Value) bool {
	for i := range v.Len() {
		if s.in(v.Index(i)) {
			return true
		}
	}
	return false
}

func (s *search) isNew(v reflect.Value) bool {
	if s.seen == nil {
		s.seen = map[place]bool{}
	}
	p := place{v.Pointer(), v.Type()}
	if s.seen[p] {
		return false
	}
	s.seen[p] = true
	return true
}
