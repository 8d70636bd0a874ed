package persistence

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/keyring"
	"github.com/parleyhq/parley/persistence/storetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func drawTime(t *rapid.T, label string, unit time.Duration) time.Time {
	if rapid.Bool().Draw(t, label+" is zero") {
		return time.Time{}
	}
	return time.Unix(0, rapid.Int64Range(-1<<60, 1<<60).Draw(t, label)).Truncate(unit).UTC()
}

func drawEntry(t *rapid.T) *engine.Entry {
	text := rapid.StringN(0, 20, 80)
	var file *engine.Attachment
	if rapid.Bool().Draw(t, "has a file") {
		file = &engine.Attachment{
			File: engine.FileID{rapid.Byte().Draw(t, "file"), 15: 1}, Bytes: rapid.Int64Min(0).Draw(t, "bytes"),
			Key: engine.NewBody(rapid.SliceOf(rapid.Byte()).Draw(t, "key")),
		}
	}
	return &engine.Entry{
		File:    file,
		Seq:     engine.Seq(rapid.Uint64Min(1).Draw(t, "seq")),
		PrevAll: engine.Seq(rapid.Uint64().Draw(t, "prev")), Epoch: engine.Epoch(rapid.Uint64().Draw(t, "epoch")),
		At:   drawTime(t, "at", time.Millisecond),
		Kind: engine.Kind(rapid.Byte().Draw(t, "kind")), Cause: engine.Cause(rapid.Byte().Draw(t, "cause")),
		Visibility: engine.Visibility(rapid.IntRange(0, 1).Draw(t, "visibility")),
		Author:     engine.Author{Kind: engine.AuthorKind(rapid.Byte().Draw(t, "author kind")), Operator: engine.OperatorID(text.Draw(t, "author"))},
		ClientID:   text.Draw(t, "client id"), Department: engine.DepartmentID(text.Draw(t, "department")),
		Operator: engine.OperatorID(text.Draw(t, "operator")), Offer: engine.Seq(rapid.Uint64().Draw(t, "offer")),
		Deadline: drawTime(t, "deadline", 1), Target: engine.Seq(rapid.Uint64().Draw(t, "target")),
		Format: engine.Format(rapid.Byte().Draw(t, "format")), Body: engine.NewBody(rapid.SliceOf(rapid.Byte()).Draw(t, "body")),
		Attrs: drawAttrs(t),
	}
}

func TestEntryRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawEntry(t)
		got, err := decodeEntry(want.Session, want.Seq, appendEntry(nil, want))
		if err != nil {
			t.Fatal(err)
		}
		if err := storetest.Same(got, want); err != nil {
			t.Fatal(err)
		}
	})
}

func drawRow(t *rapid.T) *engine.Row {
	text := rapid.StringN(0, 20, 80)
	seq := rapid.Uint64()
	row := &engine.Row{
		State: engine.State(rapid.Byte().Draw(t, "state")), Epoch: engine.Epoch(seq.Draw(t, "epoch")),
		Department: engine.DepartmentID(text.Draw(t, "department")),
		Started:    drawTime(t, "started", 1), FirstQueued: drawTime(t, "queued", 1),
		Priority: rapid.Int().Draw(t, "priority"), Boost: time.Duration(rapid.Int64().Draw(t, "boost")), Weight: rapid.Int().Draw(t, "weight"),
		Owner: engine.OperatorID(text.Draw(t, "owner")),
		Turn:  engine.Turn(rapid.Byte().Draw(t, "turn")), PrevAll: engine.Seq(seq.Draw(t, "prev")),
		ReadVisitor: engine.Seq(seq.Draw(t, "read visitor")), ReadOperator: engine.Seq(seq.Draw(t, "read operator")),
		CloseBy: drawTime(t, "close by", 1), LastActivity: drawTime(t, "activity", 1),
		Service: engine.Service{
			Queued: drawTime(t, "service queued", 1), Step: rapid.IntRange(0, 9).Draw(t, "step"), Preferred: engine.OperatorID(text.Draw(t, "preferred")),
			Tags: rapid.SliceOfN(text, 1, 3).Draw(t, "tags"), Idle: rapid.Bool().Draw(t, "idle"),
		},
	}
	row.Offers = []engine.LiveOffer{{
		Operator: engine.OperatorID(text.Draw(t, "offered to")), Offer: engine.Offer{
			ID: engine.Seq(seq.Draw(t, "offer")), Epoch: engine.Epoch(seq.Draw(t, "offer epoch")), Department: engine.DepartmentID(text.Draw(t, "offer department")),
			Deadline: drawTime(t, "offer deadline", 1), Waiting: drawTime(t, "waiting", 1),
		},
	}}
	copy(row.Visitor[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "visitor"))
	copy(row.Offers[0].Session[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "offer session"))
	for range rapid.IntRange(0, 3).Draw(t, "declines") {
		row.Declines = append(row.Declines, engine.Decline{Operator: engine.OperatorID(text.Draw(t, "decliner")), Until: drawTime(t, "until", 1)})
	}
	return row
}

func TestRowRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawRow(t)
		got, err := decodeRow(want.Ref, appendRow(nil, want))
		if err != nil {
			t.Fatal(err)
		}
		if err := storetest.SameRow(got, want); err != nil {
			t.Fatal(err)
		}
	})
}

// TestNoFieldIsForgotten fails when the vocabulary grows a field that the stored
// forms do not know: it would be lost in silence.
func TestNoFieldIsForgotten(t *testing.T) {
	for _, c := range []struct {
		of    reflect.Type
		known string
	}{
		{reflect.TypeFor[engine.Entry](), "Session Seq PrevAll Epoch At Author Kind Cause Visibility ClientID Department Operator Offer Deadline Target Attrs Format Body File frames"},
		{reflect.TypeFor[engine.Author](), "Kind Operator"},
		{reflect.TypeFor[engine.Row](), "Ref Visitor State Epoch Department Started FirstQueued Priority Boost Weight Owner Offers Declines Turn PrevAll ReadVisitor ReadOperator CloseBy LastActivity Service"},
		{reflect.TypeFor[engine.LiveOffer](), "Offer Operator"},
		{reflect.TypeFor[engine.Offer](), "Session ID Epoch Department Deadline Waiting"},
		{reflect.TypeFor[engine.Decline](), "Operator Until"},
		{reflect.TypeFor[engine.IntentInfo](), "Intent Cause By Device At Until Drain Reason Revoked"},
		{reflect.TypeFor[engine.Result](), "Author ClientID Kind Seq Target At Visibility Format Digest File FileBytes"},
		{reflect.TypeFor[engine.Append](), "Ref Term Entries Row Starts Redact Visitor Tell Filed Close Activity"},
		{reflect.TypeFor[engine.Filed](), "Department Owner Tags Ended Cause Verified"},
		{reflect.TypeFor[engine.Ban](), "Until Reason By At Department"},
		{reflect.TypeFor[engine.Head](), "Term Last Visitor Row Closed Results Activity Filed Identity Form"},
	} {
		var names []string
		for field := range c.of.Fields() {
			names = append(names, field.Name)
		}
		if got := strings.Join(names, " "); got != c.known {
			t.Errorf("%v has fields %q, the store knows %q", c.of, got, c.known)
		}
	}
}

func drawAttrs(t *rapid.T) *engine.AttrsFact {
	if !rapid.Bool().Draw(t, "has attributes") {
		return nil
	}
	return &engine.AttrsFact{
		Names: rapid.SliceOf(rapid.StringN(0, 5, 20)).Draw(t, "names"),
		Basis: engine.Basis(rapid.Byte().Draw(t, "basis")), Source: engine.Source(rapid.Byte().Draw(t, "source")),
	}
}

