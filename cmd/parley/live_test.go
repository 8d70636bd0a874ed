package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestReadings: the line and the summary say what the registry holds.
func TestReadings(t *testing.T) {
	registry := prometheus.NewRegistry()
	connections := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "parley_ws_connections"}, []string{"side"})
	entries := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "parley_entries_total"}, []string{"kind"})
	appends := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "parley_append_seconds", Buckets: []float64{.001, .01, .1}})
	registry.MustRegister(connections, entries, appends)

	before := read(registry)
	if got, want := lineOf(before, before), "0 connections, 0 messages/s"; got != want {
		t.Errorf("empty: got %q, want %q", got, want)
	}
	connections.WithLabelValues("visitor").Set(3)
	connections.WithLabelValues("operator").Set(2)
	entries.WithLabelValues("message.new").Add(7)
	entries.WithLabelValues("session.started").Add(1)
	for range 99 {
		appends.Observe(.0005)
	}
	now := read(registry)
	if got, want := lineOf(now, before), "5 connections, 7 messages/s, on disk within 1ms (p99)"; got != want {
		t.Errorf("line: got %q, want %q", got, want)
	}
	appends.Observe(.05)
	appends.Observe(5)
	later := read(registry)
	if got, want := lineOf(later, now), "5 connections, 0 messages/s, on disk later than 100ms (p99)"; got != want {
		t.Errorf("slow second: got %q, want %q", got, want)
	}
	if got, want := later.summary(), "chats: 1, messages: 7, on disk within 100ms (p99)"; got != want {
		t.Errorf("summary: got %q, want %q", got, want)
	}
}

// TestNoLiveLineWithoutTerminal: logs and pipes get no control characters.
func TestNoLiveLineWithoutTerminal(t *testing.T) {
	var out bytes.Buffer
	startLiveLine(&out, prometheus.NewRegistry()).finish()
	if strings.TrimSpace(out.String()) != "" {
		t.Errorf("got %q, want nothing", out.String())
	}
}
