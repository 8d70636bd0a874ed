package routing

import "time"

// NextTimer is when a decline, a step or breathing time ends next: Deadline
// without what comes back anyway.
func (r *Router) NextTimer() time.Time {
	t, found := r.timers.min()
	if !found {
		return time.Time{}
	}
	return moment(t.at)
}