// goldens are the stored structures with every field set: bytes on disk that
// later versions must go on reading.
func goldens() map[string][]byte {
	at := time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.UTC)
	entry := &engine.Entry{
		Seq: 300, PrevAll: 299, Epoch: 7, At: at, Kind: engine.KindOfferMade, Cause: engine.CauseAuto, Visibility: engine.VisibleToOperators,
		Author: engine.Author{Kind: engine.AuthorOperator, Operator: "olga"}, ClientID: "client-1", Department: "sales", Operator: "otto",
		Offer: 298, Deadline: at.Add(20 * time.Second), Target: 290, Format: engine.FormatForm, Body: engine.BodyOf("hello"),
	}
	withFile := &engine.Entry{
		Seq: 300, At: at, Kind: engine.KindMessageNew, Format: engine.FormatFile, Body: engine.BodyOf(`{}`),
		File: &engine.Attachment{File: engine.FileID{4, 15: 5}, Bytes: 70_000, Key: engine.BodyOf("0123456789abcdef0123456789abcdef")},
	}
	id := engine.VisitorID{1, 2, 3, 15: 16}
	row := &engine.Row{
		Visitor: id, State: engine.StateOffered, Epoch: 7, Department: "sales", Started: at, FirstQueued: at.Add(time.Second),
		Priority: -2, Boost: 3 * time.Second, Weight: 1000, Owner: "olga",
		Offers: []engine.LiveOffer{{
			Operator: "otto",
			Offer:    engine.Offer{Session: engine.SessionID{9}, ID: 300, Epoch: 7, Department: "sales", Deadline: at, Waiting: at},
		}},
		Service:  engine.Service{Queued: at, Step: 1, Needs: []engine.Need{{Skill: "billing", Level: 2}}},
		Declines: []engine.Decline{{Operator: "oleg", Until: at}}, Turn: engine.TurnVisitor, PrevAll: 299, ReadVisitor: 1, ReadOperator: 2,
		CloseBy: at, LastActivity: at.Truncate(time.Minute),
	}
	attrs := &engine.Entry{
		Seq: 301, PrevAll: 299, Epoch: 7, At: at, Kind: engine.KindAttrsSet, Visibility: engine.VisibleToOperators, Author: engine.Author{Kind: engine.AuthorVisitor},
		ClientID: "client-2", Target: 288, Attrs: &engine.AttrsFact{Names: []string{"email", "plan"}, Basis: engine.BasisContract, Source: engine.SourceToken},
		Body: engine.BodyOf(`[]`),
	}
	return map[string][]byte{
		"attrs": appendEntry(nil, attrs),
		"entry": appendEntry(nil, entry), "entryfile": appendEntry(nil, withFile), "filekey": fileKey(nil, 5, engine.SessionID(id), engine.FileID{9}), "row": appendRow(nil, row),
		"header": appendHeader(nil, header{Closed: true, Last: 300, Visitor: id}),
		"header2": appendHeader(nil, header{Closed: true, Last: 300, Visitor: id, Filed: &engine.Filed{
			Department: "sales", Owner: "olga", Tags: []string{"vip", "refund"}, Ended: at, Cause: engine.CauseBanned, Verified: true,
		}}),
		"ban":     appendBan(nil, engine.Ban{Until: at.Add(time.Hour), At: at, Reason: engine.BanSpam, By: engine.Author{Kind: engine.AuthorOperator, Operator: "olga"}}),
		"profile": appendProfile(nil, profile{Activity: at}),
		"intent":  appendIntent(nil, "olga", engine.IntentInfo{Intent: engine.IntentPaused, Cause: engine.CauseManual, By: "boss", Device: "phone", At: at}),
		"intent2": appendIntent(nil, "olga", engine.IntentInfo{Intent: engine.IntentSignedOut, Cause: engine.CauseIntegration, At: at, Revoked: at.Add(time.Second)}),
		"intent3": appendIntent(nil, "olga", engine.IntentInfo{Intent: engine.IntentSignedOut, Cause: engine.CauseManual, By: "olga", At: at, Until: at.Add(time.Hour), Drain: true}),
		"ban2":    appendBan(nil, engine.Ban{Until: at.Add(48 * time.Hour), At: at, Reason: engine.BanSpam, By: engine.Author{Kind: engine.AuthorIntegration}, Department: "sales"}),
		"intent4": appendIntent(nil, "olga", engine.IntentInfo{Intent: engine.IntentPaused, Cause: engine.CauseManual, By: "olga", At: at, Reason: "lunch"}),
		"clear":   appendClear(nil, keyring.Ref{Slot: 65, Generation: 2}),
		"keys": bytes.Join([][]byte{
			recordKey(nil, 5, engine.SessionID(id), 300), scopedKey(nil, kindOpen, 5, id), ownedKey(nil, 5, id, engine.SessionID{9}), tenantKey(nil, "acme"),
		}, nil),
	}
}

