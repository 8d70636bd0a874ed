package spec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.uber.org/goleak"

	"github.com/parleyhq/parley/transport/spec"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),    // fasthttp's, for the life of the process
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"), // fasthttp's, sleeps 10 s before it sees that its server has stopped
	)
}

const base = "http://parley.test" + spec.SchemaPath

// schemas are all schemas, compiled, by name.
type schemas map[string]*jsonschema.Schema

// compile reads every schema. strict makes them refuse fields that they do not
// name: the protocol lets clients ignore such fields, the server must not send
// any.
func compile(t testing.TB, strict bool) schemas {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, name := range spec.Names() {
		doc := schemaOf(t, name)
		if strict {
			closeObjects(doc)
		}
		if err := c.AddResource(base+name+".json", doc); err != nil {
			t.Fatal(err)
		}
	}
	all := schemas{}
	for _, name := range spec.Names() {
		schema, err := c.Compile(base + name + ".json")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if name != common {
			all[name] = schema
		}
	}
	return all
}

// common is the schema that describes no frame.
const common = "common"

// closeObjects forbids unnamed fields in every object whose fields are named.
// One that chooses between others names fields only to choose.
func closeObjects(node any) {
	switch node := node.(type) {
	case map[string]any:
		_, chooses := node["oneOf"]
		if _, names := node["properties"]; names && node["type"] == "object" && !chooses {
			node["additionalProperties"] = false
		}
		for _, child := range node {
			closeObjects(child)
		}
	case []any:
		for _, child := range node {
			closeObjects(child)
		}
	}
}

func schemaOf(t testing.TB, name string) map[string]any {
	t.Helper()
	text, ok := spec.Schema(name)
	if !ok {
		t.Fatalf("no schema %s", name)
	}
	return parse(t, text)
}

func parse(t testing.TB, text []byte) map[string]any {
	t.Helper()
	object, err := decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// decode reads an object; its numbers stay as they were written.
func decode(text []byte) (map[string]any, error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%w in %.300s", err, text)
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("no object: %.300s", text)
	}
	return object, nil
}

// check says what is wrong with a frame of the given name, or nil.
func (s schemas) check(name string, frame map[string]any) error {
	schema := s[name]
	if schema == nil {
		return fmt.Errorf("no schema %s", name)
	}
	if err := schema.Validate(frame); err != nil {
		text, _ := json.Marshal(frame)
		return fmt.Errorf("%s: %w\n%.600s", name, err, text)
	}
	return nil
}

// asked is the requests of one connection, by id: a result is of its request's
// operation.
type asked map[string]string

// clientFrame names a client's frame; side is visitor or operator.
func (a asked) clientFrame(side string, frame map[string]any) string {
	kind, what := word(frame, "k"), word(frame, "t")
	if kind != "req" {
		return kind + ".client." + what
	}
	op := word(frame, "op")
	if op == "auth" {
		op += "." + side
	}
	a[word(frame, "id")] = op
	return "req." + op
}

// serverFrame names a server's frame.
func (a asked) serverFrame(frame map[string]any) string {
	switch kind := word(frame, "k"); {
	case kind == "res" && frame["ok"] == true:
		return "res." + a[word(frame, "id")]
	case kind == "res":
		return "res.refused"
	case kind == "watch":
		return "watch." + word(frame, "w") + "." + word(frame, "t")
	default:
		return kind + "." + word(frame, "t")
	}
}

func word(frame map[string]any, field string) string {
	text, _ := frame[field].(string)
	return text
}

// isClient reports whether a schema is of a frame that clients send.
func isClient(name string) bool {
	return strings.HasPrefix(name, "req.") || strings.HasPrefix(name, "ctl.client.")
}

func glob(t testing.TB, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %d files, %v: the test looks in the wrong place", pattern, len(paths), err)
	}
	return paths
}
