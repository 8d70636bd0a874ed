package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/parleyhq/parley/engine"
	"pgregory.net/rapid"
)

func drawID(t *rapid.T) (id engine.ID) {
	copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
	return id
}

// TestIDIsAULID compares text, parsing and time with another implementation.
func TestIDIsAULID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := drawID(t)
		theirs := ulid.ULID(id)
		text := id.String()
		if text != theirs.String() {
			t.Fatalf("got %s, want %s", text, theirs)
		}
		if got, want := id.Time().UnixMilli(), int64(theirs.Time()); got != want {
			t.Fatalf("time of %s: got %d, want %d", text, got, want)
		}
		for _, form := range []string{text, strings.ToLower(text)} {
			back, err := engine.ParseID(form)
			if err != nil || back != id {
				t.Fatalf("parse %s: got %v, %v", form, back, err)
			}
		}
	})
}

// TestIDsSortByCreation: bytes and text sort alike, the older first.
func TestIDsSortByCreation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawID(t), drawID(t)
		if byText, byBytes := strings.Compare(a.String(), b.String()), strings.Compare(string(a[:]), string(b[:])); byText != byBytes {
			t.Fatalf("%s and %s: text says %d, bytes say %d", a, b, byText, byBytes)
		}
		if a.Time().Before(b.Time()) && a.String() >= b.String() {
			t.Fatalf("%s is older than %s", a, b)
		}
	})
}

// TestParseIDAgrees: whatever text comes, both implementations accept the same.
func TestParseIDAgrees(t *testing.T) {
	alphabet := []rune("0123456789ABCDEFGHJKMNPQRSTVWXYZabcxyzILOUilou8-_ \x00é")
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOfN(rapid.SampledFrom(alphabet), 24, 28).Draw(t, "text"))
		got, err := engine.ParseID(text)
		want, theirErr := ulid.ParseStrict(text)
		if (err == nil) != (theirErr == nil) {
			t.Fatalf("%q: got %v, want %v", text, err, theirErr)
		}
		if err == nil && got != engine.ID(want) {
			t.Fatalf("%q: got %v, want %v", text, got, want)
		}
		if err != nil && !errors.Is(err, engine.ErrBadID) {
			t.Fatalf("%q: %v is no ErrBadID", text, err)
		}
	})
}

func TestParseIDRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty":                "",
		"short":                "01ARZ3NDEKTSV4RRFFQ69G5FA",
		"long":                 "01ARZ3NDEKTSV4RRFFQ69G5FAVX",
		"overflow":             "80000000000000000000000000",
		"overflow, lower case": "z1arz3ndektsv4rrffq69g5fav",
		"letter I":             "01ARZ3NDEKTSV4RRFFQ69G5FAI",
		"letter L":             "01ARZ3NDEKTSV4RRFFQ69G5FAL",
		"letter O":             "O1ARZ3NDEKTSV4RRFFQ69G5FAV",
		"letter U":             "01ARZ3NDEKTSV4RRFFQ69G5FAU",
		"punctuation":          "01ARZ3NDEKTSV4RRFFQ69G5FA-",
		"first too low":        "/1ARZ3NDEKTSV4RRFFQ69G5FAV",
		"two bytes":            "01ARZ3NDEKTSV4RRFFQ69G5Fé",
	} {
		if id, err := engine.ParseID(text); !errors.Is(err, engine.ErrBadID) || id != (engine.ID{}) {
			t.Errorf("%s: got %v, %v, want ErrBadID", name, id, err)
		}
	}
	highest, err := engine.ParseID("7ZZZZZZZZZZZZZZZZZZZZZZZZZ")
	if err != nil || highest.String() != "7ZZZZZZZZZZZZZZZZZZZZZZZZZ" {
		t.Errorf("the highest id: got %v, %v", highest, err)
	}
}

func TestTypedIDs(t *testing.T) {
	const text = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
	s, err := engine.ParseSessionID(text)
	if err != nil || s.String() != text || s.IsZero() {
		t.Errorf("session: got %v, %v", s, err)
	}
	v, err := engine.ParseVisitorID(text)
	if err != nil || v.String() != text || v.IsZero() {
		t.Errorf("visitor: got %v, %v", v, err)
	}
	if !(engine.SessionID{}).IsZero() || !(engine.VisitorID{}).IsZero() {
		t.Error("the zero id is not zero")
	}
	if got := (engine.SessionRef{Tenant: "acme", Session: s}).String(); got != "acme/"+text {
		t.Errorf("ref: got %s", got)
	}
	want := time.Date(2016, 7, 30, 23, 54, 10, 259_000_000, time.UTC)
	if got := engine.ID(s).Time(); !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("time: got %v, want %v", got, want)
	}
}

func TestNames(t *testing.T) {
	long := strings.Repeat("a", 64)
	for _, c := range []struct {
		name             string
		isName, operator bool
	}{
		{"acme", true, true},
		{"a", true, true},
		{"0-a_b", true, true},
		{long, true, true},
		{long + "a", false, true},
		{strings.Repeat("a", 128), false, true},
		{strings.Repeat("a", 129), false, false},
		{"", false, false},
		{"-a", false, true},
		{"_a", false, true},
		{"Acme", false, true},
		{"a b", false, false},
		{"a.b", false, true},
		{"ada@shop.example", false, true},
		{"é", false, false},
		{"a\x7f", false, false},
		{"a\n", false, false},
	} {
		if err := engine.TenantID(c.name).Validate(); (err == nil) != c.isName || err != nil && !errors.Is(err, engine.ErrBadID) {
			t.Errorf("tenant %q: got %v", c.name, err)
		}
		if err := engine.DepartmentID(c.name).Validate(); (err == nil) != c.isName {
			t.Errorf("department %q: got %v", c.name, err)
		}
		err := engine.OperatorID(c.name).Validate()
		if (err == nil) != c.operator {
			t.Errorf("operator %q: got %v", c.name, err)
		}
		if err != nil && len(c.name) > 2 && strings.Contains(err.Error(), c.name) {
			t.Errorf("operator: the error quotes the name: %v", err)
		}
	}
}
