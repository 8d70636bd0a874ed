//go:build !linux

package bench

import (
	"errors"
	"time"
)

var errNoProc = errors.New("process figures are read from /proc, which this system does not have")

func cpuTime(int) (time.Duration, error) { return 0, errNoProc }

func residentKiB(int) (float64, error) { return 0, errNoProc }
