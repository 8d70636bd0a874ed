package spec_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/wire"
)

// TestSchemasAreSchemas: each one compiles against its dialect, and says which
// that is and what it is about.
func TestSchemasAreSchemas(t *testing.T) {
	if all := compile(t, false); len(all) < 40 {
		t.Errorf("got %d schemas: the test looks in the wrong place", len(all))
	}
	for name := range compile(t, true) {
		doc := schemaOf(t, name)
		if doc["$schema"] != "https://json-schema.org/draft/2020-12/schema" {
			t.Errorf("%s: dialect %v", name, doc["$schema"])
		}
		if word(doc, "title") == "" {
			t.Errorf("%s: no title", name)
		}
	}
}

// TestSchemasBite: frames with one thing wrong are refused.
func TestSchemasBite(t *testing.T) {
	lenient, strict := compile(t, false), compile(t, true)
	event := `{"k":"evt","t":"message.new","sid":"01JTDKRQGG000000000000001A","seq":7,"prev":6,"ep":2,"at":"2026-05-04T12:30:01.007Z","by":{"kind":"visitor"},"d":{"body":{"type":"text","text":"x"}}}`
	if err := strict.check("evt.message.new", parse(t, []byte(event))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, replacement string }{
		{`"seq":7`, `"seq":0`},
		{`"seq":7`, `"seq":7.5`},
		{`"prev":6,`, ``},
		{`12:30:01.007Z`, `12:30:01Z`},
		{`12:30:01.007Z`, `12:30:01.007+02:00`},
		{`2026-05-04`, `2026-15-04`},
		{`01JTDKRQGG000000000000001A`, `01jtdkrqgg000000000000001a`},
		{`"visitor"`, `"stranger"`},
		{`"visitor"`, `"operator"`},
		{`"visitor"`, `"visitor","id":"ada"`},
		{`"text","text":"x"`, `"image","text":"x"`},
		{`"t":"message.new"`, `"t":"message.old"`},
		{`"d":{`, `"cause":"whim","d":{`},
	} {
		frame := parse(t, []byte(strings.Replace(event, c.old, c.replacement, 1)))
		if lenient.check("evt.message.new", frame) == nil {
			t.Errorf("%s for %s: accepted", c.replacement, c.old)
		}
	}
	more := parse(t, []byte(strings.Replace(event, `"seq"`, `"later":true,"seq"`, 1)))
	if err := lenient.check("evt.message.new", more); err != nil {
		t.Errorf("a field of a later version: %v", err)
	}
	if strict.check("evt.message.new", more) == nil {
		t.Error("a field that no schema names went unnoticed")
	}
}

// TestLaterEventsMayBePaged: a page of history may hold a kind of a later
// version, but no malformed event of a known kind.
func TestLaterEventsMayBePaged(t *testing.T) {
	all := compile(t, false)
	page := func(event string) map[string]any {
		return parse(t, []byte(`{"k":"res","id":"a","ok":true,"d":{"more":false,"events":[`+event+`]}}`))
	}
	if err := all.check("res.history.get", page(`{"k":"evt","t":"message.painted","seq":3}`)); err != nil {
		t.Error(err)
	}
	if all.check("res.history.get", page(`{"k":"evt","t":"message.new","seq":3}`)) == nil {
		t.Error("half an event is accepted")
	}
}

