package wire

import (
	"math/bits"
	"testing"
)

// Each field is read under the name that a refusal gives it.
func TestFieldNames(t *testing.T) {
	if n := bits.Len64(uint64(fieldOn)); n != len(fieldNames) {
		t.Fatalf("%d names of %d fields", len(fieldNames), n)
	}
	for field := fields(1); field <= fieldOn; field <<= 1 {
		value := "7"
		if field == fieldGoal { // a message's number is the other field of this name
			value = "{}"
		}
		var all fields
		for _, p := range []params{{}, {auth: &Auth{}}} {
			p.scan([]byte(`{"` + field.name() + `":` + value + `}`))
			all |= p.seen
		}
		if all != field {
			t.Errorf("%s: got the fields %b, want %b", field.name(), all, field)
		}
	}
}
