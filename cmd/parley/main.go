// Command parley runs the chat routing engine: a server for production, a
// demonstration for the first five minutes, and the small tools around them.
//
// Every setting can be given by flag, by environment variable (PARLEY_ and the
// flag's name in capitals) and, for serve and check-config, in a YAML file; a
// flag goes before the environment, which goes before the file. `parley
// COMMAND --help` lists them.
//
// Exit codes: 0 done; 1 failed while running; 2 wrong usage or configuration;
// 3 a second signal ended it before it had drained.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitForced = 3
)

// cli is the command line. Each command is one file, named for it.
type cli struct {
	Serve       serveCmd       `cmd:"" help:"Run the server."`
	Demo        demoCmd        `cmd:"" help:"Run a server with a made-up tenant on this machine, to try it out."`
	CheckConfig checkConfigCmd `cmd:"" help:"Check the settings and tenants that serve would run with, and print them with secrets masked."`
	Token       tokenCmd       `cmd:"" help:"Sign a token for one of a tenant's operators or servers."`
	Keys        keysCmd        `cmd:"" help:"Make keys."`
	Bench       benchCmd       `cmd:"" help:"Measure this server, or one of yours, under load."`
	Explain     explainCmd     `cmd:"" help:"Ask a running server how a chat found its operator, or why somebody was not chosen."`
	Simulate    simulateCmd    `cmd:"" help:"Run the rules in virtual time, with restarts and late mail, and check the invariants at every step."`
	Version     versionCmd     `cmd:"" help:"Say which version this is."`
}

// streams are where commands read and write, and the process they live in.
type streams struct {
	out, err io.Writer
	exit     func(int) // ends the process at once; for a second signal
}

// usageError marks what the person at the command line can mend.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func wrongUsage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func main() {
	os.Exit(run(context.Background(), os.Args[1:], streams{os.Stdout, os.Stderr, os.Exit}))
}

// run is main without the process around it.
func run(ctx context.Context, args []string, io streams) int {
	parser, err := newParser(&cli{}, io)
	if err != nil {
		panic(err) // the struct above is malformed
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(io.err, "parley: %v\n", err)
		return exitUsage
	}
	command.BindTo(ctx, (*context.Context)(nil))
	command.Bind(io)
	return report(io.err, command.Run())
}

func newParser(grammar any, io streams) (*kong.Kong, error) {
	return kong.New(
		grammar,
		kong.Name("parley"),
		kong.Description("A real-time chat routing engine. Exit codes: 0 done, 1 failed while running, 2 wrong usage or configuration, 3 ended by a second signal."),
		kong.DefaultEnvars("PARLEY"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(io.out, io.err),
		kong.Exit(io.exit),
	)
}

// report prints an error and chooses the exit code.
func report(out io.Writer, err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		fmt.Fprintf(out, "parley: %v\n", err)
		return exitUsage
	default:
		fmt.Fprintf(out, "parley: %v\n", err)
		return exitFailed
	}
}
