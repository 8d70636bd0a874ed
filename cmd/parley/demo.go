package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/seal"
	"github.com/parleyhq/parley/transport"
	"github.com/parleyhq/parley/transport/auth"
)

// demoCmd runs a server with a made-up tenant, two operators and free ports.
type demoCmd struct {
	Listen         string        `help:"Address of the pages; a free port of loopback if not given." placeholder:"HOST:PORT" env:"PARLEY_DEMO_LISTEN"`
	AllowPlaintext bool          `help:"Allow an address beyond loopback: others then read along." env:"PARLEY_DEMO_ALLOW_PLAINTEXT"`
	Data           string        `help:"Folder to keep, so that a restart finds its chats; its keys are kept beside it. A temporary one if not given." placeholder:"DIR" env:"PARLEY_DEMO_DATA"`
	JSON           bool          `name:"json" help:"Print one line of JSON when ready, and nothing else." env:"-"`
	LogLevel       string        `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"warn"`
	DrainTimeout   time.Duration `help:"How long a stop waits for sockets and chats before it forces them." default:"3s"`
}

const demoTenant = "demo"

// demoTokenTTL is the longest that a token may be valid: nobody signs a new one
// while a demonstration runs.
const demoTokenTTL = auth.DefaultMaxTTL

// invitation is how to reach the demonstration; the console's addresses hold
// tokens, in the fragment, which browsers do not send.
type invitation struct {
	Visitor   string   `json:"visitor_url"`
	Operators []string `json:"operator_urls"`
	Operator  string   `json:"operator_url"` // the first of them
	Metrics   string   `json:"metrics_url"`
	API       string   `json:"api_url"`
	APIToken  string   `json:"api_token"` // of role admin
	Tenant    string   `json:"tenant"`
	Data      string   `json:"data_dir"`
}

// Run serves until a signal.
func (c *demoCmd) Run(ctx context.Context, io streams) (err error) {
	begun := time.Now()
	signals, ignore := catchSignals(true)
	defer ignore()
	home, cleanUp, err := c.home()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cleanUp()) }()
	bound, err := c.bind()
	if err != nil {
		return err
	}
	tenant := demoConfiguration(home.secret, origins(bound.public.Addr()))
	tenants, err := engine.NewTenants(tenant)
	if err != nil {
		bound.close()
		return err
	}
	registry := newRegistry()
	s, err := startStack(parts{
		data: home.data, root: home.root, tenants: tenants, logger: newLogger(io, "text", c.LogLevel),
		registry: registry, listeners: bound, tenant: demoTenant,
		sockets: transport.Options{AllowPlaintextBeyondLoopback: c.AllowPlaintext, DrainTimeout: socketsShare(c.DrainTimeout)},
	})
	if err != nil {
		return err
	}
	invite, err := inviteTo(bound, tenant, home)
	if err != nil {
		return errors.Join(err, s.stop(ctx))
	}
	if c.JSON {
		if err := json.NewEncoder(io.out).Encode(invite); err != nil {
			return errors.Join(err, s.stop(ctx))
		}
		return s.runUntil(ctx, signals, io, c.DrainTimeout, func() {})
	}
	invite.print(io, c.Data != "")
	line := startLiveLine(io.out, registry)
	var last readings
	err = s.runUntil(ctx, signals, io, c.DrainTimeout, func() {
		line.finish()
		last = read(registry) // now: a closed store has no metrics
	})
	fmt.Fprintf(io.out, "Stopped after %s: %s.\n", time.Since(begun).Round(time.Second), last.summary())
	return err
}

// bind takes the addresses: the one that was asked for, or free ports.
func (c *demoCmd) bind() (listeners, error) {
	public := c.Listen
	if public == "" {
		public = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(public)
	if err != nil {
		return listeners{}, wrongUsage("--listen: want host:port, got %q", public)
	}
	if !isLoopback(host) && !c.AllowPlaintext {
		return listeners{}, wrongUsage("--listen %s: plain text beyond loopback; --allow-plaintext if that is what you want", public)
	}
	return listen(public, "127.0.0.1:0", "127.0.0.1:0")
}

// demoHome is where a demonstration keeps what it needs.
type demoHome struct {
	data   string
	root   seal.Root
	secret string // signs operators' tokens
}

// home finds or makes the data folder and the keys beside it: never inside,
// so that a copy of the folder is worth nothing by itself.
func (c *demoCmd) home() (home demoHome, cleanUp func() error, err error) {
	cleanUp = func() error { return nil }
	data := c.Data
	if data == "" {
		temporary, err := os.MkdirTemp("", "parley-demo-")
		if err != nil {
			return demoHome{}, nil, err
		}
		cleanUp = func() error { return os.RemoveAll(temporary) }
		data = filepath.Join(temporary, "data")
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, cleanUp())
		}
	}()
	if data, err = filepath.Abs(data); err != nil {
		return demoHome{}, nil, err
	}
	if err := os.MkdirAll(filepath.Dir(data), 0o700); err != nil {
		return demoHome{}, nil, err
	}
	root, err := demoRoot(data + ".root.key")
	if err != nil {
		return demoHome{}, nil, err
	}
	secret, err := demoSecret(data + ".token.key")
	if err != nil {
		return demoHome{}, nil, err
	}
	return demoHome{data: data, root: root, secret: secret}, cleanUp, nil
}

