package spec

import (
	"bytes"
	"embed"
	"io/fs"
	"strings"
)

//go:embed asyncapi.json files.json schemas
var files embed.FS

const (
	document  = "asyncapi.json"
	folder    = "schemas/"
	extension = ".json"
)

// Document is the AsyncAPI document. Its references to schemas are relative to
// its own address. The bytes are the caller's.
func Document() []byte {
	text, _ := read(document)
	return text
}

// Files is the OpenAPI document of how files' bytes come and go beside the sockets.
// The bytes are the caller's.
func Files() []byte {
	text, _ := read("files.json")
	return text
}

// Schema is the schema of that name, e.g. "evt.message.new"; false if there is
// none. The bytes are the caller's.
func Schema(name string) ([]byte, bool) {
	return read(folder + name + extension)
}

// Names lists the schemas in the order of their names.
func Names() []string {
	entries, _ := fs.ReadDir(files, strings.TrimSuffix(folder, "/")) // embedded: always there
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(entry.Name(), extension))
	}
	return names
}

func read(path string) ([]byte, bool) {
	text, err := files.ReadFile(path)
	return bytes.Clone(text), err == nil
}
