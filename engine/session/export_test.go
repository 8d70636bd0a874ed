package session

import "github.com/parleyhq/parley/engine"

// Inside is what a session remembers beside its row, for tests that compare.
func (s *Session) Inside() any {
	type inside struct {
		Results  map[key]engine.Result
		Messages map[engine.Seq]written
		Closed   engine.Seq
		Wrote    writers
	}
	return inside{s.results, s.messages, s.closed, s.wrote}
}
