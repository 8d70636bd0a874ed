package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestBrowser runs the stories of e2e in Chromium against a real server: the
// program itself, as `parley demo --json` starts it.
//
// It is skipped without Chromium, Node.js or node_modules, unless
// PARLEY_TEST_REQUIRE says browser. PARLEY_E2E_SHOTS names a folder for pictures.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser is not short")
	}
	chromium := chromiumPath()
	if _, err := os.Stat(chromium); err != nil {
		lacks(t, chromium+" is not installed")
	}
	node := need(t, "node")
	if _, err := os.Stat("node_modules/playwright-core"); err != nil {
		lacks(t, "transport/web/node_modules is missing; run npm ci there")
	}
	binary := build(t)
	ready := startDemo(t, binary)

	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	stories := exec.CommandContext(ctx, node, "e2e/run.mjs")
	stories.Env = append(os.Environ(), "PARLEY_E2E="+ready, "PARLEY_CHROMIUM="+chromium, "PARLEY_BINARY="+binary)
	// Chromium is the story runner's child: interrupting the runner closes it.
	stories.Cancel = func() error { return stories.Process.Signal(syscall.SIGTERM) }
	stories.WaitDelay = 10 * time.Second
	report, err := stories.CombinedOutput()
	if err != nil {
		t.Fatalf("stories: %v\n%s", err, report)
	}
	for _, story := range []string{"conversation", "reconnect", "history", "access", "verified", "line", "handing", "ending", "supervise", "asking"} {
		if !strings.Contains(string(report), "ok   "+story) {
			t.Errorf("story %s: no ok in the report", story)
		}
	}
	t.Logf("\n%s", report)
}

func chromiumPath() string {
	if path := os.Getenv("PARLEY_CHROMIUM"); path != "" {
		return path
	}
	return "/usr/bin/chromium"
}

// build makes the program parley, and answers where it is.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "parley")
	run(t, exec.Command("go", "build", "-o", binary, "../../cmd/parley"))
	return binary
}

// startDemo starts a demo and answers the line that says where the pages are. The demo is stopped, and must stop cleanly, when the test ends.
func startDemo(t *testing.T, binary string) string {
	t.Helper()
	demo := exec.Command(binary, "demo", "--json")
	var complaints strings.Builder
	demo.Stderr = &complaints
	output, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1)
	drained := make(chan struct{})
	go func() { // ends when the demo closes its output
		defer close(drained)
		scanner := bufio.NewScanner(output)
		for scanner.Scan() {
			select {
			case lines <- scanner.Text():
			default: // only the first line matters
			}
		}
		close(lines)
	}()
	t.Cleanup(func() { stopDemo(t, demo, drained, &complaints) })
	select {
	case line := <-lines:
		var ready struct {
			Visitor   string   `json:"visitor_url"`
			Operators []string `json:"operator_urls"`
		}
		if err := json.Unmarshal([]byte(line), &ready); err != nil || ready.Visitor == "" || len(ready.Operators) < 2 {
			t.Fatalf("demo: got %q (%v), want visitor_url and two operator_urls", line, err)
		}
		return line
	case <-time.After(30 * time.Second):
		t.Fatal("demo: not ready within 30 s")
	}
	return ""
}

func stopDemo(t *testing.T, demo *exec.Cmd, drained <-chan struct{}, complaints *strings.Builder) {
	t.Helper()
	if err := demo.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("demo: interrupt: %v", err)
	}
	select {
	case <-drained:
	case <-time.After(30 * time.Second):
		t.Error("demo: still running 30 s after an interrupt")
		_ = demo.Process.Kill()
		<-drained
	}
	if err := demo.Wait(); err != nil {
		t.Errorf("demo: %v\n%s", err, complaints.String())
	}
}
