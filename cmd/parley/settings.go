package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"github.com/parleyhq/parley/persistence/seal"
	"github.com/parleyhq/parley/transport"
)

// settings are those of serve and check-config.
type settings struct {
	Config         string        `help:"YAML file of settings: a flag's name with underscores, a colon, its value." placeholder:"FILE" yaml:"-"`
	Tenants        string        `help:"Folder with one YAML or JSON file per tenant." placeholder:"DIR" yaml:"tenants"`
	Data           string        `help:"Folder of the store; made when missing." default:"data" yaml:"data"`
	RootKeyFile    string        `help:"File of the root key, outside the data folder. Make one with: parley keys new --root-key-file FILE." placeholder:"FILE" yaml:"root_key_file"`
	Listen         string        `help:"Address for visitors and operators: WebSockets and pages." default:"127.0.0.1:8080" yaml:"listen"`
	AdminListen    string        `help:"Address for the tenants' servers: REST." default:"127.0.0.1:8081" yaml:"admin_listen"`
	MetricsListen  string        `help:"Address for the installation's own eyes: /metrics, /healthz, /readyz, /admin/invariants." default:"127.0.0.1:9090" yaml:"metrics_listen"`
	TLSCert        string        `name:"tls-cert" help:"File of the certificate chain, for the first two addresses." placeholder:"FILE" yaml:"tls_cert"`
	TLSKey         string        `name:"tls-key" help:"File of the certificate's private key." placeholder:"FILE" yaml:"tls_key"`
	AllowTLS12     bool          `name:"allow-tls12" env:"PARLEY_ALLOW_TLS12" help:"Accept TLS 1.2 as well as 1.3 on --listen." yaml:"allow_tls12"`
	AllowPlaintext bool          `help:"Serve without TLS beyond loopback, because a proxy in front has it." yaml:"allow_plaintext"`
	TrustedProxies []string      `help:"Networks (CIDR, with commas between) whose X-Forwarded-For is believed." placeholder:"CIDR" yaml:"trusted_proxies,flow"`
	JWKSPrivate    []string      `name:"jwks-private-hosts" help:"Hosts (with commas between) of tenants' key sets that may have private addresses; all others may not." placeholder:"HOST" yaml:"jwks_private_hosts,flow"`
	MaxConnections int           `help:"WebSocket connections at a time." default:"100000" yaml:"max_connections"`
	MaxPerIP       int           `name:"max-connections-per-ip" help:"WebSocket connections of one address (IPv6: one /64) at a time; 0 means no limit." default:"0" yaml:"max_connections_per_ip"`
	FastPath       bool          `help:"On Linux without TLS: read and write sockets with the server's own code instead of the library's." yaml:"fast_path"`
	ResumeFor      time.Duration `help:"How long a connection's resume token is good after it was handed out." default:"10m" yaml:"resume_for"`
	WSEcho         bool          `name:"ws-echo" env:"PARLEY_WS_ECHO" help:"Serve /v1/echo on --listen, which sends every message back: for WebSocket conformance suites." yaml:"ws_echo"`
	WSEchoBytes    int           `name:"ws-echo-bytes" env:"PARLEY_WS_ECHO_BYTES" help:"Largest message to /v1/echo, in bytes." default:"16777216" yaml:"ws_echo_bytes"`
	AllowWSEcho    bool          `name:"allow-ws-echo-beyond-loopback" env:"PARLEY_ALLOW_WS_ECHO_BEYOND_LOOPBACK" help:"Serve /v1/echo, which answers everybody, on an address that other machines reach." yaml:"allow_ws_echo_beyond_loopback"`
	LogFormat      string        `help:"json or text." enum:"json,text" default:"json" yaml:"log_format"`
	LogLevel       string        `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"info" yaml:"log_level"`
	DrainTimeout   time.Duration `help:"How long a stop waits for sockets and chats before it forces them." default:"20s" yaml:"drain_timeout"`
}

// BeforeResolve reads the file of settings, so that what it lacks or misspells
// is told with its line.
func (s *settings) BeforeResolve(ctx *kong.Context) error {
	flags := ctx.Selected().Flags
	for _, flag := range flags {
		if flag.Name != "config" {
			continue
		}
		path, _ := ctx.FlagValue(flag).(string)
		if path == "" {
			return nil
		}
		file, err := readConfig(path)
		if err != nil {
			return err
		}
		if err := file.check(flags); err != nil {
			return err
		}
		ctx.AddResolver(file)
	}
	return nil
}

// check finds what is wrong with the settings by themselves, before anything
// is opened.
func (s *settings) check() error {
	if s.Tenants == "" {
		return wrongUsage("no tenants: name a folder with one YAML or JSON file per tenant with --tenants DIR")
	}
	if s.RootKeyFile == "" {
		return wrongUsage("no root key: everything stored is sealed under one. Make it once with\n\n    parley keys new --root-key-file root.key\n\nkeep it outside the data folder and its backups, and pass --root-key-file root.key")
	}
	if isInside(s.RootKeyFile, s.Data) {
		return wrongUsage("the root key file lies inside the data folder %s: whoever copies the folder would have both", s.Data)
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		return wrongUsage("--tls-cert and --tls-key belong together")
	}
	if s.ResumeFor < time.Second {
		return wrongUsage("--resume-for is at least 1s")
	}
	if s.DrainTimeout <= 0 {
		return wrongUsage("--drain-timeout must be more than 0")
	}
	for _, listener := range []struct {
		flag, address string
		public        bool
	}{{"listen", s.Listen, true}, {"admin-listen", s.AdminListen, true}, {"metrics-listen", s.MetricsListen, false}} {
		if err := s.checkAddress(listener.flag, listener.address, listener.public); err != nil {
			return err
		}
	}
	return s.checkEcho()
}