func TestGolden(t *testing.T) {
	for name, got := range goldens() {
		path := filepath.Join("testdata", name+".hex")
		if *update {
			if err := os.WriteFile(path, []byte(hex.EncodeToString(got)+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if hex.EncodeToString(got) != strings.TrimSpace(string(want)) {
			t.Errorf("%s: the stored form has changed:\n got %x\nwant %s", name, got, want)
		}
	}
}

// TestDecodersRefuse every cut of every structure, and what follows it.
func TestDecodersRefuse(t *testing.T) {
	decoders := map[string]func([]byte) error{
		"attrs":     func(b []byte) error { _, err := decodeEntry(engine.SessionID{}, 1, b); return err },
		"entry":     func(b []byte) error { _, err := decodeEntry(engine.SessionID{}, 1, b); return err },
		"entryfile": func(b []byte) error { _, err := decodeEntry(engine.SessionID{}, 1, b); return err },
		"row":       func(b []byte) error { _, err := decodeRow(engine.SessionRef{}, b); return err },
		"header":    func(b []byte) error { _, err := decodeHeader(b); return err },
		"header2":   func(b []byte) error { _, err := decodeHeader(b); return err },
		"ban":       func(b []byte) error { _, err := decodeBan(b); return err },
		"ban2":      func(b []byte) error { _, err := decodeBan(b); return err },
		"profile":   func(b []byte) error { _, err := decodeProfile(b); return err },
		"intent":    func(b []byte) error { _, _, err := decodeIntent(b); return err },
		"intent2":   func(b []byte) error { _, _, err := decodeIntent(b); return err },
		"intent3":   func(b []byte) error { _, _, err := decodeIntent(b); return err },
		"intent4":   func(b []byte) error { _, _, err := decodeIntent(b); return err },
	}
	golden := goldens()
	for name, decode := range decoders {
		whole := golden[name]
		if err := decode(whole); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for cut := range whole {
			if decode(whole[:cut]) == nil {
				t.Errorf("%s cut to %d bytes: want an error", name, cut)
			}
		}
		if decode(append(bytes.Clone(whole), 0)) == nil {
			t.Errorf("%s with a byte more: want an error", name)
		}
	}
}

func FuzzDecodeEntry(f *testing.F) {
	f.Add(goldens()["entry"])
	f.Add(goldens()["entryfile"])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, plain []byte) {
		e, err := decodeEntry(engine.SessionID{}, 1, plain)
		if err != nil {
			return
		}
		again, err := decodeEntry(engine.SessionID{}, 1, appendEntry(nil, e))
		if err != nil {
			t.Fatal(err)
		}
		if err := storetest.Same(again, e); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzDecodeRow(f *testing.F) {
	f.Add(goldens()["row"])
	f.Fuzz(func(t *testing.T, plain []byte) {
		r, err := decodeRow(engine.SessionRef{}, plain)
		if err != nil {
			return
		}
		again, err := decodeRow(engine.SessionRef{}, appendRow(nil, r))
		if err != nil {
			t.Fatal(err)
		}
		if err := storetest.SameRow(again, r); err != nil {
			t.Fatal(err)
		}
	})
}

// TestRowOfVersion1 reads what the first version wrote.
func TestRowOfVersion1(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "row1.hex"))
	if err != nil {
		t.Fatal(err)
	}
	stored, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	row, err := decodeRow(engine.SessionRef{}, stored)
	if err != nil {
		t.Fatal(err)
	}
	if row.OfferedTo() != "otto" || row.Offers[0].ID != 300 || len(row.Declines) != 1 || row.ReadOperator != 2 || row.Weight != 1000 {
		t.Errorf("read %+v", row)
	}
}
