package web_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// requires reports whether PARLEY_TEST_REQUIRE names the thing: then a test
// that lacks it fails instead of being skipped.
func requires(thing string) bool {
	for name := range strings.SplitSeq(os.Getenv("PARLEY_TEST_REQUIRE"), ",") {
		if strings.TrimSpace(name) == thing {
			return true
		}
	}
	return false
}

// lacks skips the test for want of something, or fails it where a browser is required.
func lacks(t *testing.T, reason string) {
	t.Helper()
	if requires("browser") {
		t.Fatalf("PARLEY_TEST_REQUIRE says browser, but %s", reason)
	}
	t.Skip(reason)
}

// need finds a program or skips the test.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		lacks(t, program+" is not installed")
	}
	return path
}

// esbuild is the bundler that go generate uses, in its pinned version.
func esbuild(arguments ...string) *exec.Cmd {
	return exec.Command("go", append([]string{"tool", "-modfile=../../.ci/tools/go.mod", "esbuild"}, arguments...)...)
}

// generateArguments are what each of doc.go's go:generate lines gives to esbuild.
func generateArguments(t *testing.T) [][]string {
	t.Helper()
	var all [][]string
	for line := range strings.Lines(contentOf(t, "doc.go")) {
		if _, arguments, found := strings.Cut(line, " esbuild "); found && strings.HasPrefix(line, "//go:generate ") {
			all = append(all, strings.Fields(arguments))
		}
	}
	if len(all) != 2 {
		t.Fatalf("doc.go: got %d go:generate lines for esbuild, want those of the pages and of the client", len(all))
	}
	return all
}

func contentOf(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// run answers what the command printed; a failure ends the test.
func run(t *testing.T, command *exec.Cmd) string {
	t.Helper()
	printed, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command.Args[0], err, printed)
	}
	return string(printed)
}
