package engine_test

import (
	"strings"
	"testing"

	"github.com/parleyhq/parley/engine"
)

func TestIsCode(t *testing.T) {
	for text, want := range map[string]bool{
		"lunch": true, "no-show_2": true, "0": true, strings.Repeat("x", engine.MaxCode): true,
		"": false, "Lunch": false, "at lunch": false, "déjeuner": false, "a.b": false, "a\x00": false, strings.Repeat("x", engine.MaxCode+1): false,
	} {
		if got := engine.IsCode(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}
