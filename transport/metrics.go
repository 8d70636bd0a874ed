package transport

import (
	"github.com/prometheus/client_golang/prometheus"
)

// metrics are one server's counters. Labels are closed lists of words of this
// package; none names a tenant or a person.
type metrics struct {
	connections [sides]prometheus.Gauge
	byes        [endings]prometheus.Counter
	framesIn    prometheus.Counter
	framesOut   prometheus.Counter
	bytesIn     prometheus.Counter
	bytesOut    prometheus.Counter
	writes      prometheus.Counter
	dropped     prometheus.Counter
	badFrames   prometheus.Counter
	limited     prometheus.Counter
	handshakes  *prometheus.CounterVec
	auths       *prometheus.CounterVec
	denials     *prometheus.CounterVec
	pending     prometheus.Histogram
	unacked     prometheus.Histogram
	panics      prometheus.Counter
	files       *prometheus.CounterVec
	fileBytes   *prometheus.CounterVec
}

func newMetrics(to prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "parley", Name: name, Help: help})
	}
	counters := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "parley", Name: name, Help: help}, []string{label})
	}
	connections := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: "parley", Name: "ws_connections", Help: "Seated WebSocket connections.",
	}, []string{"side"})
	byes := counters("bye_total", "WebSocket connections ended, by reason; gone means that the other end vanished.", "reason")
	m := &metrics{
		framesIn:   counter("ws_frames_in_total", "Messages received from clients."),
		framesOut:  counter("ws_frames_out_total", "Frames written to clients."),
		bytesIn:    counter("ws_in_bytes_total", "Bytes of messages received from clients."),
		bytesOut:   counter("ws_out_bytes_total", "Bytes written to clients, with frame headers."),
		writes:     counter("ws_writes_total", "Writes to sockets; several frames may share one."),
		dropped:    counter("ws_signals_dropped_total", "Ephemeral frames dropped because their receiver was slow."),
		badFrames:  counter("ws_bad_frames_total", "Messages from clients that were no frame of the protocol."),
		limited:    counter("ws_rate_limited_total", "Requests refused because their connection sent too many."),
		handshakes: counters("ws_handshakes_refused_total", "Handshakes refused, by reason.", "reason"),
		auths: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "parley", Name: "auth_refused_total", Help: "Refused requests auth and auth.refresh, by error code.",
		}, []string{"side", "reason"}),
		denials: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "parley", Name: "auth_denied_total", Help: "Refused attempts to be let in or to stay, by what was wrong.",
		}, []string{"side", "denial"}),
		pending: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "parley", Name: "ws_outbox_pending_bytes", Help: "Bytes that wait for a connection, sampled when it is pinged.",
			Buckets: prometheus.ExponentialBuckets(256, 4, 8),
		}),
		unacked: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "parley", Name: "ws_unacked_events", Help: "Events sent that a client which acknowledges has not acknowledged, sampled when it is pinged.",
			Buckets: prometheus.ExponentialBuckets(1, 4, 7),
		}),
		files: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "parley", Name: "file_transfers_total", Help: "Requests for the bytes of files, by direction and result: ok or an error code.",
		}, []string{"direction", "result"}),
		fileBytes: counters("file_bytes_total", "Bytes of files that came in and went out, whatever came of them.", "direction"),
		panics:    counter("ws_panics_total", "Panics caught in connections; each ended one connection."),
	}
	for s := range m.connections {
		m.connections[s] = connections.WithLabelValues(side(s).String())
	}
	for e := endBye; e < endings; e++ {
		m.byes[e] = byes.WithLabelValues(farewellOf(e).reason)
	}
	for _, c := range []prometheus.Collector{
		connections, byes, m.framesIn, m.framesOut, m.bytesIn, m.bytesOut, m.writes, m.dropped, m.badFrames, m.limited,
		m.handshakes, m.auths, m.denials, m.pending, m.unacked, m.panics, m.files, m.fileBytes,
	} {
		if err := to.Register(c); err != nil {
			return m, err
		}
	}
	return m, nil
}
