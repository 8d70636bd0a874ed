package web_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestScripts runs unit/*.test.mjs: the rules of the pages' scripts (log,
// outbox, connection, session) without a browser.
func TestScripts(t *testing.T) {
	node := need(t, "node")
	sources, err := filepath.Glob("unit/*.test.mjs")
	if err != nil || len(sources) == 0 {
		t.Fatalf("unit tests: got %d files (%v)", len(sources), err)
	}
	bundles := t.TempDir()
	arguments := append([]string{"--bundle", "--platform=node", "--format=esm", "--log-level=warning", "--out-extension:.js=.mjs", "--outdir=" + bundles}, sources...)
	run(t, esbuild(arguments...))
	files, err := filepath.Glob(filepath.Join(bundles, "*.mjs"))
	if err != nil || len(files) != len(sources) {
		t.Fatalf("bundles: got %d (%v), want %d", len(files), err, len(sources))
	}
	report := run(t, exec.Command(node, append([]string{"--test", "--test-reporter=tap"}, files...)...))
	if !strings.Contains(report, "# fail 0") || strings.Contains(report, "# pass 0") {
		t.Errorf("the report does not say that tests ran and passed:\n%s", report)
	}
}

// TestBundlesAreOfTheseSources rebuilds dist and compares: what is embedded is
// what the sources say.
func TestBundlesAreOfTheseSources(t *testing.T) {
	built := t.TempDir()
	arguments := generateArguments(t)
	for i, argument := range arguments {
		if strings.HasPrefix(argument, "--outdir=") {
			arguments[i] = "--outdir=" + built
		}
	}
	run(t, esbuild(arguments...))
	for _, name := range []string{"visitor.js", "visitor.css", "console.js", "console.css"} {
		if got, want := contentOf(t, filepath.Join(built, name)), contentOf(t, filepath.Join("dist", name)); got != want {
			t.Errorf("dist/%s is not what the sources give (%d bytes, want %d): run go generate ./transport/web", name, len(want), len(got))
		}
	}
}
