//go:build !race

package simulate_test

// slow: the race detector makes everything many times slower.
const slow = false
