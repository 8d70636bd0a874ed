package bench

import (
	"strings"
	"testing"
)

func TestMessageNumber(t *testing.T) {
	for frame, want := range map[string]int64{
		`{"k":"evt","t":"message.new","sid":"x","seq":7,"cid":"m42","d":{}}`: 42,
		`{"k":"evt","t":"message.new","sid":"x","seq":7,"d":{}}`:             -1,
		`{"k":"evt","t":"session.started","cid":"m1","d":{}}`:                -1,
		`{"k":"res","id":"1","ok":true,"d":{}}`:                              -1,
	} {
		if got := messageNumber([]byte(frame)); got != want {
			t.Errorf("%s: got %d, want %d", frame, got, want)
		}
	}
}

func TestMedianKeepsWhatWentWrong(t *testing.T) {
	got := Median([]Row{{DeliveriesPerSecond: 3}, {DeliveriesPerSecond: 1, Lost: 2}, {DeliveriesPerSecond: 2, Duplicated: 1, GeneratorLimited: true}})
	if got.DeliveriesPerSecond != 2 || got.Lost != 2 || got.Duplicated != 1 || !got.GeneratorLimited || got.Repetitions != 3 {
		t.Errorf("got %+v", got)
	}
}

func TestWorse(t *testing.T) {
	old := []Row{{Scenario: "fan", N: 100, Mode: "fixed", DeliveriesPerSecond: 100, ServerCPUPerDelivery: 1, P99: 5}}
	for name, c := range map[string]struct {
		now  Row
		want string // empty: not worse
	}{
		"the same":         {old[0], ""},
		"within the share": {Row{Scenario: "fan", N: 100, Mode: "fixed", DeliveriesPerSecond: 95, ServerCPUPerDelivery: 1.05, P99: 5.4}, ""},
		"fewer":            {Row{Scenario: "fan", N: 100, Mode: "fixed", DeliveriesPerSecond: 80, ServerCPUPerDelivery: 1, P99: 5}, "deliveries_per_s"},
		"dearer":           {Row{Scenario: "fan", N: 100, Mode: "fixed", DeliveriesPerSecond: 100, ServerCPUPerDelivery: 1.2, P99: 5}, "server_cpu"},
		"slower":           {Row{Scenario: "fan", N: 100, Mode: "fixed", DeliveriesPerSecond: 100, ServerCPUPerDelivery: 1, P99: 6}, "p99_ms"},
		"lost":             {Row{Scenario: "fan", N: 100, Mode: "fixed", DeliveriesPerSecond: 100, ServerCPUPerDelivery: 1, P99: 5, Lost: 1}, "1 lost"},
		"other work":       {Row{Scenario: "fan", N: 10, Mode: "fixed", DeliveriesPerSecond: 100}, "not in the earlier run"},
	} {
		err := Worse(old, []Row{c.now}, 0.1)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
