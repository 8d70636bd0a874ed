package wire

import "github.com/parleyhq/parley/engine"

// Values of a request's fields.

// codeOf reads a code: see engine.IsCode.
func codeOf(value []byte) (string, bool) {
	text, ok := textOf(value, 1, engine.MaxCode)
	return text, ok && engine.IsCode(text)
}

func textOf(value []byte, least, most int) (string, bool) {
	text := plainText(value)
	if value[0] != '"' || len(text) < least || len(text) > most {
		return "", false
	}
	return string(text), true
}

func wholeOf(value []byte) (uint64, bool) {
	s := scanner{data: value}
	n, whole, ok := s.number()
	return n, ok && whole
}

func seqOf(value []byte) (engine.Seq, bool) {
	n, ok := wholeOf(value)
	return engine.Seq(n), ok
}

func boolOf(value []byte) (on, ok bool) {
	return value[0] == 't', value[0] == 't' || value[0] == 'f'
}

func sessionOf(value []byte) (engine.SessionID, bool) {
	text := plainText(value)
	if len(text) != 26 {
		return engine.SessionID{}, false
	}
	id, err := engine.ParseSessionID(string(text))
	return id, err == nil && !id.IsZero()
}

// boxed is a text of 1 byte or more as a Body of its own bytes. Its upper bound
// is the tenant's and is judged by the caller.
func boxed(value []byte) (engine.Body, bool) {
	if value[0] != '"' {
		return engine.Body{}, false
	}
	raw := value[1 : len(value)-1]
	text := unquote(make([]byte, 0, len(raw)), raw)
	return engine.NewBody(text), len(text) > 0
}

// haveOf reads [{"sid":…,"seq":…}].
func haveOf(value []byte) (have []engine.Have, ok bool) {
	s := scanner{data: value}
	if !s.eat('[') {
		return nil, false
	}
	if s.eat(']') {
		return nil, true
	}
	for len(have) < maxHave {
		s.space()
		start := s.pos
		s.skip(1)
		one, good := haveOne(value[start:s.pos])
		if !good {
			return nil, false
		}
		have = append(have, one)
		if !s.eat(',') {
			return have, true
		}
	}
	return nil, false
}

func haveOne(value []byte) (engine.Have, bool) {
	var p params
	p.scan(value)
	const both = fieldSession | fieldSeq
	return engine.Have{Session: p.draft.Session, Seq: p.draft.Seq}, p.seen&both == both && p.wrong&both == 0
}
