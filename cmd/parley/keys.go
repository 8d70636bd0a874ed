package main

import (
	"fmt"

	"github.com/parleyhq/parley/persistence/seal"
)

type keysCmd struct {
	New keysNewCmd `cmd:"" help:"Make a root key in a new file that only you can read."`
}

type keysNewCmd struct {
	RootKeyFile string `help:"File to make; it must not exist." placeholder:"FILE" required:""`
}

// Run makes the file. An existing one is left alone: what is stored under it
// would be lost.
func (c *keysNewCmd) Run(io streams) error {
	if err := seal.GenerateRootFile(c.RootKeyFile); err != nil {
		return usageError{err}
	}
	fmt.Fprintf(io.out, "root key written to %s\nKeep a copy in a safe place, outside the data folder and its backups: without it nothing stored can be read.\n", c.RootKeyFile)
	return nil
}
