package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/parleyhq/parley/persistence/seal"
	"github.com/parleyhq/parley/transport/client"
)

// TestNetworkTCP plays rounds as TestNetworkModel does, over real sockets: each
// device reaches the server through a proxy of its own that delays, throttles,
// slices, swallows (half-open) and resets. 10 rounds; 200 with
// PARLEY_TEST_LONG=1.
func TestNetworkTCP(t *testing.T) {
	rounds := 10
	if os.Getenv("PARLEY_TEST_LONG") != "" {
		rounds = 200
	}
	root := testRoot(t)
	zerolog.SetGlobalLevel(zerolog.Disabled) // some of the proxy's parts log by themselves
	begun := time.Now()
	var total tally
	var adding sync.Mutex
	var playing errgroup.Group
	playing.SetLimit(5) // they wait, mostly
	for i := range rounds {
		playing.Go(func() error {
			if t.Failed() {
				return nil
			}
			w, err := tcpRound(uint64(i+1), root)
			if err != nil {
				return err
			}
			adding.Lock()
			defer adding.Unlock()
			judge(t, w)
			total.add(w)
			return nil
		})
	}
	if err := playing.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rounds in %v: %s", total.rounds, time.Since(begun).Round(100*time.Millisecond), total)
	if n := total.rounds; !t.Failed() && (total.acked < 20*n || total.repeated == 0 || total.connections < 6*n) {
		t.Error("too little happened for the rounds to mean anything")
	}
}

// realPace is that of a world in which time costs time.
var realPace = pace{act: 40 * time.Millisecond, late: 200 * time.Millisecond, look: 10 * time.Millisecond, calm: 300 * time.Millisecond}

func tcpRound(seed uint64, root seal.Root) (*world, error) {
	rng := rand.New(rand.NewPCG(seed, 7))
	w, err := newWorld(4*seed, root, rng) // always on the real store
	if err != nil {
		return nil, err
	}
	if w.tenants, err = networkTenants(10_000); err != nil { // here, to wait for a rate costs time
		return nil, err
	}
	bound, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := bound.Addr().String()
	w.network, w.pace = nil, realPace
	w.listen = func() (net.Listener, error) { // the same address after a restart
		if l := bound; l != nil {
			bound = nil
			return l, nil
		}
		return net.Listen("tcp", address)
	}
	w.sockets.PingEvery, w.sockets.PongTimeout, w.sockets.DrainTimeout = 500*time.Millisecond, 250*time.Millisecond, 500*time.Millisecond
	w.clients = client.ResumeOptions{
		MinBackoff: 20 * time.Millisecond, MaxBackoff: 300 * time.Millisecond, DialTimeout: 700 * time.Millisecond,
		WriteTimeout: time.Second, ResultTimeout: time.Second, Silence: 800 * time.Millisecond,
	}
	if err := w.boot(); err != nil {
		return nil, err
	}
	w.people(rng)
	var proxies []*toxiproxy.Proxy
	logger := zerolog.Nop()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), logger)
	for _, d := range w.devices {
		p := toxiproxy.NewProxy(server, d.name, "127.0.0.1:0", address)
		if err := p.Start(); err != nil {
			return nil, err
		}
		defer p.Stop()
		proxies = append(proxies, p)
		d.way = func(ctx context.Context) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, "tcp", p.Listen)
		}
	}
	w.session(rng, time.Duration(400+rng.IntN(600))*time.Millisecond, func(rng *rand.Rand, until time.Time) error {
		return w.poison(rng, until, proxies)
	})
	return w, nil
}

// toxics are what a proxy may be given, with their attributes.
var toxics = []string{
	`"type":"latency","attributes":{"latency":40,"jitter":30}`,
	`"type":"bandwidth","attributes":{"rate":4}`,
	`"type":"slicer","attributes":{"average_size":16,"size_variation":8,"delay":300}`,
	`"type":"timeout","attributes":{"timeout":0}`,
	`"type":"reset_peer","attributes":{"timeout":0}`,
	`"type":"reset_peer","attributes":{"timeout":30}`,
	`"type":"limit_data","attributes":{"bytes":3000}`,
	`"type":"slow_close","attributes":{"delay":50}`,
}

// poison spoils each proxy's connections by turns until the time is over, and
// stops the server once in some rounds of the long form.
func (w *world) poison(rng *rand.Rand, until time.Time, proxies []*toxiproxy.Proxy) error {
	var spoiling sync.WaitGroup
	for _, p := range proxies {
		dice := rand.New(rand.NewPCG(rng.Uint64(), 8))
		spoiling.Go(func() {
			for n := 0; time.Now().Before(until); n++ {
				time.Sleep(time.Duration(dice.IntN(150)) * time.Millisecond)
				stream := []string{"upstream", "downstream"}[dice.IntN(2)]
				name := fmt.Sprint("toxic", n)
				toxic := fmt.Sprintf(`{"name":%q,"stream":%q,"toxicity":1,%s}`, name, stream, toxics[dice.IntN(len(toxics))])
				if _, err := p.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
					w.fault("add %s: %v", toxic, err)
					return
				}
				time.Sleep(time.Duration(dice.IntN(250)) * time.Millisecond)
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				_ = p.Toxics.RemoveToxic(ctx, name) // what it holds up may not want to end: the link does then
				cancel()
			}
			p.Toxics.ResetToxics(context.Background())
		})
	}
	var err error
	if rng.IntN(3) == 0 && os.Getenv("PARLEY_TEST_LONG") != "" { // a stop spreads the return over six seconds
		time.Sleep(time.Until(until) / 2)
		if err = w.halt(false); err == nil {
			w.crashes++
			err = w.boot()
		}
	}
	spoiling.Wait()
	return err
}