func demoRoot(path string) (seal.Root, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := seal.GenerateRootFile(path); err != nil {
			return nil, err
		}
	}
	return seal.RootFromFile(path)
}

func demoSecret(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		secret := rand.Text() + rand.Text() // 52 characters, 260 bits
		return secret, os.WriteFile(path, []byte(secret+"\n"), 0o600)
	}
	return strings.TrimSpace(string(text)), err
}

func demoConfiguration(secret string, origins []string) *engine.Tenant {
	return &engine.Tenant{
		ID: demoTenant, Revision: 1, Name: "Demo Shop", Origins: origins, Transcripts: true, Peek: true,
		Departments: []engine.Department{
			{ID: "sales", Name: "Sales", OfferTimeout: 30 * time.Second, DeclineFor: 15 * time.Second},
			{ID: "support", Name: "Support", OfferTimeout: 30 * time.Second, DeclineFor: 15 * time.Second},
		},
		Operators: []engine.Operator{{ID: "ada", Name: "Ada"}, {ID: "grace", Name: "Grace"}},
		Keys:      []engine.TokenKey{{ID: "demo", Algorithm: "HS256", Secret: engine.BodyOf(secret)}},
	}
}

// origins are the web origins that the pages can have at an address.
func origins(address net.Addr) []string {
	host, port, _ := net.SplitHostPort(address.String())
	list := []string{"http://" + net.JoinHostPort("localhost", port), "http://" + net.JoinHostPort("127.0.0.1", port)}
	if ip := net.ParseIP(host); ip != nil && !ip.IsLoopback() && !ip.IsUnspecified() {
		list = append(list, "http://"+net.JoinHostPort(host, port))
	}
	return list
}

// inviteTo puts the addresses together and signs a token for each of them.
func inviteTo(bound listeners, tenant *engine.Tenant, home demoHome) (invitation, error) {
	base := "http://" + reachable(bound.public.Addr())
	query := "?tenant=" + url.QueryEscape(demoTenant)
	invite := invitation{
		Visitor: base + "/visitor" + query, Tenant: demoTenant, Data: home.data,
		Metrics: "http://" + bound.metrics.Addr().String() + "/metrics", API: "http://" + bound.admin.Addr().String() + "/v1",
	}
	for i, operator := range tenant.Operators {
		roles := []engine.Role{engine.RoleOperator}
		if i == len(tenant.Operators)-1 { // the last one shows what supervisors have
			roles = append(roles, engine.RoleSupervisor)
		}
		token, err := demoToken(tenant, operator.ID, roles...)
		if err != nil {
			return invitation{}, err
		}
		invite.Operators = append(invite.Operators, base+"/console"+query+"#token="+token)
	}
	invite.Operator = invite.Operators[0]
	var err error
	invite.APIToken, err = demoToken(tenant, tenant.Operators[0].ID, engine.RoleAdmin)
	return invite, err
}

func demoToken(tenant *engine.Tenant, operator engine.OperatorID, roles ...engine.Role) (string, error) {
	key := tenant.Keys[0]
	return auth.Sign(key.Secret.Reveal(), key.ID, auth.Claims{
		Tenant: tenant.ID, Operator: operator, Roles: roles, Issued: time.Now(), TTL: demoTokenTTL,
	})
}

// reachable is an address that a browser on this machine can open.
func reachable(address net.Addr) string {
	host, port, _ := net.SplitHostPort(address.String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// print is what a person reads.
func (i invitation) print(io streams, kept bool) {
	fmt.Fprintf(io.out, "Parley is running. Open these, each in a tab of its own:\n\n  visitor   %s\n  Ada       %s\n  Grace     %s (supervises)\n\n",
		i.Visitor, i.Operators[0], i.Operators[1])
	fmt.Fprintf(io.out, "  metrics   %s\n  REST      %s\n  data      %s", i.Metrics, i.API, i.Data)
	if !kept {
		fmt.Fprint(io.out, " (removed at the end; keep one with --data DIR)")
	}
	fmt.Fprint(io.out, "\n\nCtrl-C stops it.\n\n")
}
