package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/parleyhq/parley/engine"
)

func TestRefusedFrames(t *testing.T) {
	sid := session.String()
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	for _, tt := range []struct {
		name, data string
		want       *engine.Error
		request    string
		fields     []string
	}{
		{"nothing", ``, engine.ErrBadFrame, "", nil},
		{"no object", `[1]`, engine.ErrBadFrame, "", nil},
		{"cut off", `{"k":"req","id":"c1"`, engine.ErrBadFrame, "c1", nil},
		{"two objects", `{"k":"req","id":"c1"} {}`, engine.ErrBadFrame, "c1", nil},
		{"no k", `{"id":"c1","op":"auth"}`, engine.ErrBadFrame, "", nil},
		{"k of a server's", `{"k":"evt","id":"c1"}`, engine.ErrBadFrame, "", nil},
		{"k in the wrong case", `{"K":"req","id":"c1"}`, engine.ErrBadFrame, "", nil},
		{"no id", `{"k":"req","op":"auth"}`, engine.ErrBadFrame, "", nil},
		{"empty id", `{"k":"req","id":"","op":"auth"}`, engine.ErrBadFrame, "", nil},
		{"id no text", `{"k":"req","id":7,"op":"auth"}`, engine.ErrBadFrame, "", nil},
		{"id of 65 bytes", `{"k":"req","id":"` + strings.Repeat("x", 65) + `"}`, engine.ErrBadFrame, "", nil},
		{"raw newline in text", "{\"k\":\"req\",\"id\":\"a\nb\"}", engine.ErrBadFrame, "", nil},
		{"too deep", `{"k":"req","id":"c1","op":"auth","d":` + deep + `}`, engine.ErrBadFrame, "c1", nil},
		{"ctl without t", `{"k":"ctl"}`, engine.ErrBadFrame, "", nil},
		{"unknown op", `{"k":"req","id":"c1","op":"launch","d":{}}`, engine.ErrUnknownOp, "c1", nil},
		{"no op", `{"k":"req","id":"c1","d":{}}`, engine.ErrUnknownOp, "c1", nil},
		{"no d", `{"k":"req","id":"c1","op":"message.send"}`, engine.ErrBadRequest, "c1", []string{"sid", "cmid", "body"}},
		{"d no object", `{"k":"req","id":"c1","op":"read.mark","d":5}`, engine.ErrBadRequest, "c1", []string{"sid", "seq"}},
		{"null is absent", `{"k":"req","id":"c1","op":"read.mark","d":{"sid":null,"seq":1}}`, engine.ErrBadRequest, "c1", []string{"sid"}},
		{"sid malformed", `{"k":"req","id":"c1","op":"read.mark","d":{"sid":"x","seq":1}}`, engine.ErrBadRequest, "c1", []string{"sid"}},
		{"sid zero", `{"k":"req","id":"c1","op":"read.mark","d":{"sid":"` + strings.Repeat("0", 26) + `","seq":1}}`, engine.ErrBadRequest, "c1", []string{"sid"}},
		{"seq negative", `{"k":"req","id":"c1","op":"read.mark","d":{"sid":"` + sid + `","seq":-1}}`, engine.ErrBadRequest, "c1", []string{"seq"}},
		{"seq a fraction", `{"k":"req","id":"c1","op":"read.mark","d":{"sid":"` + sid + `","seq":1.5}}`, engine.ErrBadRequest, "c1", []string{"seq"}},
		{"seq beyond 2^53", `{"k":"req","id":"c1","op":"read.mark","d":{"sid":"` + sid + `","seq":9007199254740992}}`, engine.ErrBadRequest, "c1", []string{"seq"}},
		{"limit 0", `{"k":"req","id":"c1","op":"history.get","d":{"sid":"` + sid + `","limit":0}}`, engine.ErrBadRequest, "c1", []string{"limit"}},
		{"limit 101", `{"k":"req","id":"c1","op":"history.get","d":{"sid":"` + sid + `","limit":101}}`, engine.ErrBadRequest, "c1", []string{"limit"}},
		{"empty text", `{"k":"req","id":"c1","op":"message.send","d":{"sid":"` + sid + `","cmid":"k","body":{"type":"text","text":""}}}`, engine.ErrBadRequest, "c1", []string{"body"}},
		{"body of another type", `{"k":"req","id":"c1","op":"message.send","d":{"sid":"` + sid + `","cmid":"k","body":{"type":"file","text":"x"}}}`, engine.ErrBadRequest, "c1", []string{"body"}},
		{"body no object", `{"k":"req","id":"c1","op":"message.send","d":{"sid":"` + sid + `","cmid":"k","body":"x"}}`, engine.ErrBadRequest, "c1", []string{"body"}},
		{"idem instead of cmid", `{"k":"req","id":"c1","op":"message.send","d":{"sid":"` + sid + `","idem":"k","body":{"type":"text","text":"x"}}}`, engine.ErrBadRequest, "c1", []string{"cmid"}},
		{"cmid of 65 bytes", `{"k":"req","id":"c1","op":"message.send","d":{"sid":"` + sid + `","cmid":"` + strings.Repeat("x", 65) + `","body":{"type":"text","text":"x"}}}`, engine.ErrBadRequest, "c1", []string{"cmid"}},
		{"start without idem", `{"k":"req","id":"c1","op":"session.start","d":{}}`, engine.ErrBadRequest, "c1", []string{"idem"}},
		{"department malformed", `{"k":"req","id":"c1","op":"session.start","d":{"idem":"k","department":"No Such"}}`, engine.ErrBadRequest, "c1", []string{"department"}},
		{"offer malformed", `{"k":"req","id":"c1","op":"offer.accept","d":{"offer_id":"7","ep":1}}`, engine.ErrBadRequest, "c1", []string{"offer_id"}},
		{"offer with a zero", `{"k":"req","id":"c1","op":"offer.accept","d":{"offer_id":"` + sid + `.07","ep":1}}`, engine.ErrBadRequest, "c1", []string{"offer_id"}},
		{"offer without ep", `{"k":"req","id":"c1","op":"offer.accept","d":{"offer_id":"` + sid + `.7"}}`, engine.ErrBadRequest, "c1", []string{"ep"}},
		{"intent unknown", `{"k":"req","id":"c1","op":"intent.set","d":{"intent":"napping"}}`, engine.ErrBadRequest, "c1", []string{"intent"}},
		{"on no boolean", `{"k":"req","id":"c1","op":"away.set","d":{"on":"yes"}}`, engine.ErrBadRequest, "c1", []string{"on"}},
		{"auth without tenant", `{"k":"req","id":"c1","op":"auth","d":{"anonymous":true}}`, engine.ErrBadRequest, "c1", []string{"tenant"}},
		{"have malformed", `{"k":"req","id":"c1","op":"auth","d":{"tenant":"t","have":[{"sid":"` + sid + `"}]}}`, engine.ErrBadRequest, "c1", []string{"have"}},
		{"a note for whom", `{"k":"req","id":"c1","op":"message.send","d":{"sid":"` + sid + `","cmid":"k","visibility":"me","body":{"type":"text","text":"x"}}}`, engine.ErrBadRequest, "c1", []string{"visibility"}},
		{"a body that was removed", `{"k":"req","id":"c1","op":"message.send","d":{"sid":"` + sid + `","cmid":"k","body":{"type":"redacted"}}}`, engine.ErrBadRequest, "c1", []string{"body"}},
		{"a form without its name", `{"k":"req","id":"c1","op":"message.send","d":{"sid":"` + sid + `","cmid":"k","body":{"type":"form_answer","fields":{}}}}`, engine.ErrBadRequest, "c1", []string{"body"}},
		{"a form whose fields are a list", `{"k":"req","id":"c1","op":"message.send","d":{"sid":"` + sid + `","cmid":"k","body":{"type":"form_answer","form":"f","fields":[]}}}`, engine.ErrBadRequest, "c1", []string{"body"}},
		{"a button without a value", `{"k":"req","id":"c1","op":"message.send","d":{"sid":"` + sid + `","cmid":"k","body":{"type":"postback","id":"b","value":null}}}`, engine.ErrBadRequest, "c1", []string{"body"}},
		{"a button's long name", `{"k":"req","id":"c1","op":"message.send","d":{"sid":"` + sid + `","cmid":"k","body":{"type":"postback","id":"` + strings.Repeat("x", 65) + `","value":1}}}`, engine.ErrBadRequest, "c1", []string{"body"}},
		{"edit nothing", `{"k":"req","id":"c1","op":"message.edit","d":{"sid":"` + sid + `"}}`, engine.ErrBadRequest, "c1", []string{"idem", "body", "target"}},
		{"edit with a cmid", `{"k":"req","id":"c1","op":"message.edit","d":{"sid":"` + sid + `","target":4,"cmid":"k","body":{"type":"text","text":"x"}}}`, engine.ErrBadRequest, "c1", []string{"idem"}},
		{"redact nothing", `{"k":"req","id":"c1","op":"message.redact","d":{"sid":"` + sid + `","target":0,"idem":"k"}}`, engine.ErrBadRequest, "c1", []string{"target"}},
		{"peek nowhere", `{"k":"ctl","t":"peek","d":{"text":"x"}}`, engine.ErrBadRequest, "", []string{"sid"}},
		{"peek at nothing", `{"k":"ctl","t":"peek","d":{"sid":"` + sid + `","text":7}}`, engine.ErrBadRequest, "", []string{"text"}},
		{"typing nowhere", `{"k":"ctl","t":"typing","d":{"on":true}}`, engine.ErrBadRequest, "", []string{"sid"}},
		{"wrong twice, right last", `{"k":"req","id":"c1","op":"read.mark","d":{"sid":"` + sid + `","seq":1,"seq":"x"}}`, engine.ErrBadRequest, "c1", []string{"seq"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var frame Frame
			err := Decode([]byte(tt.data), &frame)
			if !errors.Is(err, tt.want) {
				t.Fatalf("error: got %v, want %v", err, tt.want)
			}
			if frame.Request != tt.request {
				t.Errorf("request: got %q, want %q", frame.Request, tt.request)
			}
			if !slices.Equal(err.Fields, tt.fields) {
				t.Errorf("fields: got %v, want %v", err.Fields, tt.fields)
			}
		})
	}
}

