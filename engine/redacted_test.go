package engine_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
)

// TestRedactedKeepsAllButTheText: a field that is added later must be thought of.
func TestRedactedKeepsAllButTheText(t *testing.T) {
	e := &engine.Entry{
		Session: engine.SessionID{1}, Seq: 2, PrevAll: 1, Epoch: 3, At: time.Unix(4, 0), Author: engine.Author{Kind: engine.AuthorOperator, Operator: "ada"},
		Kind: engine.KindMessageEdited, Cause: engine.CauseManual, Visibility: engine.VisibleToOperators, ClientID: "k", Department: "sales", Operator: "bob",
		Offer: 5, Deadline: time.Unix(6, 0), Target: 7, Attrs: &engine.AttrsFact{Names: []string{"email"}}, Format: engine.FormatFile, Body: engine.BodyOf("words"),
		File: &engine.Attachment{File: engine.FileID{8}, Bytes: 9, Key: engine.BodyOf("key")},
	}
	e.Frame(engine.VisibleToOperators, func(*engine.Entry, engine.Visibility) []byte { return []byte("words") })
	got, want := reflect.ValueOf(e.Redacted()).Elem(), reflect.ValueOf(e).Elem()
	for i := range want.NumField() {
		name := want.Type().Field(i).Name
		switch {
		case name == "frames": // checked below: it is not exported
		case want.Field(i).IsZero():
			t.Errorf("%s: the test does not set it", name)
		case name == "Format":
			if f := e.Redacted().Format; f != engine.FormatRedacted {
				t.Errorf("format: got %v", f)
			}
		case name == "Body":
			if n := e.Redacted().Body.Len(); n != 0 {
				t.Errorf("body: got %d bytes", n)
			}
		case name == "File":
			if e.Redacted().File != nil {
				t.Error("the file's key is kept")
			}
		case !reflect.DeepEqual(got.Field(i).Interface(), want.Field(i).Interface()):
			t.Errorf("%s: got %v, want %v", name, got.Field(i), want.Field(i))
		}
	}
	frame := e.Redacted().Frame(engine.VisibleToOperators, func(*engine.Entry, engine.Visibility) []byte { return []byte("anew") })
	if string(frame) != "anew" {
		t.Error("the encoding of the text came along")
	}
}

func TestWhoseTextItIs(t *testing.T) {
	for _, c := range []struct {
		kind        engine.Kind
		seq, target engine.Seq
		want        bool
	}{
		{engine.KindMessageNew, 4, 0, true},
		{engine.KindMessageNew, 5, 4, false},
		{engine.KindMessageEdited, 6, 4, true},
		{engine.KindMessageEdited, 4, 3, false},
		{engine.KindMessageRedacted, 7, 4, false},
		{engine.KindSessionStarted, 4, 0, false},
		{engine.KindAttrsSet, 4, 0, true},
		{engine.KindAttrsSet, 5, 4, false},
		{engine.KindFormFilled, 4, 0, true},
		{engine.KindFormFilled, 5, 4, false},
	} {
		e := &engine.Entry{Kind: c.kind, Seq: c.seq, Target: c.target}
		if got := e.HoldsTextOf(4); got != c.want {
			t.Errorf("%v %d about %d: got %v", c.kind, c.seq, c.target, got)
		}
	}
}

// TestWhatIsRemembered: every message, and whatever has an idempotency key.
func TestWhatIsRemembered(t *testing.T) {
	for kind := engine.KindNone + 1; kind.IsValid(); kind++ {
		_, bare := engine.ResultOf(&engine.Entry{Kind: kind})
		_, keyed := engine.ResultOf(&engine.Entry{Kind: kind, ClientID: "k"})
		isMessage := kind == engine.KindMessageNew || kind == engine.KindMessageEdited || kind == engine.KindMessageRedacted || kind == engine.KindFormFilled
		if bare != isMessage || !keyed {
			t.Errorf("%s: without a key %v, with one %v", kind, bare, keyed)
		}
	}
}
