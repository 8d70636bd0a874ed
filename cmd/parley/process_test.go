package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// running finds a script's background process among its values.
type running struct{}

// process is a parley that a script has started: its first line of JSON tells
// its addresses.
type process struct {
	cmd   *exec.Cmd
	ready map[string]any
	lines chan string // lines that say how far it is
	done  chan error

	// Owned by a reader each, until done has answered.
	out, err bytes.Buffer
}

// scriptStart runs parley in the background until it says that it serves:
// start ARG...
func scriptStart(ts *testscript.TestScript, _ bool, args []string) {
	p := ts.Value(running{}).(*process)
	*p = process{done: make(chan error, 1), lines: make(chan string, 4)}
	self, err := os.Executable()
	ts.Check(err)
	p.cmd = exec.Command(self, args...)
	p.cmd.Args[0] = "parley"
	p.cmd.Dir = ts.MkAbs(".")
	p.cmd.Env = append(os.Environ(), "GORACE="+quickExit, "TMPDIR="+ts.MkAbs("."), "PARLEY_TENANTS="+ts.Getenv("PARLEY_TENANTS"), "PARLEY_ROOT_KEY_FILE="+ts.Getenv("PARLEY_ROOT_KEY_FILE"))
	stdout, err := p.cmd.StdoutPipe()
	ts.Check(err)
	stderr, err := p.cmd.StderrPipe()
	ts.Check(err)
	ts.Check(p.cmd.Start())
	ts.Defer(func() { _ = p.cmd.Process.Kill() })
	var readers sync.WaitGroup
	readers.Go(func() { milestones(io.TeeReader(stdout, &p.out), p.lines, "visitor_url", "Ctrl-C") })
	readers.Go(func() { milestones(io.TeeReader(stderr, &p.err), p.lines, `"serving"`, `"stopping"`) })
	go func() { readers.Wait(); p.done <- p.cmd.Wait() }() // ends with the process
	select {
	case line := <-p.lines:
		if strings.HasPrefix(line, "{") {
			ts.Check(json.Unmarshal([]byte(line), &p.ready))
		}
	case err := <-p.done:
		ts.Fatalf("parley %s ended: %v\n%s%s", strings.Join(args, " "), err, p.out.String(), p.err.String())
	case <-time.After(30 * time.Second):
		ts.Fatalf("parley %s did not say that it serves", strings.Join(args, " ")) // its words belong to the readers yet
	}
}

// milestones hands over the lines that hold one of some texts, and reads on to
// the end so that the process is never held up.
func milestones(from io.Reader, lines chan<- string, holding ...string) {
	scanner := bufio.NewScanner(from)
	for scanner.Scan() {
		holds := func(text string) bool { return strings.Contains(scanner.Text(), text) }
		if slices.ContainsFunc(holding, holds) {
			select {
			case lines <- scanner.Text():
			default:
			}
		}
	}
}

// scriptGet asks the started process: get FIELD PATH STATUS [FILE OF A TOKEN].
// FIELD names the address in what the process said. The answer is left in the
// file body.
func scriptGet(ts *testscript.TestScript, _ bool, args []string) {
	p := ts.Value(running{}).(*process)
	base, _ := p.ready[args[0]].(string)
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	base, _, _ = strings.Cut(base, "#")
	request, err := http.NewRequest(http.MethodGet, base+args[1], nil)
	ts.Check(err)
	if len(args) > 3 {
		request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(ts.ReadFile(args[3])))
	}
	response, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("body"), body, 0o600))
	if got := strconv.Itoa(response.StatusCode); got != args[2] {
		ts.Fatalf("get %s%s: got %s %s, want %s", base, args[1], got, body, args[2])
	}
}

// scriptHold opens a WebSocket and never reads from it, so that a drain has to
// wait: hold FIELD.
func scriptHold(ts *testscript.TestScript, _ bool, args []string) {
	p := ts.Value(running{}).(*process)
	address := p.ready[args[0]].(string)
	socket, err := net.Dial("tcp", address)
	ts.Check(err)
	ts.Defer(func() { _ = socket.Close() })
	_, err = fmt.Fprintf(socket, "GET /v1/visitor HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: parley.v1+json\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", address)
	ts.Check(err)
	status, err := bufio.NewReader(socket).ReadString('\n')
	ts.Check(err)
	if !strings.Contains(status, " 101 ") {
		ts.Fatalf("upgrade: got %q", status)
	}
}

// await waits for a channel, but not for ever.
func await(ts *testscript.TestScript, from <-chan string, what string) {
	select {
	case <-from:
	case <-time.After(30 * time.Second):
		ts.Fatalf("waited in vain for %s", what)
	}
}

// scriptGone wants a path that the process had named not to exist: gone FIELD.
func scriptGone(ts *testscript.TestScript, _ bool, args []string) {
	path, _ := ts.Value(running{}).(*process).ready[args[0]].(string)
	if _, err := os.Stat(path); path == "" || !os.IsNotExist(err) {
		ts.Fatalf("%s: got %v, want a path that does not exist", path, err)
	}
}

// scriptEnds sends a signal and waits: ends SIGNAL[,SIGNAL] CODE. A second
// signal follows when the first has been understood. What the process printed is
// left in the files out and err.
func scriptEnds(ts *testscript.TestScript, _ bool, args []string) {
	p := ts.Value(running{}).(*process)
	for i, name := range strings.Split(args[0], ",") {
		if i > 0 {
			await(ts, p.lines, "the process to say that it stops")
		}
		ts.Check(p.cmd.Process.Signal(map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL}[name]))
	}
	var err error
	select {
	case err = <-p.done:
	case <-time.After(30 * time.Second):
		ts.Fatalf("parley did not stop on %s", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs("out"), p.out.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("err"), p.err.Bytes(), 0o600))
	if code := strconv.Itoa(exitCode(err)); code != args[1] {
		ts.Fatalf("ends %s: got exit code %s, want %s\n%s%s", args[0], code, args[1], p.out.String(), p.err.String())
	}
}

// exitCode is a finished command's; -1 for one that a signal ended.
func exitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}
