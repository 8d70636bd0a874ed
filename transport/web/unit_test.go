package web_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestScripts runs unit/*.test.mjs: the rules of the client and of the pages'
// scripts (log, outbox, connection, session) without a browser.
func TestScripts(t *testing.T) {
	nodeTests(t, "unit/*.test.mjs")
}

// TestClientAgainstServer runs live/*.test.mjs: the client in Node.js and the
// program parley in a process of its own, with a network between them that is
// cut. PARLEY_CUTS says how often, PARLEY_SEED where.
func TestClientAgainstServer(t *testing.T) {
	if testing.Short() {
		t.Skip("a server in a process of its own is not short")
	}
	need(t, "node")
	nodeTests(t, "live/*.test.mjs", "PARLEY_BINARY="+build(t))
}

// nodeTests bundles tests and runs them in Node.js.
func nodeTests(t *testing.T, pattern string, environment ...string) {
	t.Helper()
	node := need(t, "node")
	sources, err := filepath.Glob(pattern)
	if err != nil || len(sources) == 0 {
		t.Fatalf("%s: got %d files (%v)", pattern, len(sources), err)
	}
	bundles := t.TempDir()
	arguments := append([]string{"--bundle", "--platform=node", "--format=esm", "--log-level=warning", "--out-extension:.js=.mjs", "--outdir=" + bundles}, sources...)
	run(t, esbuild(arguments...))
	files, err := filepath.Glob(filepath.Join(bundles, "*.mjs"))
	if err != nil || len(files) != len(sources) {
		t.Fatalf("bundles: got %d (%v), want %d", len(files), err, len(sources))
	}
	// Node.js 20 has WebSocket behind the flag, later ones have it anyway.
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	tests := exec.CommandContext(ctx, node, append([]string{"--experimental-websocket", "--test", "--test-reporter=tap"}, files...)...)
	tests.Env = append(os.Environ(), environment...)
	// A server is a test's child: interrupting the runner ends both.
	tests.Cancel = func() error { return tests.Process.Signal(syscall.SIGTERM) }
	tests.WaitDelay = 10 * time.Second
	report := run(t, tests)
	if !strings.Contains(report, "# fail 0") || strings.Contains(report, "# pass 0") {
		t.Errorf("the report does not say that tests ran and passed:\n%s", report)
	}
	t.Log(summary(report))
}

// summary is the lines of a report that say what was done.
func summary(report string) string {
	var lines []string
	for line := range strings.Lines(report) {
		if strings.HasPrefix(line, "# tests ") || strings.HasPrefix(line, "# pass ") || strings.Contains(line, " cuts, ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return strings.Join(lines, "; ")
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
