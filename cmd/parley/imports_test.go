package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/parleyhq/parley"

// pkg is what `go list -json` says of a package, as far as it matters here.
// Test files may cross, so that one package can be tried with its neighbours.
type pkg struct {
	ImportPath string
	Imports    []string
}

// A ban forbids packages of the project to import something.
type ban struct {
	from   []string // directories of the project, with what is below them; "." is all
	except []string // directories that may
	to     []string // import paths; those of the project begin with "./"
	why    string
}

var bans = []ban{
	{from: dirs("engine"), to: []string{"./actors", "./transport", "./persistence", "./bench", "./cmd"}, why: "engine is what the others share; it knows none of them"},
	{from: dirs("engine"), to: []string{"os", "net", "net/http", "sync", "log", "crypto/rand", "syscall"}, why: "engine decides: no I/O, no lock, no log, no drawing of random numbers"},
	{from: dirs("actors"), to: []string{"./transport"}, why: "actors reach sockets as engine.Outlet, so that they run without a network"},
	{from: dirs("actors"), to: []string{"./persistence"}, why: "actors name what they need of a store; cmd hands one in"},
	{from: dirs("transport"), to: []string{"./actors"}, why: "sockets reach the system as engine.Switchboard, so that they are tried without one"},
	{from: dirs("transport"), to: []string{"./persistence"}, why: "whoever faces the network never holds keys or opens the store"},
	{from: dirs("persistence"), to: []string{"./actors"}, why: "the store is told what to keep; it does not know who runs"},
	{from: dirs("persistence"), to: []string{"./transport"}, why: "what is stored does not depend on how it travels"},
	{from: dirs("."), except: dirs("bench", "cmd"), to: []string{"./bench"}, why: "bench measures the others; none needs it"},
	{from: dirs("."), except: dirs("cmd"), to: []string{"./cmd"}, why: "cmd wires the others; none needs it"},
	{from: dirs("."), except: dirs("actors"), to: []string{"github.com/asynkron/protoactor-go"}, why: "actors run: replacing the actor library is one directory's work"},
	{from: dirs("."), except: dirs("transport", "bench", "cmd"), to: []string{"github.com/valyala/fasthttp", "github.com/fasthttp/websocket", "net/http"}, why: "transport carries: replacing the HTTP library is one directory's work"},
	{from: dirs("."), except: dirs("persistence"), to: []string{"github.com/cockroachdb/pebble/v2"}, why: "persistence keeps: replacing the store is one directory's work"},
	{from: dirs("."), except: dirs("bench"), to: []string{"github.com/HdrHistogram/hdrhistogram-go"}, why: "bench measures"},
	{from: dirs("."), except: dirs("transport", "cmd"), to: []string{"github.com/golang-jwt/jwt/v5"}, why: "tokens end at the network's edge"},
	{from: dirs("."), except: dirs("cmd"), to: []string{"github.com/alecthomas/kong", "go.yaml.in/yaml/v3", "flag"}, why: "flags and files exist in cmd only; a library takes a struct"},
}

func dirs(names ...string) []string { return names }

// violations lists every import that a ban forbids, and every import of
// engine from outside the standard library.
func violations(pkgs []pkg) []string {
	var found []string
	for _, p := range pkgs {
		dir := dirOf(p.ImportPath)
		for _, imported := range p.Imports {
			if within("engine", dir) && !isStandard(imported) && !within(module+"/engine", imported) {
				found = append(found, fmt.Sprintf("%s imports %s: engine imports the standard library only, so that its rules stay pure", dir, imported))
			}
			for _, b := range bans {
				if b.forbids(dir, imported) {
					found = append(found, fmt.Sprintf("%s imports %s: %s", dir, imported, b.why))
				}
			}
		}
	}
	return found
}

func (b ban) forbids(dir, imported string) bool {
	inside := func(parent string) bool { return parent == "." || within(parent, dir) }
	return slices.ContainsFunc(b.from, inside) && !slices.ContainsFunc(b.except, inside) &&
		slices.ContainsFunc(b.to, func(to string) bool { return covers(to, imported) })
}

// covers reports whether a ban's target means an import. A library's children
// belong to it; those of a standard package do other things (net and net/url).
func covers(to, imported string) bool {
	if inside, ok := strings.CutPrefix(to, "./"); ok {
		return within(module+"/"+inside, imported)
	}
	return to == imported || !isStandard(to) && within(to, imported)
}

func within(parent, path string) bool {
	return path == parent || strings.HasPrefix(path, parent+"/")
}

func dirOf(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
}

// isStandard reports whether a path belongs to the standard library: its
// first element has no dot.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func TestImportRules(t *testing.T) {
	pkgs := listPackages(t)
	if len(pkgs) < 3 {
		t.Fatalf("go list found %d packages: the test looks in the wrong place", len(pkgs))
	}
	for _, v := range violations(pkgs) {
		t.Error(v)
	}
}

func listPackages(t *testing.T) []pkg {
	t.Helper()
	list := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	list.Dir = projectRoot(t)
	out, err := list.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatalf("go list's answer: %v", err)
		}
		pkgs = append(pkgs, p)
	}
}

// TestImportRulesBite plants one violation of each rule and some innocents.
func TestImportRulesBite(t *testing.T) {
	for _, c := range []struct {
		dir, imports string
		forbidden    bool
	}{
		{"engine", "os", true},
		{"engine/session", "sync", true},
		{"engine/session", "sync/atomic", false},
		{"engine", "net/url", false},
		{"engine/routing", "golang.org/x/time/rate", true},
		{"engine/routing", module + "/engine", false},
		{"engine/routing", module + "/actors", true},
		{"actors", module + "/engine/session", false},
		{"actors", module + "/transport", true},
		{"actors/cluster", module + "/persistence/seal", true},
		{"actors/cluster", "github.com/asynkron/protoactor-go/cluster", false},
		{"transport/rest", module + "/actors", true},
		{"transport", module + "/persistence", true},
		{"transport", module + "/transport/wire", false},
		{"transport/rest", "github.com/valyala/fasthttp", false},
		{"transport", "github.com/asynkron/protoactor-go/actor", true},
		{"persistence", "github.com/cockroachdb/pebble/v2/vfs", false},
		{"persistence", module + "/actors", true},
		{"persistence/seal", module + "/transport/wire", true},
		{"persistence", "github.com/fasthttp/websocket", true},
		{"persistence", "net/http", true},
		{"actors", "github.com/cockroachdb/pebble/v2", true},
		{"transport", module + "/bench", true},
		{"actors", module + "/cmd/parley", true},
		{"transport", "go.yaml.in/yaml/v3", true},
		{"persistence", "flag", true},
		{"actors", "github.com/golang-jwt/jwt/v5", true},
		{"transport", "github.com/HdrHistogram/hdrhistogram-go", true},
		{"bench", module + "/transport/client", false},
		{"bench", "github.com/valyala/fasthttp", false},
		{"bench", "github.com/cockroachdb/pebble/v2", true},
		{"cmd/parley", module + "/actors", false},
		{"cmd/parley", module + "/bench", false},
		{"cmd/parley", "github.com/alecthomas/kong", false},
	} {
		found := violations([]pkg{{ImportPath: module + "/" + c.dir, Imports: []string{c.imports}}})
		if got := len(found) > 0; got != c.forbidden {
			t.Errorf("%s imports %s: forbidden: got %v, want %v %q", c.dir, c.imports, got, c.forbidden, found)
		}
	}
}
