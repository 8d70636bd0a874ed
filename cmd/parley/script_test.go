package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
)

// TestMain lets this binary be run as parley by the scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"parley": main, "eventhost": eventHost})
}

// quickExit spares each process the second that the race detector waits at its
// end for reports of other goroutines.
const quickExit = "atexit_sleep_ms=0"

// TestScripts runs testdata/script/*.txt: one story of the command line each.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Values[running{}] = &process{}
			env.Setenv("GORACE", quickExit)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"chat":       scriptChat,
			"transcript": scriptTranscript,
			"post":       scriptPost,
			"refuses":    scriptRefuses,
			"verifies":   scriptVerifies,
			"proves":     scriptProves,
			"start":      scriptStart,
			"get":        scriptGet,
			"hold":       scriptHold,
			"gone":       scriptGone,
			"ends":       scriptEnds,
		},
	})
}

// scriptRefuses runs parley and wants exit code 2 and nothing on standard
// output.
func scriptRefuses(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("refuses cannot be negated")
	}
	err := ts.Exec("parley", args...)
	if code := exitCode(err); code != exitUsage {
		ts.Fatalf("parley %s: got exit code %d, want %d", strings.Join(args, " "), code, exitUsage)
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("parley %s: standard output: got %q, want none", strings.Join(args, " "), out)
	}
}

// scriptVerifies judges the token on standard output as the server would:
// verifies TENANTS TENANT OPERATOR ROLE...
func scriptVerifies(ts *testscript.TestScript, _ bool, args []string) {
	_, tenants, err := readTenants(ts.MkAbs(args[0]))
	ts.Check(err)
	tenant, _ := tenants.Tenant(engine.TenantID(args[1]))
	principal, err := new(auth.JWT).Operator(context.Background(), tenant, strings.TrimSpace(ts.ReadFile("stdout")))
	ts.Check(err)
	if string(principal.Operator) != args[2] || len(principal.Roles) != len(args)-3 {
		ts.Fatalf("principal: got %+v, want %v", principal, args[2:])
	}
	for _, role := range args[3:] {
		if !principal.Has(engine.Role(role)) {
			ts.Fatalf("principal: got %+v, want role %s", principal, role)
		}
	}
}

// scriptProves judges a visitor's token on standard output as the server would,
// and that it is none of an operator's: proves TENANTS TENANT SUB
func scriptProves(ts *testscript.TestScript, _ bool, args []string) {
	_, tenants, err := readTenants(ts.MkAbs(args[0]))
	ts.Check(err)
	tenant, _ := tenants.Tenant(engine.TenantID(args[1]))
	token := strings.TrimSpace(ts.ReadFile("stdout"))
	proof, err := new(auth.JWT).Visitor(context.Background(), tenant, token)
	ts.Check(err)
	if proof.Subject != args[2] {
		ts.Fatalf("subject: got %q, want %q", proof.Subject, args[2])
	}
	if _, err := new(auth.JWT).Operator(context.Background(), tenant, token); !errors.Is(err, engine.ErrAuthInvalid) {
		ts.Fatalf("as an operator's: got %v, want %v", err, engine.ErrAuthInvalid)
	}
}

// TestPrecedence: a flag goes before the environment, the environment before
// the file, the file before the default.
func TestPrecedence(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "parley.yaml")
	if err := os.WriteFile(file, []byte("drain_timeout: 3s\nallow_plaintext: true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		env       string
		file      bool
		flags     []string
		want      time.Duration
		plaintext bool
	}{
		{name: "default", want: 20 * time.Second},
		{name: "file", file: true, want: 3 * time.Second, plaintext: true},
		{name: "environment", env: "2s", want: 2 * time.Second},
		{name: "environment over file", env: "2s", file: true, want: 2 * time.Second, plaintext: true},
		{name: "flag over environment", env: "2s", flags: []string{"--drain-timeout=1s"}, want: time.Second},
		{name: "flag over file", file: true, flags: []string{"--drain-timeout=1s", "--allow-plaintext=false"}, want: time.Second},
		{name: "flag over both", env: "2s", file: true, flags: []string{"--drain-timeout", "1s"}, want: time.Second, plaintext: true},
		{name: "flag equal to the default over both", env: "2s", file: true, flags: []string{"--drain-timeout", "20s"}, want: 20 * time.Second, plaintext: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.env != "" {
				t.Setenv("PARLEY_DRAIN_TIMEOUT", c.env)
			}
			args := append([]string{"serve"}, c.flags...)
			if c.file {
				args = append(args, "--config", file)
			}
			var grammar cli
			parser, err := newParser(&grammar, streams{os.Stdout, os.Stderr, os.Exit})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(args); err != nil {
				t.Fatal(err)
			}
			if got := grammar.Serve.DrainTimeout; got != c.want {
				t.Errorf("drain_timeout: got %s, want %s", got, c.want)
			}
			if got := grammar.Serve.AllowPlaintext; got != c.plaintext {
				t.Errorf("allow_plaintext: got %v, want %v", got, c.plaintext)
			}
		})
	}
}
