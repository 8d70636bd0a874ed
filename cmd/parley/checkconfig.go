package main

import (
	"fmt"

	"github.com/alecthomas/kong"
)

// checkConfigCmd checks everything that serve reads before it opens the store.
type checkConfigCmd struct {
	settings
	Quiet bool `short:"q" help:"Print nothing when all is well." yaml:"-"`
}

// Run checks and prints.
func (c *checkConfigCmd) Run(ctx *kong.Context, io streams) error {
	if err := c.check(); err != nil {
		return err
	}
	files, tenants, err := readTenants(c.Tenants)
	if err != nil {
		return err
	}
	if _, err := c.root(); err != nil {
		return err
	}
	if _, err := c.sockets(); err != nil {
		return err
	}
	for _, name := range strangers(ctx.Selected().Flags) {
		fmt.Fprintf(io.err, "parley: warning: the environment variable %s is no setting\n", name)
	}
	if c.Quiet {
		return nil
	}
	if err := c.print(io, files); err != nil {
		return err
	}
	fmt.Fprintf(io.err, "ok: %d tenant(s)\n", len(tenants.All()))
	return nil
}
