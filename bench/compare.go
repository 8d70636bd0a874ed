package bench

import (
	"errors"
	"fmt"
)

// Worse says which rows are worse than their earlier run by more than a share
// of it: fewer deliveries, more processor time, a longer p99 at a fixed rate, more
// memory, or anything lost or doubled. Rows without an earlier one are an error:
// a comparison with nothing proves nothing. Nil: none is.
func Worse(old, now []Row, share float64) error {
	var found []error
	for _, row := range now {
		before, ok := sameWork(old, row)
		if !ok {
			found = append(found, fmt.Errorf("%s %d %s: not in the earlier run", row.Scenario, row.N, row.Mode))
			continue
		}
		for _, f := range []struct {
			name      string
			was, is   float64
			moreIsBad bool
		}{
			{"deliveries_per_s", before.DeliveriesPerSecond, row.DeliveriesPerSecond, false},
			{"server_cpu_us_per_delivery", before.ServerCPUPerDelivery, row.ServerCPUPerDelivery, true},
			{"rss_kib_per_conn", before.RSSPerConnection, row.RSSPerConnection, true},
			{"p99_ms", fixedOnly(before), fixedOnly(row), true},
		} {
			if f.was > 0 && (f.moreIsBad && f.is > f.was*(1+share) || !f.moreIsBad && f.is < f.was*(1-share)) {
				found = append(found, fmt.Errorf("%s %d %s: %s was %.4g and is %.4g", row.Scenario, row.N, row.Mode, f.name, f.was, f.is))
			}
		}
		if row.Lost+row.Duplicated > 0 {
			found = append(found, fmt.Errorf("%s %d %s: %d lost, %d doubled", row.Scenario, row.N, row.Mode, row.Lost, row.Duplicated))
		}
	}
	return errors.Join(found...)
}

func sameWork(rows []Row, like Row) (Row, bool) {
	for _, r := range rows {
		if r.Scenario == like.Scenario && r.N == like.N && r.Mode == like.Mode && r.Transcripts == like.Transcripts {
			return r, true
		}
	}
	return Row{}, false
}

// fixedOnly: in a closed loop latency follows from the rate.
func fixedOnly(r Row) float64 {
	if r.Mode == "fixed" {
		return r.P99
	}
	return 0
}
