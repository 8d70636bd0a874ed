package wire

import (
	"github.com/parleyhq/parley/engine"
)

// maxAttrs bounds what one request may set: what every tenant has and what it may
// declare.
const maxAttrs = engine.MaxAttributes + 3

// attrsOf reads {"email":"…",…}: names and texts, null as if it were not there. Which
// of them can be held is judged by the session.
func attrsOf(value []byte) (attrs []engine.Attr, ok bool) {
	s := scanner{data: value}
	if !s.eat('{') {
		return nil, false
	}
	for first := true; ; first = false {
		name, more, ok := s.member(first)
		if !ok || !more {
			return attrs, ok
		}
		attr := engine.Attr{Name: string(name)}
		s.space()
		start := s.pos
		s.skip(1)
		text := value[start:s.pos]
		if text[0] == 'n' {
			continue
		}
		attr.Value, ok = boxed(text)
		if !ok && string(text) != `""` || len(attrs) == maxAttrs || len(name) > engine.MaxAttributeName || attr.Value.Len() > engine.MaxAttributeValue {
			return nil, false
		}
		attrs = append(attrs, attr)
	}
}

// appendIdentity appends what is held about a visitor: see engine.Identity.Encode.
func appendIdentity(dst []byte, held *engine.Identity) []byte {
	return append(appendName(dst, "identity"), held.Encode().Reveal()...)
}

// appendAttrsSet appends the fields of a change of what is held, without braces.
// Of one whose text has gone the fact is left.
func appendAttrsSet(dst []byte, e *engine.Entry) []byte {
	fact := e.Attrs
	if fact == nil {
		fact = &engine.AttrsFact{}
	}
	dst = append(appendName(dst, "names"), '[')
	for i, name := range fact.Names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, name)
	}
	dst = append(dst, ']')
	dst = appendField(dst, "lawful_basis", fact.Basis.String())
	dst = appendField(dst, "source", fact.Source.String())
	if e.Target != 0 {
		dst = appendUintField(dst, "target", uint64(e.Target))
	}
	if e.Format == engine.FormatRedacted {
		return dst
	}
	return append(appendName(dst, "identity"), e.Body.Reveal()...)
}

// appendChange appends what a client says about the visitor.
func appendChange(dst []byte, c *engine.IdentityChange) []byte {
	if c == nil {
		return dst
	}
	dst = append(appendName(appendField(dst, "lawful_basis", c.Basis.String()), "set"), '{')
	for _, a := range c.Set {
		dst = appendString(appendName(dst, a.Name), a.Value.Reveal())
	}
	return append(dst, '}')
}
