package spec_test

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/parleyhq/parley/transport/spec"
	"github.com/parleyhq/parley/transport/wire"
)

// TestFilesDocument: it is valid and describes the one path there is.
func TestFilesDocument(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(spec.Files())
	must(t, err)
	must(t, doc.Validate(t.Context(), openapi3.EnableSchemaPatternValidation()))
	item := doc.Paths.Value(wire.FilePath + "{file_id}")
	if doc.Paths.Len() != 1 || item == nil || item.Put == nil || item.Get == nil || len(item.Operations()) != 2 {
		t.Errorf("got the paths %v", doc.Paths.Keys())
	}
}