func TestAcceptedFrames(t *testing.T) {
	sid := session.String()
	for _, tt := range []struct {
		name, data string
		want       Frame
	}{
		{
			"members in any order, unknown ones ignored", `{"d":{"x":[{"y":1e5}],"seq":5,"sid":"` + sid + `"},"new":true,"op":"read.mark","id":"c1","k":"req"}`,
			Frame{Kind: FrameRequest, Request: "c1", Draft: engine.Draft{Op: engine.OpRead, Request: "c1", Session: session, Seq: 5}},
		},
		{
			"fields of other operations are unknown ones", `{"k":"req","id":"c1","op":"offer.accept","d":{"offer_id":"` + sid + `.7","ep":2,"sid":"` + other.String() + `","text":"x","cmid":"y","body":7}}`,
			Frame{Kind: FrameRequest, Request: "c1", Draft: engine.Draft{Op: engine.OpAccept, Request: "c1", Session: session, Offer: 7, Epoch: 2}},
		},
		{
			"escapes", `{"\u006b":"req","id":"\u0063\/1","op":"session.start","d":{"idem":"a\"b","text":"\ud83d\ude42\ud83d \\ \b\f\n\r\t é"}}`,
			Frame{Kind: FrameRequest, Request: "c/1", Draft: engine.Draft{Op: engine.OpStart, Request: "c/1", ClientID: `a"b`, Body: engine.BodyOf("🙂\uFFFD \\ \b\f\n\r\t é")}},
		},
		{"space everywhere", " {\n\"k\" : \"ctl\" ,\t\"t\":\r\"pong\" } ", Frame{Kind: FrameAlive}},
		{"ack", `{"k":"ctl","t":"ack","d":{"n":7}}`, Frame{Kind: FrameAlive, Counted: true, Count: 7}},
		{"ack of none", `{"k":"ctl","t":"ack","d":{"n":0}}`, Frame{Kind: FrameAlive, Counted: true}},
		{"pong that counts", `{"k":"ctl","t":"pong","d":{"n":9007199254740991}}`, Frame{Kind: FrameAlive, Counted: true, Count: 9007199254740991}},
		{"pong that does not", `{"k":"ctl","t":"pong","d":{"n":null}}`, Frame{Kind: FrameAlive}},
		{"bye that counts", `{"k":"ctl","t":"bye","d":{"n":3}}`, Frame{Kind: FrameBye, Counted: true, Count: 3}},
		{"bye", `{"k":"ctl","t":"bye"}`, Frame{Kind: FrameBye}},
		{"a control of the future", `{"k":"ctl","t":"hum","d":{}}`, Frame{Kind: FrameUnknown}},
		{"typing", `{"k":"ctl","t":"typing","d":{"sid":"` + sid + `","on":false}}`, Frame{Kind: FrameTyping, Session: session}},
		{"peek", `{"k":"ctl","t":"peek","d":{"sid":"` + sid + `","text":"I w"}}`, Frame{Kind: FramePeek, Session: session, Body: engine.BodyOf("I w")}},
		{"peek at what was cleared", `{"k":"ctl","t":"peek","d":{"sid":"` + sid + `","text":""}}`, Frame{Kind: FramePeek, Session: session}},
		{
			"a form, its members in any order", `{"k":"req","id":"c1","op":"message.send","d":{"target":9,"visibility":"all","sid":"` + sid + `","cmid":"k","body":{"fields":{"a": [1]},"x":0,"form":"\u0066","type":"form_answer"}}}`,
			Frame{Kind: FrameRequest, Request: "c1", Draft: engine.Draft{Op: engine.OpMessage, Request: "c1", Session: session, ClientID: "k", Format: engine.FormatForm, Body: engine.BodyOf(`{"form":"f","fields":{"a": [1]}}`)}},
		},
		{
			"redact, whatever else is said", `{"k":"req","id":"c1","op":"message.redact","d":{"sid":"` + sid + `","target":4,"idem":"k","visibility":"operators","body":{"type":"postback","id":"b","value":1}}}`,
			Frame{Kind: FrameRequest, Request: "c1", Draft: engine.Draft{Op: engine.OpRedact, Request: "c1", Session: session, ClientID: "k", Target: 4}},
		},
		{
			"auth", `{"k":"req","id":"c1","op":"auth","d":{"tenant":"acme","token":"t","device":"d","intent":"paused","have":[{"sid":"` + sid + `","seq":3}],"locale":"de"}}`,
			Frame{Kind: FrameAuth, Request: "c1", Auth: &Auth{Tenant: "acme", Token: "t", Device: "d", Intent: engine.IntentPaused, Have: []engine.Have{{Session: session, Seq: 3}}}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var frame Frame
			if err := Decode([]byte(tt.data), &frame); err != nil {
				t.Fatalf("got %v %v", err, err.Fields)
			}
			if !reflect.DeepEqual(frame, tt.want) {
				t.Errorf("got %+v, want %+v", frame, tt.want)
			}
		})
	}
}

