package rest

import (
	"context"
	_ "embed" // the document is served from the binary
)

//go:embed openapi.json
var openapi string

// document serves the description of this interface.
func document(context.Context, *call) (any, error) { return encoded(openapi), nil }
