package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/parleyhq/parley/bench"
)

// benchCmd groups the load scenarios.
type benchCmd struct {
	Fan  benchFanCmd  `cmd:"" help:"One session, N listening sockets, one message to all."`
	Idle benchIdleCmd `cmd:"" help:"Memory per connection and per open session in which nothing is said."`
}

// benchTarget is where the load goes.
type benchTarget struct {
	URL            string  `help:"Measure this server (ws:// or wss://host:port) instead of one of the bench's own." placeholder:"URL"`
	Tenant         string  `help:"Its tenant; its limits must allow the load." default:"bench"`
	Origin         string  `help:"A web origin of the tenant's list." default:"http://bench.localhost"`
	TokenFile      string  `help:"File with a visitor's token of that tenant; without it the bench makes a visitor." placeholder:"FILE"`
	Compare        string  `help:"Earlier output of --json; exit with 1 if a row is worse by more than --threshold." placeholder:"FILE"`
	Threshold      float64 `help:"Share by which a row may be worse than in --compare." default:"0.1"`
	IOwnThisTarget bool    `help:"Say that a server beyond this machine is yours to load."`
	Transcripts    string  `help:"on or off: whether the bench's own server keeps sealed transcripts." enum:"on,off" default:"off"`
	Pin            bool    `help:"Run the server on processor 0 and the generator on processor 1 (needs taskset)."`
	JSON           bool    `help:"Print one JSON object."`
	InFlight       int     `hidden:""`
}

type benchFanCmd struct {
	benchTarget
	N           int           `help:"Listening sockets." default:"100"`
	Mode        string        `help:"saturated: a closed loop; fixed: an open loop at --rate." enum:"saturated,fixed" default:"saturated"`
	Rate        float64       `help:"Deliveries per second, with --mode fixed." default:"40000"`
	Duration    time.Duration `help:"How long one repetition is measured." default:"10s"`
	Warmup      time.Duration `help:"Load before each measurement that does not count." default:"2s"`
	Size        int           `help:"Bytes of a message's text." default:"128"`
	Seed        uint64        `help:"Of the texts." default:"1"`
	Repetitions int           `help:"Runs; the median is reported." default:"3"`
}

type benchIdleCmd struct {
	benchTarget
	N      int           `help:"Visitors." default:"2000"`
	Settle time.Duration `help:"Quiet time before memory is read." default:"3s"`
}

// target starts a server of the bench's own, or checks that the named one may be loaded.
func (c *benchTarget) target(ctx context.Context, devices int) (*bench.Target, error) {
	if c.URL != "" {
		t := &bench.Target{URL: c.URL, Tenant: c.Tenant, Origin: c.Origin}
		if c.TokenFile != "" {
			token, err := os.ReadFile(c.TokenFile)
			if err != nil {
				return nil, usageError{err}
			}
			t.Token = strings.TrimSpace(string(token))
		}
		if !t.OnLoopback() && !c.IOwnThisTarget {
			return nil, wrongUsage("%s is not on this machine; load only what is yours, and say so with --i-own-this-target", c.URL)
		}
		return t, nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return bench.Server{Binary: self, Transcripts: c.Transcripts == "on", Devices: devices, Pin: c.Pin}.Start(ctx)
}

func (c *benchTarget) print(io streams, rows ...bench.Row) error {
	for i := range rows {
		rows[i].Transcripts = c.Transcripts == "on" && c.URL == ""
	}
	var err error
	if c.JSON {
		err = json.NewEncoder(io.out).Encode(bench.NewReport(rows...))
	} else {
		err = bench.WriteTable(io.out, rows)
	}
	if err != nil || c.Compare == "" {
		return err
	}
	return c.compare(rows)
}

// compare holds the rows against an earlier run's.
func (c *benchTarget) compare(rows []bench.Row) error {
	text, err := os.ReadFile(c.Compare)
	if err != nil {
		return usageError{err}
	}
	var old bench.Report
	if err := json.Unmarshal(text, &old); err != nil {
		return wrongUsage("%s: not the output of --json: %w", c.Compare, err)
	}
	return bench.Worse(old.Rows, rows, c.Threshold)
}

// Run measures.
func (c *benchFanCmd) Run(ctx context.Context, io streams) (err error) {
	if c.N < 1 || c.Repetitions < 1 {
		return wrongUsage("--n and --repetitions must be at least 1")
	}
	t, err := c.target(ctx, c.N+1)
	if err != nil {
		return err
	}
	defer func() {
		if stopped := t.Stop(); err == nil {
			err = stopped
		}
	}()
	var rows []bench.Row
	for i := range c.Repetitions {
		row, err := bench.Fan(ctx, t, bench.FanOptions{
			N: c.N, Mode: c.Mode, Rate: c.Rate, Duration: c.Duration, Warmup: c.Warmup, Size: c.Size, Seed: c.Seed + uint64(i),
			InFlight: c.InFlight,
		})
		if err != nil {
			return fmt.Errorf("fan: %w", err)
		}
		rows = append(rows, row)
	}
	return c.print(io, bench.Median(rows))
}

// Run measures.
func (c *benchIdleCmd) Run(ctx context.Context, io streams) (err error) {
	t, err := c.target(ctx, 1)
	if err != nil {
		return err
	}
	defer func() {
		if stopped := t.Stop(); err == nil {
			err = stopped
		}
	}()
	row, err := bench.Idle(ctx, t, c.N, c.Settle)
	if err != nil {
		return fmt.Errorf("idle: %w", err)
	}
	return c.print(io, row)
}
