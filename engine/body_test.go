package engine_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/parleyhq/parley/engine"
)

const (
	canary    = "canary-7f3a"
	canaryHex = "63616e6172792d37663361"
)

// mustNotLeak fails if text holds the canary in a form that a person could read back.
func mustNotLeak(t *testing.T, how, text string) {
	t.Helper()
	numbers := strings.Trim(fmt.Sprint([]byte(canary)), "[]")
	for _, form := range []string{canary, canaryHex, strings.ToUpper(canaryHex), numbers, strings.ReplaceAll(numbers, " ", ", ")} {
		if strings.Contains(text, form) {
			t.Errorf("%s prints the body: %s", how, text)
		}
	}
}

// carriers are values that hold a body, as they are logged by accident.
func carriers() map[string]any {
	body := engine.BodyOf(canary)
	entry := &engine.Entry{Seq: 3, Kind: engine.KindMessageNew, Body: body}
	entry.Frame(engine.VisibleToAll, func(*engine.Entry, engine.Visibility) []byte { return []byte(canary) })
	return map[string]any{
		"body": body, "pointer": &body, "slice": []engine.Body{body}, "map": map[string]engine.Body{"x": body},
		"draft": engine.Draft{Body: body}, "draft pointer": &engine.Draft{Body: body}, "entry": entry,
		"entries": []*engine.Entry{entry}, "answer": engine.Answer{Entries: []*engine.Entry{entry}},
		"append": engine.Append{Entries: []*engine.Entry{entry}}, "frame": engine.Frame{Body: body}, "frame pointer": &engine.Frame{Body: body},
		"key": engine.TokenKey{Secret: body}, "tenant": &engine.Tenant{Keys: []engine.TokenKey{{Secret: body}}},
		"file": engine.File{Name: body}, "draft's file": engine.Draft{File: &engine.File{Name: body}}, "attachment": engine.Attachment{Key: body},
		"entry's file": &engine.Entry{File: &engine.Attachment{Key: body}},
		"any":          any(body), "struct of any": struct{ X any }{body},
	}
}

func TestBodyNeverPrints(t *testing.T) {
	for name, value := range carriers() {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%o", "%b", "%c", "%U", "%t", "%e", "%p", "%w", "%y", "" /* an argument too many */, "%10.3s", "%-+#08x"} {
			mustNotLeak(t, name+" "+verb, fmt.Sprintf(verb, value))
			mustNotLeak(t, name+" error "+verb, fmt.Errorf("wrapped: "+verb, value).Error())
		}
		mustNotLeak(t, name+" print", fmt.Sprint(value)+fmt.Sprintln(value))
		if text, err := json.Marshal(value); err == nil {
			mustNotLeak(t, name+" json", string(text))
		}
		if text, err := xml.Marshal(value); err == nil {
			mustNotLeak(t, name+" xml", string(text))
		}
		var out bytes.Buffer
		for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(handler).Error("failed", "value", value, slog.Group("group", "value", value))
		}
		mustNotLeak(t, name+" slog", out.String())
		out.Reset()
		if err := template.Must(template.New("").Parse("{{.}}")).Execute(&out, value); err == nil {
			mustNotLeak(t, name+" template", out.String())
		}
	}
}

// TestHiddenBodyNeverPrints: fmt calls no methods on unexported fields, so there
// the box alone must hold, in every verb, right or wrong for a pointer.
func TestHiddenBodyNeverPrints(t *testing.T) {
	type hidden struct {
		body  engine.Body
		draft *engine.Draft
	}
	value := hidden{engine.BodyOf(canary), &engine.Draft{Body: engine.BodyOf(canary)}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%p", "%d", "%x", "%X", "%o", "%b", "%s", "%q", "%c", "%U", "%t", "%e"} {
		mustNotLeak(t, verb, fmt.Sprintf(verb, value))
		mustNotLeak(t, "pointer "+verb, fmt.Sprintf(verb, &value))
	}
	var out bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Error("failed", "value", value, "pointer", &value)
	}
	mustNotLeak(t, "slog", out.String())
}

