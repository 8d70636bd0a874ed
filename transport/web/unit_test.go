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

// TestBundlesAreOfTheseSources bundles again and compares: what is embedded, and
// what is published, is what the sources say.
func TestBundlesAreOfTheseSources(t *testing.T) {
	bundles := 0
	for _, arguments := range generateArguments(t) {
		built, committed := t.TempDir(), ""
		for i, argument := range arguments {
			if folder, found := strings.CutPrefix(argument, "--outdir="); found {
				arguments[i], committed = "--outdir="+built, folder
			}
		}
		run(t, esbuild(arguments...))
		files, err := filepath.Glob(filepath.Join(built, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			bundles++
			name := filepath.Join(committed, filepath.Base(file))
			if got, want := contentOf(t, file), contentOf(t, name); got != want {
				t.Errorf("%s is not what the sources give (%d bytes, want %d): run go generate ./transport/web", name, len(want), len(got))
			}
		}
	}
	if bundles != 5 {
		t.Errorf("got %d bundles, want two scripts and two styles of the pages, and the client", bundles)
	}
}
