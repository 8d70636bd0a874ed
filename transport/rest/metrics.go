package rest

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics count operations by name and status; no label holds an id.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	denials  *prometheus.CounterVec
}

func newMetrics(registerer prometheus.Registerer) metrics {
	factory := promauto.With(registerer)
	return metrics{
		requests: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_rest_requests_total", Help: "REST requests by operation and HTTP status.",
		}, []string{"operation", "status"}),
		denials: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_rest_denied_total", Help: "REST requests whose bearer was refused, by what was wrong.",
		}, []string{"denial"}),
		seconds: factory.NewHistogramVec(prometheus.HistogramOpts{
			Name: "parley_rest_request_seconds", Help: "Time from a REST request's last byte to its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"operation"}),
	}
}

func (m metrics) count(operation string, status int, took time.Duration) {
	m.requests.WithLabelValues(operation, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(operation).Observe(took.Seconds())
}
