package session

import "github.com/parleyhq/parley/engine"

// Inside is what a session remembers beside its row, for tests that compare.
func (s *Session) Inside() any {
	type inside struct {
		Results  map[key]engine.Result
		Messages []written
		Closed   engine.Seq
		Wrote    writers
	}
	all := map[key]engine.Result{}
	for i := range s.results.list {
		all[keyOf(&s.results.list[i])] = s.results.list[i]
	}
	return inside{all, s.messages, s.closed, s.wrote}
}