// TestGoldenFramesMatch: the bytes that package wire is pinned to are what the
// schemas describe, field by field.
func TestGoldenFramesMatch(t *testing.T) {
	all := compile(t, true)
	for _, path := range glob(t, "../wire/testdata/*.json") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file, frame := strings.TrimSuffix(filepath.Base(path), ".json"), parse(t, text)
		if err := all.check(goldenName(file, frame), frame); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// goldenName is the schema of a golden frame: its file's name says which
// operation a result answers.
func goldenName(file string, frame map[string]any) string {
	side := "visitor"
	if strings.HasSuffix(file, ".operator") {
		side = "operator"
	}
	switch {
	case word(frame, "k") == "req" || strings.HasPrefix(file, "ctl.client."):
		return asked{}.clientFrame(side, frame)
	case strings.HasPrefix(file, "res.hello."):
		return "res.auth." + strings.Split(file, ".")[2]
	}
	words := strings.Split(file, ".")
	return asked{word(frame, "id"): strings.Join(words[1:min(3, len(words))], ".")}.serverFrame(frame)
}

// samples is a good value of each field that requests have.
func samples() map[string]any {
	const sid = "01JTDKRQGG000000000000001A"
	return map[string]any{
		"tenant": "acme", "token": "a.b.c", "anonymous": true, "device": "laptop", "intent": "paused",
		"have": []any{map[string]any{"sid": sid, "seq": 3}}, "sid": sid, "cmid": "k", "idem": "k",
		"body": map[string]any{"type": "text", "text": "hi"}, "text": "hi", "department": "sales", "ep": 2, "seq": 5,
		"target": 4, "visibility": "operators", "jwt": "a.b.c", "if_seq": 5, "before_seq": 50, "limit": 10, "offer_id": sid + ".4", "on": true,
		"lawful_basis": "consent", "set": map[string]any{"email": "a@b.example", "phone": nil, "name": ""},
		"file_id": sid, "name": "plan.pdf", "size": 70_000, "mime": "application/pdf", "sha256": strings.Repeat("0f", 32),
		"resume_token": "opaque",

		"transfer.start target": map[string]any{"skill": "billing"}, "mode": "cold", "on_unavailable": "wait", "wait_s": 60, "note": "hi", "force": true,
		"as": "observer", "hidden": true, "choice": "message", "priority": -3, "weight": 1500, "skills": []any{map[string]any{"skill": "lang:fr", "level": 3, "hard": true}},
		"tags": []any{"vip", "two words"}, "if_rev": 4, "follow_up_at": "2026-05-04T12:30:01.007Z", "score": 5, "comment": "hi",
		"until": "2026-05-04T12:30:01.007Z", "for": "ada", "drain": true, "decision_seq": 4, "operator": "eve",
		"reason": "lunch", "reason_code": "solved", "wrapup": false, "follow_up": map[string]any{"at": "2026-05-04T12:30:01.007Z"},
		"watch": []any{"queue", "board:sales"}, "topics": []any{"operators", "queue:sales"},
		"subject": "an order", "form": map[string]any{"order": "17", "kind": nil},
		"visitor": sid, "days": 7, "visitor.ban reason": "spam",
	}
}

// spoilt are values that some fields take and others do not.
func spoilt() []any {
	return []any{
		true, false, 0, 1, -1, 1.5, 101, 1 << 40, "", "x", "paused", "X Y", strings.Repeat("x", 65), strings.Repeat("x", 20_000),
		[]any{},
		[]any{1},
		[]any{map[string]any{"sid": "x", "seq": 1}},
		map[string]any{},
		map[string]any{"type": "image", "text": "x"},
		map[string]any{"type": "text", "text": ""},
		map[string]any{"type": "form_answer", "form": "f"},
		map[string]any{"type": "postback", "id": "", "value": 1},
		map[string]any{"type": "form_answer", "form": "f", "fields": []any{}},
		map[string]any{"type": "form_answer", "form": "", "fields": map[string]any{}},
		map[string]any{"type": "form_answer", "form": "f", "fields": map[string]any{"a": 1}},
		map[string]any{"type": "postback", "id": "b", "value": nil},
		map[string]any{"type": "postback", "id": "b", "value": "v"},
		map[string]any{"type": "redacted"},
		map[string]any{"type": "file"},
		map[string]any{"type": "file", "file_id": "x"},
		map[string]any{"type": "file", "file_id": "01JTDKRQGG000000000000001A"},
		"image/png", "image/PNG", "image/png; q=1", "image", strings.Repeat("0f", 32), strings.Repeat("0F", 32), strings.Repeat("x", 256),
		"abuse", "malice", 365, 366, "operators", "me", "warm", "queue", "close", "member", "2026-05-04T12:30:01.007Z", "2026-05-04", -5, 10, 11, -6, 3600, 3601,
		map[string]any{"operator": "ada"},
		map[string]any{"operator": "ada", "skill": "x"},
		map[string]any{"skill": ""},
		map[string]any{"department": "No Such"},
		[]any{"board"},
		[]any{"queue:"},
		[]any{"board:No Such"},
		[]any{"operators:sales"},
		[]any{"operators"},
		[]any{"visitors"},
		[]any{"x"},
		[]any{""},
		[]any{map[string]any{"skill": "x"}},
		[]any{map[string]any{"skill": "x", "level": 6}},
		[]any{map[string]any{"level": 1}},
		"01JTDKRQGG000000000000001A", "01jtdkrqgg000000000000001a", "81JTDKRQGG000000000000001A", "01JTDKRQGG000000000000001U", "01JTDKRQGG000000000000001A.4",
	}
}

// requests are the schemas of requests.
func requests(t *testing.T) []string {
	var names []string
	for name := range compile(t, false) {
		if strings.HasPrefix(name, "req.") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestSchemasAndDecoderAgree: what a schema of a request demands, package wire
// demands; what the schema accepts, package wire accepts.
func TestSchemasAndDecoderAgree(t *testing.T) {
	all := compile(t, false)
	for _, name := range requests(t) {
		properties := schemaOf(t, name)["properties"].(map[string]any)
		fields := properties["d"].(map[string]any)["properties"].(map[string]any)
		op := word(properties["op"].(map[string]any), "const")
		judge := func(d map[string]any) (*engine.Error, error) {
			text, err := json.Marshal(map[string]any{"k": "req", "id": "c1", "op": op, "d": d})
			if err != nil {
				t.Fatal(err)
			}
			var frame wire.Frame
			return wire.Decode(text, &frame), all.check(name, parse(t, text))
		}
		full := map[string]any{}
		for field := range fields {
			sample, known := samples()[op+" "+field] // a field may mean another thing there
			if !known {
				sample, known = samples()[field]
			}
			if !known {
				t.Fatalf("%s: no sample of the field %s", name, field)
			}
			full[field] = sample
		}
		if byWire, bySchema := judge(full); bySchema != nil || byWire != nil {
			t.Errorf("%s: with all fields: the schema says %v, package wire %v", name, bySchema, byWire)
		}
		for field := range fields {
			part := maps.Clone(full)
			delete(part, field)
			byWire, bySchema := judge(part)
			if (bySchema == nil) != (byWire == nil) && !(name == "req.auth.operator" && field == "token") { // judged where the side is known
				t.Errorf("%s without %s: the schema says %v, package wire %v", name, field, bySchema, byWire)
			}
			refused := 0
			for _, value := range spoilt() {
				part[field] = value
				byWire, bySchema := judge(part)
				if bySchema == nil && byWire != nil && field != "offer_id" { // opaque: what it holds is nobody's business but the server's
					t.Errorf("%s with %s %v: the schema accepts it, package wire says %v", name, field, value, byWire)
				}
				if bySchema != nil {
					refused++
				}
			}
			if refused == 0 {
				t.Errorf("%s: the schema takes anything for %s", name, field)
			}
		}
	}
}
