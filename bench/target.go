package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// Target is a server under load: one that the bench started in a process of its
// own, or somebody's own.
type Target struct {
	URL    string // ws:// or wss://, host and port
	Origin string // of the tenant's list
	Tenant string
	Token  string // of the visitor whose devices listen; empty makes a visitor
	PID    int    // 0: not ours; no CPU or memory figures

	stop func() error
}

// Server says how to start a server of our own.
type Server struct {
	Binary      string // the parley binary
	Transcripts bool
	Devices     int  // connections of one visitor that the tenant allows
	Pin         bool // server on processor 0 with GOMAXPROCS=1, this process on processor 1
	Env         []string
}

const benchOrigin = "http://bench.localhost"

// Start writes a tenant, a root key and a data folder into a temporary folder
// and runs the server until Stop.
func (s Server) Start(ctx context.Context) (_ *Target, err error) {
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	if err := s.writeTenant(dir); err != nil {
		return nil, err
	}
	key := filepath.Join(dir, "root.key")
	if out, err := s.parley("keys", "new", "--root-key-file", key).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("make a root key: %w: %s", err, out)
	}
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	args := []string{
		"serve", "--tenants", filepath.Join(dir, "tenants"), "--data", filepath.Join(dir, "data"), "--root-key-file", key,
		"--listen", ports[0], "--admin-listen", ports[1], "--metrics-listen", ports[2], "--log-level", "warn",
	}
	cmd := s.parley(args...)
	if s.Pin {
		cmd = exec.Command("taskset", append([]string{"-c", "0", s.Binary}, args...)...)
	}
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), s.Env...)
	if s.Pin {
		cmd.Env = append(cmd.Env, "GOMAXPROCS=1")
		if err := exec.CommandContext(ctx, "taskset", "-a", "-c", "-p", "1", strconv.Itoa(os.Getpid())).Run(); err != nil {
			return nil, fmt.Errorf("pin this process: %w", err)
		}
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	t := &Target{URL: "ws://" + ports[0], Origin: benchOrigin, Tenant: "bench", PID: cmd.Process.Pid}
	t.stop = func() error {
		defer func() { _ = os.RemoveAll(dir) }()
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			return err
		}
		return cmd.Wait()
	}
	if err := awaitReady(ctx, "http://"+ports[2]+"/readyz"); err != nil {
		return nil, errors.Join(err, t.Stop())
	}
	return t, nil
}

// parley is a command of the server's binary, under its own name whatever the
// file is called.
func (s Server) parley(args ...string) *exec.Cmd {
	cmd := exec.Command(s.Binary, args...)
	cmd.Args[0] = "parley"
	return cmd
}

// Stop ends a server that Start began; on others it does nothing.
func (t *Target) Stop() error {
	if t.stop == nil {
		return nil
	}
	stop := t.stop
	t.stop = nil
	return stop()
}

func (s Server) writeTenant(dir string) error {
	folder := filepath.Join(dir, "tenants")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	text := fmt.Sprintf(`id: bench
origins: [%q]
transcripts: %v
departments: [{id: bench, queue_limit: 1000000, queue_grace: 1h}]
limits: {visitor_devices: %d, connections: 1000000, messages_per_second: 1000000}
`, benchOrigin, s.Transcripts, max(s.Devices, 1))
	return os.WriteFile(filepath.Join(folder, "bench.yaml"), []byte(text), 0o600)
}

func freePorts(n int) ([]string, error) {
	var addresses []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}

func awaitReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the server did not become ready: %w", context.Cause(ctx))
		}
	}
}

// OnLoopback reports whether the target is on this machine.
func (t *Target) OnLoopback() bool {
	host, _, err := net.SplitHostPort(hostOf(t.URL))
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
