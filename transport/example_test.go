package transport_test

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/parleyhq/parley/actors"
	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence"
	"github.com/parleyhq/parley/persistence/seal"
	"github.com/parleyhq/parley/transport"
	"github.com/parleyhq/parley/transport/client"
)

// staff is how this host knows its operators: by a list of its own.
type staff map[string]engine.OperatorID

// Operator compares in constant time, so that nobody guesses a token by its
// answer's delay.
func (s staff) Operator(_ context.Context, _ *engine.Tenant, token string) (engine.Principal, error) {
	for known, id := range s {
		if subtle.ConstantTimeCompare([]byte(known), []byte(token)) == 1 {
			return engine.Principal{Operator: id, Roles: []engine.Role{engine.RoleOperator}}, nil
		}
	}
	return engine.Principal{}, engine.ErrAuthInvalid
}

// serve runs the engine inside this program until ctx ends, with the program's
// own authenticator, logger and metrics registry. The README shows it.
func serve(ctx context.Context, dir string, root seal.Root, tenants *engine.Tenants, logins transport.Authenticator,
	logger *slog.Logger, registry prometheus.Registerer, ln net.Listener,
) error {
	store, err := persistence.Open(dir, persistence.Options{Root: root, Logger: logger, Registerer: registry})
	if err != nil {
		return err
	}
	sys, err := actors.Start(actors.Config{Store: store, Tenants: tenants, Logger: logger, Registerer: registry})
	if err != nil {
		return errors.Join(err, store.Close())
	}
	srv := transport.NewServer(sys, transport.Options{
		Tenants: tenants, Authenticator: logins, Logger: logger, Registerer: registry,
	})
	err = srv.Serve(ctx, ln) // drains its sockets when ctx ends
	return errors.Join(err, sys.Stop(context.Background()), store.Close())
}

// prepare makes what a host has already: a root key and its tenants.
func prepare(dir string) (seal.Root, *engine.Tenants, error) {
	key := filepath.Join(dir, "root.key")
	if err := seal.GenerateRootFile(key); err != nil {
		return nil, nil, err
	}
	root, err := seal.RootFromFile(key)
	if err != nil {
		return nil, nil, err
	}
	tenants, err := engine.NewTenants(&engine.Tenant{
		ID: "acme", Origins: []string{"https://shop.example"}, Transcripts: true,
		Departments: []engine.Department{{ID: "sales"}}, Operators: []engine.Operator{{ID: "ada", Name: "Ada"}},
	})
	return root, tenants, err
}

// A host embeds the engine: a store, a system and a server, stopped in reverse.
func Example() {
	dir, err := os.MkdirTemp("", "parley-example-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	root, tenants, err := prepare(dir)
	if err != nil {
		panic(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	registry := prometheus.NewRegistry()
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() {
		logins, logger := staff{"ada's token": "ada"}, slog.New(slog.DiscardHandler)
		served <- serve(ctx, filepath.Join(dir, "data"), root, tenants, logins, logger, registry, ln)
	}()

	operator, err := client.DialOperator(ctx, client.Options{Addr: ln.Addr().String(), Tenant: "acme", Token: "ada's token", Intent: engine.IntentAccepting})
	if err != nil {
		panic(err)
	}
	visitor, err := client.DialVisitor(ctx, client.Options{Addr: ln.Addr().String(), Tenant: "acme", Origin: "https://shop.example"})
	if err != nil {
		panic(err)
	}
	session, err := visitor.Start(ctx, "sales", "Is the blue one in stock?")
	if err != nil {
		panic(err)
	}
	fmt.Println(operator.Welcome.Operator.Name, "is at her desk")
	fmt.Println("durable:", session.Seq > 0)
	_, _ = visitor.Close(), operator.Close()

	stop()
	fmt.Println("stopped:", <-served)
	// Output:
	// Ada is at her desk
	// durable: true
	// stopped: <nil>
}
