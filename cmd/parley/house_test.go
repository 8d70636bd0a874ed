package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// projectRoot is the directory of go.mod.
func projectRoot(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatalf("the project's root is not two levels up: %v", err)
	}
	return root
}

// A taboo is text that no file of the project may hold. The patterns are put
// together from halves, so that this file does not hold them either.
type taboo struct {
	pattern *regexp.Regexp
	why     string
}

var taboos = []taboo{
	{regexp.MustCompile(`/Us` + `ers/[a-z]`), "a path of one machine"},
	{regexp.MustCompile(`/ro` + `ot/`), "a path of one machine"},
	{regexp.MustCompile(`/home/` + `[a-z]`), "a path of one machine"},
	{regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`), "unfinished work belongs in the tracker"},
	{regexp.MustCompile(`(?m)^(<<<` + `<<<<|>>>>` + `>>>) `), "a merge left undone"},
}

// emoji has its place in what people type, so tests and the pages may hold it;
// what we say ourselves goes without.
var emoji = regexp.MustCompile(`[\x{1F000}-\x{1FAFF}\x{2600}-\x{27BF}\x{FE0F}]`)

func TestHouseRules(t *testing.T) {
	root := projectRoot(t)
	files := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if skipDir(entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() || strings.HasSuffix(path, ".sum") || entry.Name() == "package-lock.json" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		name, _ := filepath.Rel(root, path)
		for _, offence := range offences(name, text) {
			t.Error(offence)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Errorf("looked at %d files only: the test looks in the wrong place", files)
	}
}

func skipDir(name string) bool {
	return name == ".git" || name == "node_modules" || name == "dist" || name == "corpus" || name == "fuzz"
}

func offences(name string, text []byte) []string {
	if bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text) {
		return nil // binary
	}
	var found []string
	for _, taboo := range taboos {
		if hit := taboo.pattern.Find(text); hit != nil {
			found = append(found, name+" holds "+string(hit)+": "+taboo.why)
		}
	}
	if strings.HasSuffix(name, ".md") || strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
		if hit := emoji.Find(text); hit != nil {
			found = append(found, name+" holds "+string(hit)+": plain words do")
		}
	}
	return found
}

// TestHouseRulesBite plants one offence of each kind.
func TestHouseRulesBite(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"a.go", "package a // see /Us" + "ers/me/a.go", 1},
		{"a.md", "look in /ro" + "ot/.cache", 1},
		{"a.go", "// TO" + "DO: later", 1},
		{"a.go", "// FIX" + "ME", 1},
		{"a.md", "done \u2728", 1},
		{"a_test.go", "posts \u2728", 0},
		{"a.go", "/home/" + "someone/.cache", 1},
		{"a.bin", "\x00TO" + "DO", 0},
		{"a.go", "package a // plain", 0},
	} {
		if got := offences(c.name, []byte(c.text)); len(got) != c.want {
			t.Errorf("%s %q: got %d offences %q, want %d", c.name, c.text, len(got), got, c.want)
		}
	}
}

// TestReadmeShowsTheExample: the embedding code of the README is the body of the
// example that runs.
func TestReadmeShowsTheExample(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../../transport/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, listing, found := strings.Cut(string(readme), "```go\n")
	listing, _, closed := strings.Cut(listing, "```")
	if !found || !closed {
		t.Fatal("README.md has no Go listing")
	}
	indented := "\t" + strings.ReplaceAll(strings.TrimSuffix(listing, "\n"), "\n", "\n\t") + "\n}\n"
	if !strings.Contains(string(example), indented) {
		t.Errorf("transport/example_test.go does not run the README's listing:\n%s", listing)
	}
}

// TestArchitectureNamesWhatIsThere: every file and function that
// docs/ARCHITECTURE.md names exists.
func TestArchitectureNamesWhatIsThere(t *testing.T) {
	root := projectRoot(t)
	text, err := os.ReadFile(filepath.Join(root, "docs/ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, dir := range []string{"engine", "actors", "transport", "persistence", "bench", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "node_modules":
				return fs.SkipDir
			case filepath.Ext(path) != ".go":
				return nil
			}
			code, err := os.ReadFile(path)
			source.Write(code)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	files := regexp.MustCompile("`([a-z0-9/_]+\\.go)`").FindAllStringSubmatch(string(text), -1)
	functions := regexp.MustCompile("`[a-zA-Z]+\\.([A-Za-z]+)`").FindAllStringSubmatch(string(text), -1)
	if len(files) < 8 || len(functions) < 8 {
		t.Fatalf("found only %d files and %d functions: the search is wrong", len(files), len(functions))
	}
	for _, f := range files {
		if _, err := os.Stat(filepath.Join(root, f[1])); err != nil && strings.Contains(f[1], "/") {
			t.Errorf("docs/ARCHITECTURE.md names %s: %v", f[1], err)
		}
	}
	for _, f := range functions {
		if name := f[1]; name != "go" && !regexp.MustCompile(`\b`+name+`\b`).MatchString(source.String()) {
			t.Errorf("docs/ARCHITECTURE.md names %s, which is nowhere", f[0])
		}
	}
}