// TestCanaryIsFound: the search above can find a leak.
func TestCanaryIsFound(t *testing.T) {
	for _, verb := range []string{"%s", "%x", "%X", "%d", "%v"} {
		inner := &testing.T{}
		mustNotLeak(inner, verb, fmt.Sprintf(verb, engine.BodyOf(canary).Reveal()))
		if !inner.Failed() {
			t.Errorf("%s of the bytes was not noticed", verb)
		}
	}
}

// TestPanicNeverPrints dies with a body in hand, in a process of its own.
func TestPanicNeverPrints(t *testing.T) {
	if name := os.Getenv("PARLEY_TEST_PANIC"); name != "" {
		panic(carriers()[name])
	}
	for _, name := range []string{"body", "pointer", "draft", "entry", "frame", "struct of any"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestPanicNeverPrints$")
		cmd.Env = append(os.Environ(), "PARLEY_TEST_PANIC="+name)
		out, err := cmd.CombinedOutput()
		if err == nil || !bytes.Contains(out, []byte("panic:")) {
			t.Errorf("%s: did not panic: %v %s", name, err, out)
		}
		mustNotLeak(t, name+" panic", string(out))
	}
}

func TestBody(t *testing.T) {
	body := engine.BodyOf(canary)
	if string(body.Reveal()) != canary || body.Len() != len(canary) || body.String() != "body(11 bytes)" {
		t.Errorf("got %q, %d, %s", body.Reveal(), body.Len(), body)
	}
	if text, err := json.Marshal(map[string]any{"b": body}); err != nil || string(text) != `{"b":"body(11 bytes)"}` {
		t.Errorf("json: %s, %v", text, err)
	}
	for _, empty := range []engine.Body{{}, engine.BodyOf(""), engine.NewBody(nil), engine.NewBody([]byte{})} {
		if empty != (engine.Body{}) || empty.Reveal() != nil || empty.Len() != 0 || empty.String() != "body(0 bytes)" {
			t.Errorf("empty: got %v, %d", empty.Reveal(), empty.Len())
		}
	}
	if engine.BodyOf("a").Digest() == engine.BodyOf("b").Digest() || engine.BodyOf("a").Digest() != engine.NewBody([]byte("a")).Digest() {
		t.Error("the digest does not tell texts apart")
	}
	if got := engine.BodyOf("foobar").Digest(); got != 0x85944171f73967e8 { // FNV-1a's published test vector
		t.Errorf("FNV-1a of foobar: got %#x", got)
	}
}

func TestErrorKinds(t *testing.T) {
	at := engine.ErrClosed.At(7)
	wrapped := fmt.Errorf("post: %w", at)
	if !errors.Is(wrapped, engine.ErrClosed) || !errors.Is(at, engine.ErrClosed) || errors.Is(wrapped, engine.ErrErased) {
		t.Error("kinds are not compared by code")
	}
	var kind *engine.Error
	if !errors.As(wrapped, &kind) || kind.Seq != 7 || engine.ErrClosed.Seq != 0 {
		t.Errorf("got %+v; the shared kind must not change: %+v", kind, engine.ErrClosed)
	}
	if e := engine.ErrStaleEpoch.InEpoch(3); e.Epoch != 3 || engine.ErrStaleEpoch.Epoch != 0 {
		t.Errorf("in epoch: %+v", e)
	}
	if e := engine.ErrBadRequest.In("a", "b"); len(e.Fields) != 2 || engine.ErrBadRequest.Fields != nil {
		t.Errorf("in fields: %+v", e)
	}
	if e := engine.ErrBusy.After(3 * time.Second); e.Retry != 3*time.Second || engine.ErrBusy.Retry == e.Retry {
		t.Errorf("after: %+v", e)
	}
	if e := engine.ErrForbidden.Because("no role"); e.Error() != "forbidden: no role" || !errors.Is(e, engine.ErrForbidden) {
		t.Errorf("because: %v", e)
	}
	if e := (&engine.Error{Code: "x"}); e.Error() != "x" {
		t.Errorf("without a message: %v", e)
	}
}
