package rest_test

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/rest"
)

func loadDocument(t *testing.T) *openapi3.T {
	t.Helper()
	text, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDocumentIsValid(t *testing.T) {
	doc := loadDocument(t)
	if !doc.IsOpenAPI31OrLater() {
		t.Errorf("version: got %s, want 3.1", doc.OpenAPI)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableSchemaPatternValidation(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
}

// TestDocumentAndRoutes: every route is described and everything described is
// a route, under the same name.
func TestDocumentAndRoutes(t *testing.T) {
	var described []string
	for path, item := range loadDocument(t).Paths.Map() {
		for method, operation := range item.Operations() {
			described = append(described, method+" "+path+" "+operation.OperationID)
		}
	}
	served := rest.Routes()
	slices.Sort(described)
	slices.Sort(served)
	if !slices.Equal(described, served) {
		t.Errorf("described:\n%s\nserved:\n%s", strings.Join(described, "\n"), strings.Join(served, "\n"))
	}
}

// TestAnswersMatchTheDocument records every answer of the table and compares
// it with what the document promises, in both directions: the schema accepts
// it, and names each of its fields.
func TestAnswersMatchTheDocument(t *testing.T) {
	doc := loadDocument(t)
	b := newBed(t, 0)
	recorded := map[string]bool{}
	for _, c := range cases {
		b.system.fail = c.fail
		got := b.ask(t, c.method, c.path, c.body, c.header...)
		operation := operationOf(doc, c.method, c.path)
		if operation == nil {
			if got.status != 404 && got.status != 405 {
				t.Errorf("%s: answered %d, but the document has no such operation", c.name, got.status)
			}
			continue
		}
		recorded[operation.OperationID] = true
		response := operation.Responses.Value(strconv.Itoa(got.status))
		if response == nil {
			t.Errorf("%s: the document does not expect status %d of %s", c.name, got.status, operation.OperationID)
			continue
		}
		media := response.Value.Content.Get(got.header.Get("Content-Type"))
		if media == nil {
			t.Errorf("%s: the document does not expect %s", c.name, got.header.Get("Content-Type"))
			continue
		}
		var value any
		if err := json.Unmarshal(got.body, &value); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if err := media.Schema.Value.VisitJSON(value, openapi3.EnableJSONSchema2020(), openapi3.EnableFormatValidation(), openapi3.MultiErrors()); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if operation.OperationID != "getDocument" {
			for _, stray := range strays(media.Schema.Value, value, "") {
				t.Errorf("%s: the document does not name %s", c.name, stray)
			}
		}
	}
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			if !recorded[operation.OperationID] {
				t.Errorf("no answer of %s was recorded", operation.OperationID)
			}
		}
	}
}

// operationOf finds the operation of a concrete path.
func operationOf(doc *openapi3.T, method, path string) *openapi3.Operation {
	path, _, _ = strings.Cut(path, "?")
	got := strings.Split(path, "/")
	for pattern, item := range doc.Paths.Map() {
		want := strings.Split(pattern, "/")
		same := len(want) == len(got)
		for i := 0; same && i < len(want); i++ {
			same = want[i] == got[i] || strings.HasPrefix(want[i], "{")
		}
		if same {
			return item.GetOperation(method)
		}
	}
	return nil
}

// strays lists fields of a value that its schema does not name.
func strays(schema *openapi3.Schema, value any, path string) []string {
	var found []string
	switch value := value.(type) {
	case map[string]any:
		for name, field := range value {
			property := schema.Properties[name]
			if property == nil {
				found = append(found, path+"/"+name)
				continue
			}
			found = append(found, strays(property.Value, field, path+"/"+name)...)
		}
	case []any:
		for _, item := range value {
			found = append(found, strays(schema.Items.Value, item, path+"[]")...)
		}
	}
	return found
}

// TestDocumentBites: an answer that breaks its schema is found.
func TestDocumentBites(t *testing.T) {
	schema := loadDocument(t).Components.Schemas["Session"].Value
	for _, text := range []string{
		`{}`,
		`{"sid":"x","state":"active","ep":1,"department":"d","head":1,"turn":"visitor","visitor":{"present":true}}`,
		`{"sid":"01JD9Z5T0000000000000000S1","state":"asleep","ep":1,"department":"d","head":1,"turn":"visitor","visitor":{"present":true}}`,
	} {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		if schema.VisitJSON(value, openapi3.EnableJSONSchema2020()) == nil {
			t.Errorf("the schema accepts %s", text)
		}
	}
	if got := strays(schema, map[string]any{"sid": "x", "name": "y"}, ""); len(got) != 1 {
		t.Errorf("strays: got %v, want /name", got)
	}
}

// TestDocumentListsTheVocabulary: the closed lists of the document are those
// of package engine.
func TestDocumentListsTheVocabulary(t *testing.T) {
	schemas := loadDocument(t).Components.Schemas
	enum := func(schema, property string) map[string]bool {
		list := map[string]bool{}
		for _, v := range schemas[schema].Value.Properties[property].Value.Enum {
			list[v.(string)] = true
		}
		return list
	}
	causes := enum("Event", "cause")
	for c := engine.CauseManual; ; c++ {
		if _, known := engine.ParseCause(c.String()); !known {
			break
		}
		if !causes[c.String()] {
			t.Errorf("the document lacks the cause %s", c)
		}
	}
	states := enum("Session", "state")
	for s := engine.StateNone; s <= engine.StateClosed; s++ {
		if !states[s.String()] {
			t.Errorf("the document lacks the state %s", s)
		}
	}
	codes := enum("Problem", "code")
	for _, c := range cases {
		if c.code != "" && !codes[c.code] {
			t.Errorf("the document lacks the code %s", c.code)
		}
	}
}
