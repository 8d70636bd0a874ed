package web_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// clientBudget is what the package @parley/client may weigh over the wire, in bytes after gzip.
const clientBudget = 14 << 10

// TestClientIsSmall bounds the script that a page loads.
func TestClientIsSmall(t *testing.T) {
	script := contentOf(t, "client/dist/index.js")
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(script)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("@parley/client: %d bytes, %d after gzip", len(script), packed.Len())
	if packed.Len() > clientBudget {
		t.Errorf("@parley/client: got %d bytes after gzip, want %d at most", packed.Len(), clientBudget)
	}
}

// TestClientIsPublishable: what npm needs is there, and nothing is needed at run time.
func TestClientIsPublishable(t *testing.T) {
	var about struct {
		Name, Version, License, Type string
		SideEffects                  *bool
		Exports                      map[string]map[string]string
		Files                        []string
		Dependencies                 map[string]string
		Scripts                      map[string]string
	}
	if err := json.Unmarshal([]byte(contentOf(t, "client/package.json")), &about); err != nil {
		t.Fatal(err)
	}
	if about.Name != "@parley/client" || about.Version == "" || about.Type != "module" || about.SideEffects == nil || *about.SideEffects {
		t.Errorf("got %+v, want a module @parley/client without side effects", about)
	}
	if len(about.Dependencies) > 0 || len(about.Scripts) > 0 {
		t.Errorf("got dependencies %v and scripts %v, want none", about.Dependencies, about.Scripts)
	}
	for _, file := range about.Exports["."] {
		if _, err := os.Stat(filepath.Join("client", file)); err != nil {
			t.Errorf("exports: %v", err)
		}
	}
	if contentOf(t, "client/LICENSE") != contentOf(t, "../../LICENSE") {
		t.Error("client/LICENSE is not the project's")
	}
}

// TestClientIsOfTheseSchemas makes the frames' types and the declarations again
// and compares: both are committed, for who has no Node.js.
func TestClientIsOfTheseSchemas(t *testing.T) {
	node := need(t, "node")
	if _, err := os.Stat("node_modules/json-schema-to-typescript"); err != nil {
		lacks(t, "transport/web/node_modules lacks the generator; run npm ci there")
	}
	made := t.TempDir()
	frames := filepath.Join(made, "frames.ts")
	run(t, exec.Command(node, "client/scripts/frames.mjs", frames))
	if contentOf(t, frames) != contentOf(t, "client/src/frames.ts") {
		t.Error("client/src/frames.ts is not what transport/spec gives: run npm run client in transport/web")
	}
	declarations := filepath.Join(made, "dist")
	run(t, exec.Command(node, "node_modules/typescript/bin/tsc", "-p", "client/tsconfig.json", "--outDir", declarations))
	got, want := listOf(t, declarations), listOf(t, "client/dist")
	if !slices.Equal(got, want) {
		t.Errorf("client/dist: got the declarations %q, want %q", want, got)
	}
	for _, name := range got {
		if contentOf(t, filepath.Join(declarations, name)) != contentOf(t, filepath.Join("client/dist", name)) {
			t.Errorf("client/dist/%s is not what the sources give: run npm run client in transport/web", name)
		}
	}
}

func listOf(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.d.ts"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: got %d declarations (%v)", folder, len(files), err)
	}
	for i, file := range files {
		files[i] = filepath.Base(file)
	}
	slices.Sort(files)
	return files
}
