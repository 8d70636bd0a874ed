package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
)

// killWorld is a server and all of its people.
type killWorld struct {
	// Fixed after construction.
	h         *crashHarness
	size      killSize
	operators []*killOperator
	watcher   *killOperator // member of both departments whom nothing is offered
	visitors  []*killVisitor

	ctx    context.Context // of the build-up; ends with the kill
	cancel context.CancelFunc
	coming sync.WaitGroup
	moved  atomic.Int64 // frames of the operators' watches
	killed atomic.Bool
	booted time.Time // when the server was started again
	late   int       // offers of before that were refused
}

func newKillWorld(t *testing.T, size killSize) *killWorld {
	t.Helper()
	h := newCrashHarness(t)
	h.admin = freePort(t)
	w := &killWorld{h: h, size: size}
	w.ctx, w.cancel = context.WithTimeout(context.Background(), 2*time.Minute)
	lines := []engine.DepartmentID{"sales", "support"}
	var file strings.Builder
	fmt.Fprintf(&file, "id: crash\norigins: [%q]\n", networkOrigin)
	fmt.Fprintf(&file, "keys: [{id: k, algorithm: HS256, secret: %s}]\nlimits: {messages_per_second: 100000}\ndepartments:\n", crashSecret)
	for i, line := range lines {
		fmt.Fprintf(&file, "- {id: %s, parallel: %d, queue_limit: 100000, queue_grace: 1h, offer_timeout: 1h, operator_grace: %v}\n", line, 2-i, size.grace)
	}
	file.WriteString("operators:\n- {id: watcher, capacity: 1, tiers: {sales: never_auto, support: never_auto}}\n- {id: root, capacity: 1, departments: [sales], tiers: {sales: never_auto}}\n")
	for i := range size.operators {
		o := newKillOperator(w, engine.OperatorID(fmt.Sprintf("op%d", i)))
		o.dept, o.share, o.lost = lines[i%killLines], size.share(i), i/killLines%10 == 9
		w.operators = append(w.operators, o)
		fmt.Fprintf(&file, "- {id: %s, capacity: %d, departments: [%s]}\n", o.id, killCapacity, o.dept)
	}
	w.watcher = newKillOperator(w, "watcher")
	w.watcher.watch = true
	for i := range size.visitors() {
		w.visitors = append(w.visitors, &killVisitor{w: w, dept: lines[i%killLines]})
	}
	if err := os.WriteFile(filepath.Join(h.dir, "tenants", "crash.yaml"), []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.cut)
	return w
}

func (w *killWorld) boot() { w.h.boot() }

// build lets everybody come, visitors start and operators take their share. How
// long it took is said in done, unless a kill comes first.
func (w *killWorld) build(done chan<- time.Duration) {
	begun := time.Now()
	var all sync.WaitGroup
	for i := range w.operators {
		all.Go(func() {
			if err := w.operators[i].connect(w.ctx); err == nil {
				w.operators[i].serve(w.ctx)
			}
		})
	}
	const atOnce = 50 // visitors on their way
	for n := range atOnce {
		all.Go(func() {
			for i := n; i < len(w.visitors) && w.ctx.Err() == nil; i += atOnce {
				w.visitors[i].come(w.ctx)
			}
		})
	}
	w.coming.Go(func() { // ends with the kill at the latest
		all.Wait()
		done <- time.Since(begun)
	})
}

// chatter lets operators write in their chats until the kill.
func (w *killWorld) chatter() {
	for _, o := range w.operators[:len(w.operators)/10] {
		w.coming.Go(func() {
			for n := 0; w.ctx.Err() == nil; n++ {
				sids := o.chats()
				for _, sid := range sids {
					if !o.say(w.ctx, sid, fmt.Sprint(n)) {
						return
					}
				}
				if len(sids) == 0 {
					time.Sleep(time.Millisecond) // until it has a chat
				}
			}
		})
	}
}

// chats are those that it believes to own.
func (o *killOperator) chats() (sids []engine.SessionID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for text := range o.taken {
		if sid, err := engine.ParseSessionID(text); err == nil {
			sids = append(sids, sid)
		}
	}
	return sids
}

// kill ends the server, boots it again and answers how long that took until it was
// ready. Nobody is connected then.
func (w *killWorld) kill() time.Duration {
	w.h.t.Helper()
	if !w.killed.Swap(true) {
		time.Sleep(20 * time.Millisecond) // so that writers are at it
	}
	if err := w.h.cmd.Process.Kill(); err != nil {
		w.h.t.Fatal(err)
	}
	_ = w.h.cmd.Wait()
	begun := time.Now()
	w.cancel()
	w.coming.Wait()
	w.cutAll()
	w.booted = time.Now()
	w.h.boot()
	return time.Since(begun)
}

func (w *killWorld) cutAll() {
	var going sync.WaitGroup
	for _, o := range append(w.operators, w.watcher) {
		going.Go(o.cut)
	}
	for _, v := range w.visitors {
		going.Go(v.cut)
	}
	going.Wait()
}

// cut is the end of the test.
func (w *killWorld) cut() {
	w.cancel()
	_ = w.h.cmd.Process.Kill()
	w.coming.Wait()
	w.cutAll()
}

// comeBack lets all operators but the lost ones, and all visitors, resume at once.
func (w *killWorld) comeBack() {
	w.h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var coming sync.WaitGroup
	for _, o := range append(w.operators, w.watcher) {
		if !o.lost {
			coming.Go(func() {
				if err := o.connect(ctx); err != nil {
					w.h.t.Errorf("%s does not come back: %v", o.id, err)
				}
			})
		}
	}
	const atOnce = 100
	for n := range atOnce {
		coming.Go(func() {
			for i := n; i < len(w.visitors); i += atOnce {
				if err := w.visitors[i].comeBack(ctx); err != nil {
					w.h.t.Errorf("a visitor does not come back: %v", err)
				}
			}
		})
	}
	coming.Wait()
}

// settle waits until nothing has moved for a while.
func (w *killWorld) settle() {
	w.h.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	last, since := w.moved.Load(), time.Now()
	for time.Since(since) < 400*time.Millisecond {
		time.Sleep(10 * time.Millisecond) // between two looks
		if now := w.moved.Load(); now != last {
			last, since = now, time.Now()
		}
		if time.Now().After(deadline) {
			w.h.t.Fatal("things do not come to rest")
		}
	}
}

// started are the sessions that were acknowledged.
func (w *killWorld) started() (all []*killVisitor) {
	for _, v := range w.visitors {
		v.mu.Lock()
		if !v.session.IsZero() {
			all = append(all, v)
		}
		v.mu.Unlock()
	}
	return all
}

// sum adds up something of all operators.
func (w *killWorld) sum(of func(*killOperator) int) (n int) {
	for _, o := range w.operators {
		o.mu.Lock()
		n += of(o)
		o.mu.Unlock()
	}
	return n
}

func (w *killWorld) owned() int { return w.sum(func(o *killOperator) int { return len(o.owned) }) }

func (w *killWorld) offers() int { return w.sum(func(o *killOperator) int { return len(o.offers) }) }

func (w *killWorld) accepted() int { return w.sum(func(o *killOperator) int { return len(o.taken) }) }

func (w *killWorld) messages() int {
	return w.sum(func(o *killOperator) (n int) {
		for _, of := range o.said {
			n += len(of)
		}
		return n
	})
}