// checkEcho keeps an endpoint that answers everybody from other machines' reach
// by oversight.
func (s *settings) checkEcho() error {
	host, _, _ := net.SplitHostPort(s.Listen) // checked before
	switch {
	case s.WSEcho && !s.AllowWSEcho && !isLoopback(host):
		return wrongUsage("--ws-echo on --listen %s: /v1/echo answers everybody who reaches it; listen on loopback, or give --allow-ws-echo-beyond-loopback", s.Listen)
	case s.WSEchoBytes < 1:
		return wrongUsage("--ws-echo-bytes is at least 1")
	}
	return nil
}

func (s *settings) checkAddress(flag, address string, public bool) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return wrongUsage("--%s: want host:port, got %q", flag, address)
	}
	if public && s.TLSCert == "" && !s.AllowPlaintext && !isLoopback(host) {
		return wrongUsage("--%s %s: plain text beyond loopback; give --tls-cert and --tls-key, or --allow-plaintext if a proxy in front has TLS", flag, address)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// isInside reports whether a file lies in a folder or below it, links resolved.
func isInside(file, folder string) bool {
	relative, err := filepath.Rel(resolved(folder), filepath.Join(resolved(filepath.Dir(file)), filepath.Base(file)))
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

func resolved(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return path
}

// root reads the root key.
func (s *settings) root() (seal.Root, error) {
	root, err := seal.RootFromFile(s.RootKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, wrongUsage("no root key at %s; make one with: parley keys new --root-key-file %s", s.RootKeyFile, s.RootKeyFile)
	}
	if err != nil {
		return nil, usageError{err}
	}
	return root, nil
}

// tls reads the certificate; nil without one.
func (s *settings) tls() (*tls.Config, error) {
	if s.TLSCert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(s.TLSCert, s.TLSKey)
	if err != nil {
		return nil, wrongUsage("certificate: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13}, nil
}

// sockets are the public listener's limits and TLS.
func (s *settings) sockets() (transport.Options, error) {
	certificate, err := s.tls()
	if err != nil {
		return transport.Options{}, err
	}
	options := transport.Options{
		TLS: certificate, AllowTLS12: s.AllowTLS12, AllowPlaintextBeyondLoopback: s.AllowPlaintext, FastPath: s.FastPath,
		ResumeFor: s.ResumeFor, Echo: s.WSEcho, EchoBytes: s.WSEchoBytes, AllowEchoBeyondLoopback: s.AllowWSEcho,
		MaxConnections: s.MaxConnections, MaxConnectionsPerIP: s.MaxPerIP, DrainTimeout: socketsShare(s.DrainTimeout),
	}
	for _, text := range s.TrustedProxies {
		network, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return transport.Options{}, wrongUsage("--trusted-proxies: want a network like 10.0.0.0/8, got %q", text)
		}
		options.TrustedProxies = append(options.TrustedProxies, network)
	}
	if s.MaxConnections < 1 || s.MaxPerIP < 0 {
		return transport.Options{}, wrongUsage("--max-connections is at least 1, --max-connections-per-ip at least 0")
	}
	return options, nil
}

// socketsShare is how much of a stop's time the sockets may take; the rest is
// for making durable what was taken.
func socketsShare(drain time.Duration) time.Duration { return drain * 3 / 4 }

// logger writes to standard error.
func (s *settings) logger(io streams) *slog.Logger {
	return newLogger(io, s.LogFormat, s.LogLevel)
}

func newLogger(io streams, format, level string) *slog.Logger {
	var parsed slog.Level
	_ = parsed.UnmarshalText([]byte(level)) // the flag's enum has checked it
	options := &slog.HandlerOptions{Level: parsed}
	if format == "text" {
		return slog.New(slog.NewTextHandler(io.err, options))
	}
	return slog.New(slog.NewJSONHandler(io.err, options))
}

// print writes the settings and tenants as YAML. Secrets are masked; what it
// prints is otherwise what a file would hold.
func (s *settings) print(io streams, tenants []tenantFile) error {
	masked := make([]tenantFile, len(tenants))
	for i := range tenants {
		masked[i] = tenants[i].masked()
	}
	out := yaml.NewEncoder(io.out)
	out.SetIndent(2)
	if err := out.Encode(s); err != nil {
		return fmt.Errorf("print settings: %w", err)
	}
	for i := range masked {
		if err := out.Encode(&masked[i]); err != nil {
			return fmt.Errorf("print tenant %s: %w", masked[i].ID, err)
		}
	}
	return out.Close()
}

// strangers lists environment variables that look like settings and are none.
func strangers(flags []*kong.Flag) []string {
	known := map[string]bool{"PARLEY_CONFIG": true}
	for _, flag := range flags {
		for _, name := range flag.Envs {
			known[name] = true
		}
	}
	var found []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "PARLEY_") && !strings.HasPrefix(name, "PARLEY_TEST_") && !known[name] {
			found = append(found, name)
		}
	}
	return found
}
