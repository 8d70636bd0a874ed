package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parleyhq/parley/engine"
)

// TestValues: what can be held about a visitor, and what cannot.
func TestValues(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        bool
	}{
		{"email", "grete@example.org", true},
		{"email", "g.r+t_1'x@sub.example-1.org", true},
		{"email", "grüße@bücher.example", true},
		{"email", strings.Repeat("a", 64) + "@e.org", true},
		{"email", strings.Repeat("a", 65) + "@e.org", false},
		{"email", "a@" + strings.Repeat("e.", 130) + "org", false},
		{"email", "grete", false},
		{"email", "@example.org", false},
		{"email", "grete@", false},
		{"email", ".g@example.org", false},
		{"email", "g..r@example.org", false},
		{"email", "g@example..org", false},
		{"email", "g r@example.org", false},
		{"email", "Grete <g@example.org>", false},
		{"email", "g@example.org\r\nBcc: x@y", false},
		{"email", "a@b@example.org", false},
		{"phone", "+43 (316) 12-34/5.6", true},
		{"phone", "112", true},
		{"phone", "12", false},
		{"phone", "1234567890123456", false},
		{"phone", "43+316", false},
		{"phone", "0316 CALL", false},
		{"phone", "1 1 1" + strings.Repeat(" ", 30), false},
		{"name", "Grete Ü. O'Neill-漢", true},
		{"name", "می\u200cخواهم", true},
		{"name", strings.Repeat("x", 128), true},
		{"name", strings.Repeat("x", 129), false},
		{"name", " Grete", false},
		{"name", "Grete\u202egpj.exe", false},
		{"name", "Grete\x00", false},
		{"name", "Grete\xff", false},
		{"plan", "gold", true},
		{"plan", strings.Repeat("x", 257), false},
		{"size", "gold", false},
	} {
		change := &engine.IdentityChange{Basis: engine.BasisConsent, Set: []engine.Attr{{Name: c.name, Value: engine.BodyOf(c.value)}}}
		if got := engine.CheckIdentity(change, []string{"plan"}); (len(got) == 0) != c.want {
			t.Errorf("%s %q: got %v, want %v", c.name, c.value, got, c.want)
		}
	}
	email := engine.Attr{Name: "email", Value: engine.BodyOf("a@b.org")}
	for what, c := range map[string]struct {
		change *engine.IdentityChange
		want   string
	}{
		"nothing":        {nil, "[lawful_basis set]"},
		"no basis":       {&engine.IdentityChange{Set: []engine.Attr{email}}, "[lawful_basis]"},
		"nothing to set": {&engine.IdentityChange{Basis: engine.BasisContract}, "[set]"},
		"all away":       {&engine.IdentityChange{Basis: engine.BasisContract, Whole: true}, "[]"},
		"twice":          {&engine.IdentityChange{Basis: engine.BasisContract, Set: []engine.Attr{email, email}}, "[email]"},
		"what was typed": {&engine.IdentityChange{Basis: engine.BasisContract, Set: []engine.Attr{{Name: "canary-7f3a", Value: email.Value}}}, "[set]"},
	} {
		if got := fmt.Sprint(engine.CheckIdentity(c.change, nil)); got != c.want {
			t.Errorf("%s: got %s, want %s", what, got, c.want)
		}
	}
}

func TestIdentityPrintsNothing(t *testing.T) {
	change := &engine.IdentityChange{Basis: engine.BasisConsent, Set: []engine.Attr{{Name: "email", Value: engine.BodyOf("canary@7f3a.org")}}}
	held, _ := (*engine.Identity)(nil).Apply(change, time.Unix(1, 0))
	d := engine.Draft{Identity: change}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb+verb+verb+verb, change, *change, *held, d); strings.Contains(text, "canary") {
			t.Errorf("%s: got %s", verb, text)
		}
	}
}