// A frame's bytes are a borrowed buffer: nothing decoded may point into it.
func TestDecodedFramesOwnTheirBytes(t *testing.T) {
	data := []byte(`{"k":"req","id":"c1","op":"message.send","d":{"sid":"` + session.String() + `","cmid":"key","body":{"type":"text","text":"words"}}}`)
	var frame Frame
	if err := Decode(data, &frame); err != nil {
		t.Fatal(err)
	}
	clear(data)
	if d := frame.Draft; d.Request != "c1" || d.ClientID != "key" || string(d.Body.Reveal()) != "words" {
		t.Errorf("got %q %q %q", d.Request, d.ClientID, d.Body.Reveal())
	}
}

func TestDraftsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.Custom(func(t *rapid.T) (id engine.SessionID) {
			copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
			id[15] |= 1
			return id
		})
		number := rapid.Uint64Range(1, 1<<53-1)
		key := rapid.StringMatching(`[ -~é]{1,30}`)
		text := engine.BodyOf(rapid.StringN(1, 50, -1).Draw(t, "text"))
		d := engine.Draft{Op: engine.Op(rapid.IntRange(1, int(engine.OpRedact)).Draw(t, "op")), Request: key.Draw(t, "request")}
		switch d.Op {
		case engine.OpStart:
			d.ClientID, d.Body, d.Department = key.Draw(t, "key"), text, "sales"
		case engine.OpMessage:
			d.ClientID, d.Body, d.Session, d.IfSeq = key.Draw(t, "key"), text, id.Draw(t, "sid"), engine.Seq(number.Draw(t, "if"))
			if rapid.Bool().Draw(t, "note") {
				d.Visibility = engine.VisibleToOperators
			}
			d.Format, d.Body = typed(t, text)
		case engine.OpEdit:
			d.ClientID, d.Session, d.Target = key.Draw(t, "key"), id.Draw(t, "sid"), engine.Seq(number.Draw(t, "target"))
			d.Format, d.Body = typed(t, text)
		case engine.OpRedact:
			d.ClientID, d.Session, d.Target = key.Draw(t, "key"), id.Draw(t, "sid"), engine.Seq(number.Draw(t, "target"))
		case engine.OpRead:
			d.Session, d.Seq = id.Draw(t, "sid"), engine.Seq(number.Draw(t, "seq"))
		case engine.OpHistory:
			d.Session, d.Before, d.Limit = id.Draw(t, "sid"), engine.Seq(number.Draw(t, "before")), rapid.IntRange(1, 100).Draw(t, "limit")
		case engine.OpClose:
			d.ClientID, d.Session, d.Epoch = key.Draw(t, "key"), id.Draw(t, "sid"), engine.Epoch(number.Draw(t, "ep"))
		case engine.OpAccept, engine.OpReject:
			d.Session, d.Offer, d.Epoch = id.Draw(t, "sid"), engine.Seq(number.Draw(t, "offer")), engine.Epoch(number.Draw(t, "ep"))
		case engine.OpIntent:
			d.Intent = engine.Intent(rapid.IntRange(1, 3).Draw(t, "intent"))
		case engine.OpAway:
			d.On = rapid.Bool().Draw(t, "on")
		}
		var frame Frame
		if err := Decode(AppendDraft(nil, &d), &frame); err != nil {
			t.Fatalf("got %v %v", err, err.Fields)
		}
		if !reflect.DeepEqual(frame.Draft, d) {
			t.Fatalf("got %+v, want %+v", frame.Draft, d)
		}
	})
}

