package bench

import (
	"os"
	"time"
)

// ownCPU is this process's CPU time so far; 0 where it cannot be read.
func ownCPU() time.Duration {
	cpu, err := cpuTime(os.Getpid())
	if err != nil {
		return 0
	}
	return cpu
}
