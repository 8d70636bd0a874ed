package simulate

import "github.com/parleyhq/parley/engine"

// Plans are the configurations of a world.
func Plans(seed uint64) []*engine.Tenant {
	w := newWorld(seed, false)
	return append(w.plans[:], w.reforms...)
}