// typed is a body of any type, as the decoder writes it.
func typed(t *rapid.T, text engine.Body) (engine.Format, engine.Body) {
	name := appendString(nil, rapid.StringMatching(`[ -~é]{1,30}`).Draw(t, "name"))
	value := rapid.SampledFrom([]string{`{}`, `{"a":{"b":[1,2.5e3,null,"\u00e9"]}}`, `{ "x" : true }`}).Draw(t, "value")
	switch rapid.IntRange(0, 2).Draw(t, "format") {
	case 1:
		return engine.FormatForm, engine.BodyOf(`{"form":` + string(name) + `,"fields":` + value + `}`)
	case 2:
		return engine.FormatPostback, engine.BodyOf(`{"id":` + string(name) + `,"value":` + value + `}`)
	default:
		return engine.FormatText, text
	}
}

// Whatever object a host hands over, the frame is JSON and says what it is.
func TestBodiesAreFramed(t *testing.T) {
	for _, object := range []string{`{}`, ` { } `, "\n{\"a\":1}\t", `{"type":"text","text":"x"}`, ``, `null`} {
		e := entry(engine.KindMessageNew, func(e *engine.Entry) { e.Format, e.Body = engine.FormatForm, engine.BodyOf(object) })
		text := EncodeEntry(e, engine.VisibleToAll)
		if !json.Valid(text) || !strings.Contains(string(text), `"body":{"type":"form_answer"`) {
			t.Errorf("%q: got %s", object, text)
		}
	}
}