// TestIdentityLaws: what is encoded is read back; what is applied twice changes once;
// what is not named stays unless the change is whole; names are sorted and unique.
func TestIdentityLaws(t *testing.T) {
	names := []string{"email", "name", "phone", "plan"}
	rapid.Check(t, func(t *rapid.T) {
		var held *engine.Identity
		for n := range rapid.IntRange(1, 6).Draw(t, "changes") {
			change := &engine.IdentityChange{Basis: engine.Basis(rapid.IntRange(1, 6).Draw(t, "basis")), Whole: rapid.Bool().Draw(t, "whole")}
			for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID).Draw(t, "names") {
				change.Set = append(change.Set, engine.Attr{
					Name: name, Value: engine.BodyOf(rapid.SampledFrom([]string{"", "a", "b\"\u2028<"}).Draw(t, "value")),
					Verified: rapid.Bool().Draw(t, "verified"), Source: engine.Source(rapid.IntRange(1, 4).Draw(t, "source")),
				})
			}
			now := time.UnixMilli(int64(n)).UTC()
			next, changed := held.Apply(change, now)
			if _, again := next.Apply(change, now.Add(time.Second)); len(again) != 0 {
				t.Fatalf("applied twice: changes %v again", again)
			}
			for _, name := range names {
				was, had := held.Find(name)
				is, has := next.Find(name)
				set, named := change.Find(name)
				switch {
				case named && set.Value.Len() == 0, !named && change.Whole:
					if has {
						t.Fatalf("%s was taken away, and is held", name)
					}
				case !named:
					if had != has || had && !same(was, is) {
						t.Fatalf("%s was not named, and changed", name)
					}
				case !has || string(is.Value.Reveal()) != string(set.Value.Reveal()):
					t.Fatalf("%s was set, and is not held", name)
				}
				if differs := had != has || had && !same(was, is); differs != slices.Contains(changed, name) {
					t.Fatalf("%s: differs %v, named as changed %v", name, differs, !differs)
				}
			}
			if !slices.IsSortedFunc(next.Attrs, func(a, b engine.Attr) int { return strings.Compare(a.Name, b.Name) }) {
				t.Fatal("the names are not sorted")
			}
			back, err := engine.DecodeIdentity(next.Encode(), 7)
			if err != nil || back.Seq != 7 || !slices.EqualFunc(back.Attrs, next.Attrs, same) {
				t.Fatalf("read back: %v", err)
			}
			held = next
		}
	})
}

func same(a, b engine.Attr) bool {
	return a.Name == b.Name && string(a.Value.Reveal()) == string(b.Value.Reveal()) && a.Verified == b.Verified && a.Source == b.Source && a.Basis == b.Basis && a.At.Equal(b.At)
}

func TestKeySets(t *testing.T) {
	valid := func(sets, visitors []engine.KeySet, attributes ...string) error {
		tenant := &engine.Tenant{ID: "acme", Departments: []engine.Department{{ID: "d"}}, KeySets: sets, VisitorKeySets: visitors, Attributes: attributes}
		_, err := engine.NewTenants(tenant)
		return err
	}
	good := engine.KeySet{Issuer: "https://id.example", URL: "https://id.example/keys"}
	own := good
	own.Audience = "visitors"
	for what, ok := range map[string]bool{
		"one": valid([]engine.KeySet{good}, nil) == nil, "of visitors": valid(nil, []engine.KeySet{good}) == nil,
		"audiences apart": valid([]engine.KeySet{good}, []engine.KeySet{own}) == nil, "attributes": valid(nil, nil, "plan", "customer_no") == nil,
		"on this machine": valid([]engine.KeySet{{Issuer: "i", URL: "http://127.0.0.1:8/k"}}, nil) == nil,
	} {
		if !ok {
			t.Errorf("%s: refused", what)
		}
	}
	for what, err := range map[string]error{
		"no issuer":          valid([]engine.KeySet{{URL: good.URL}}, nil),
		"a NUL in issuer":    valid([]engine.KeySet{{Issuer: "a\x00b", URL: good.URL}}, nil),
		"plain text":         valid([]engine.KeySet{{Issuer: "i", URL: "http://id.example/keys"}}, nil),
		"a file":             valid([]engine.KeySet{{Issuer: "i", URL: "file:///etc/passwd"}}, nil),
		"a user":             valid([]engine.KeySet{{Issuer: "i", URL: "https://u:p@id.example/keys"}}, nil),
		"no host":            valid([]engine.KeySet{{Issuer: "i", URL: "https:///keys"}}, nil),
		"named twice":        valid([]engine.KeySet{good, good}, nil),
		"both, one audience": valid([]engine.KeySet{good}, []engine.KeySet{good}),
		"one address":        valid([]engine.KeySet{good}, []engine.KeySet{{Issuer: "other", URL: good.URL}}),
		"built in":           valid(nil, nil, "email"),
		"twice":              valid(nil, nil, "plan", "plan"),
		"upper case":         valid(nil, nil, "Plan"),
	} {
		if err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

// TestDenials: every denial has a text of its own, and every error a denial.
func TestDenials(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range engine.Denials() {
		if text := d.String(); text == "" || strings.Contains(text, "(") || seen[text] {
			t.Errorf("denial %d: got %q", d, text)
		}
		seen[d.String()] = true
	}
	if got := engine.DenialOf(engine.ErrAuthInvalid.Denied(engine.DenialRevoked)); got != engine.DenialRevoked {
		t.Errorf("got %v", got)
	}
	if got := engine.DenialOf(fmt.Errorf("wrapped: %w", engine.ErrBusy)); got != engine.DenialUnavailable {
		t.Errorf("got %v", got)
	}
}
