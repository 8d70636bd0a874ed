package session

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/parleyhq/parley/engine"
)

// TestResultsAreAMap: few or many, results are what a map of them would be, and of two
// under one key the later counts.
func TestResultsAreAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var got results
		want := map[key]engine.Result{}
		for i := range rapid.IntRange(0, 4*fewResults).Draw(t, "how many") {
			r := engine.Result{
				Author:   engine.Author{Kind: engine.AuthorOperator, Operator: rapid.SampledFrom([]engine.OperatorID{"ada", "bob"}).Draw(t, "author")},
				Kind:     rapid.SampledFrom([]engine.Kind{engine.KindMessageNew, engine.KindMessageEdited, engine.KindRated}).Draw(t, "kind"),
				ClientID: rapid.StringMatching("[a-f]{1,2}").Draw(t, "key"), Seq: engine.Seq(i + 1), Target: engine.Seq(i % 5), Digest: 7,
			}
			got.keep(&r)
			want[keyOf(&r)] = r
		}
		if rapid.Bool().Draw(t, "one is removed") {
			target := engine.Seq(rapid.IntRange(1, fewResults).Draw(t, "which"))
			got.forget(target)
			for k, r := range want {
				if r.Kind == engine.KindMessageNew && r.Seq == target || r.Kind == engine.KindMessageEdited && r.Target == target {
					r.Format, r.Digest = engine.FormatRedacted, engine.Body{}.Digest()
					want[k] = r
				}
			}
		}
		if len(got.list) != len(want) {
			t.Fatalf("got %d, want %d", len(got.list), len(want))
		}
		for k, r := range want {
			if have, known := got.of(k); !known || have != r {
				t.Fatalf("got %+v, %v, want %+v", have, known, r)
			}
		}
		if _, known := got.of(key{id: "nobody's"}); known {
			t.Fatal("a key that nobody used is known")
		}
	})
}

// TestMessagesAreAMap: in whatever order they come.
func TestMessagesAreAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var got messages
		want := map[engine.Seq]written{}
		for i := range rapid.IntRange(0, 40).Draw(t, "how many") {
			seq := engine.Seq(rapid.IntRange(1, 30).Draw(t, "number"))
			if rapid.IntRange(0, 3).Draw(t, "removed") > 0 {
				w := written{seq: seq, file: engine.FileID{byte(i)}}
				got.keep(&w)
				want[seq] = w
				continue
			}
			w := want[seq]
			if was := got.remove(seq, engine.Seq(100+i), w.removedAt); was != w.file {
				t.Fatalf("message %d: got file %v, want %v", seq, was, w.file)
			}
			w.seq, w.removed = seq, engine.Seq(100+i)
			want[seq] = w
		}
		for seq := range engine.Seq(32) {
			w, known := want[seq]
			if m := got.of(seq); (m != nil) != known || known && *m != w {
				t.Fatalf("message %d: got %+v, want %+v, %v", seq, m, w, known)
			}
		}
		if seqs := slices.Sorted(maps.Keys(want)); len(seqs) != len(got) {
			t.Fatalf("got %d, want %d", len(got), len(seqs))
		}
	})
}