// halves are texts with half a surrogate pair in them, and what they become.
func halves() [][2]string {
	return [][2]string{
		{`\ud800`, `\ufffd`},
		{`\uDFFF`, `\ufffd`},
		{`a\ud83db`, `a\ufffdb`},
		{`\ud83d\ud83d\ude00`, `\ufffd\ud83d\ude00`},
		{`\ude00\ud83d`, `\ufffd\ufffd`},
		{`\ud800\n`, `\ufffd\n`},
		{`\ud800\\u0041`, `\ufffd\\u0041`},
		{`\ud83d\ude00`, `\ud83d\ude00`},
		{`\\ud800`, `\\ud800`}, // no half: a pair, and a backslash before letters
	}
}

// halved are frames with such a text in every place that takes one.
func halved(text string) []string {
	const sid = `"sid":"01JTDKRQGG000000000000001A"`
	return []string{
		`{"k":"req","id":"r","op":"session.start","d":{"idem":"k","text":"` + text + `"}}`,
		`{"k":"req","id":"r","op":"message.send","d":{` + sid + `,"cmid":"c","body":{"type":"text","text":"` + text + `"}}}`,
		`{"k":"req","id":"r","op":"message.send","d":{` + sid + `,"cmid":"c","body":{"type":"form_answer","form":"f","fields":{"` + text + `":["` + text + `"]}}}}`,
		`{"k":"req","id":"r","op":"message.send","d":{` + sid + `,"cmid":"c","body":{"type":"postback","id":"` + text + `","value":"` + text + `"}}}`,
		`{"k":"req","id":"r","op":"message.send","d":{` + sid + `,"cmid":"c","visibility":"operators","body":{"type":"text","text":"` + text + `"}}}`,
		`{"k":"req","id":"r","op":"client.identify","d":{` + sid + `,"idem":"k","lawful_basis":"consent","set":{"name":"` + text + `"}}}`,
	}
}

// Half a surrogate pair is U+FFFD wherever it is written, also in what is passed on
// as it is: no two readers may read two texts.
func TestHalvesOfPairs(t *testing.T) {
	for _, half := range halves() {
		want := halved(half[1])
		for i, data := range halved(half[0]) {
			var got, mended Frame
			if err := Decode([]byte(data), &got); err != nil {
				t.Fatalf("%s: %v %v", data, err, err.Fields)
			}
			if err := Decode([]byte(want[i]), &mended); err != nil {
				t.Fatalf("%s: %v %v", want[i], err, err.Fields)
			}
			if a, b := AppendDraft(nil, &got.Draft), AppendDraft(nil, &mended.Draft); !bytes.Equal(a, b) {
				t.Errorf("%s:\ngot  %s\nwant %s", data, a, b)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, data := range seeds(f) {
		f.Add(data)
	}
	for _, half := range halves() {
		for _, data := range halved(half[0]) {
			f.Add([]byte(data))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var frame Frame
		err := Decode(data, &frame)
		if err == nil && !json.Valid(data) {
			t.Fatalf("took what is no JSON: %q", data)
		}
		if err != nil && err.Code == engine.ErrBadFrame.Code && frame.Kind != FrameNone {
			t.Fatalf("a bad frame has a kind: %+v", frame)
		}
		if err == nil && frame.Kind == FrameRequest && (frame.Request == "" || len(frame.Request) > engine.MaxRequestID || len(frame.Draft.ClientID) > engine.MaxClientID) {
			t.Fatalf("out of bounds: %+v", frame)
		}
		// Whatever was taken can be said again.
		if err == nil && frame.Kind == FrameRequest {
			var again Frame
			said := AppendDraft(nil, &frame.Draft)
			if err := Decode(said, &again); err != nil {
				t.Fatalf("%+v: %v %v", frame.Draft, err, err.Fields)
			}
			whole := bytes.Clone(said)
			if mend(whole); !bytes.Equal(said, whole) {
				t.Fatalf("half a pair went through: %q", said)
			}
		}
	})
}

// The scanner takes exactly what is JSON, up to its bound on depth.
func FuzzScanner(f *testing.F) {
	for _, data := range seeds(f) {
		f.Add(data)
	}
	for _, text := range []string{`-0.5e+7`, `01`, `"\u00e9"`, `[1,]`, `{"a":}`, `tru`, `"\x"`, `1.`, `[]]`, ` null `} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := scanner{data: data}
		got := s.skip(0) && s.atEnd()
		if want := json.Valid(data); got != want && strings.Count(string(data), "[")+strings.Count(string(data), "{") <= maxDepth {
			t.Fatalf("%q: got %v, want %v", data, got, want)
		}
	})
}

func seeds(f *testing.F) (all [][]byte) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, data)
	}
	return all
}

func BenchmarkDecodeMessage(b *testing.B) {
	data := AppendDraft(nil, &engine.Draft{Op: engine.OpMessage, Request: "c17", ClientID: "0196-1a2b3c", Session: session, Body: engine.BodyOf(strings.Repeat("hello ", 20))})
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	var frame Frame
	for b.Loop() {
		if err := Decode(data, &frame); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecodeMessageStd is the same by encoding/json, for comparison.
func BenchmarkDecodeMessageStd(b *testing.B) {
	data := AppendDraft(nil, &engine.Draft{Op: engine.OpMessage, Request: "c17", ClientID: "0196-1a2b3c", Session: session, Body: engine.BodyOf(strings.Repeat("hello ", 20))})
	b.ReportAllocs()
	for b.Loop() {
		var frame struct {
			K, ID, Op string
			D         struct {
				Sid, Cmid string
				Body      struct{ Type, Text string }
			}
		}
		if err := json.Unmarshal(data, &frame); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeEntry(b *testing.B) {
	e := entry(engine.KindMessageNew, func(e *engine.Entry) {
		e.Author, e.ClientID, e.Body = ada, "0196-1a2b3c", engine.BodyOf(strings.Repeat("hello ", 20))
	})
	dst := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendEntry(dst[:0], e, engine.VisibleToAll)
	}
}
