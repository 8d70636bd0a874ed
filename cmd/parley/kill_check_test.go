package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
	"github.com/parleyhq/parley/transport/wire"
)

// killFile is what the server says of one session: by REST, and its whole log.
type killFile struct {
	sid    string
	State  string       `json:"state"`
	Epoch  engine.Epoch `json:"ep"`
	Owner  string       `json:"owner"`
	Dept   string       `json:"department"`
	log    []*wire.Server
	queued time.Time           // first
	lost   bool                // went back to the line for its lost operator
	grace  time.Time           // of the last time that its owner was missed
	live   map[string]struct{} // offers that have not ended, by their ids
}

// key is where the session belongs in its line: the lowest goes first.
func (f *killFile) key() time.Time {
	if f.lost {
		return f.queued.Add(-engine.RequeueBoost)
	}
	return f.queued
}

func (f *killFile) waits() bool { return f.State == "queued" }

// story is the log in short: times, kinds, causes.
func (f *killFile) story() string {
	var b strings.Builder
	for _, e := range f.log {
		fmt.Fprintf(&b, " %s %s %s,", e.At.Format("05.000"), e.Type, e.Cause)
	}
	return b.String()
}

// known are all sessions that anybody has heard of.
func (w *killWorld) known() map[string]bool {
	all := map[string]bool{}
	for _, v := range w.started() {
		all[v.session.String()] = true
	}
	for _, o := range append(w.operators, w.watcher) {
		o.mu.Lock()
		for sid := range o.owned {
			all[sid] = true
		}
		for sid := range o.offers {
			all[sid] = true
		}
		for sid := range o.line {
			all[sid] = true
		}
		o.mu.Unlock()
	}
	return all
}

// ask reads from REST as the tenant's server.
func (w *killWorld) ask(path string, into any) error {
	token, err := auth.Sign([]byte(crashSecret), "k", auth.Claims{Tenant: "crash", Operator: "root", Roles: []engine.Role{engine.RoleAdmin}, Issued: time.Now(), TTL: time.Hour})
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodGet, "http://"+w.h.admin+"/v1/tenants/crash/sessions/"+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}

// file reads a session and follows its log: numbers without a gap, epochs that only
// grow, one assignment an epoch.
func (w *killWorld) file(sid string) (*killFile, error) {
	f := &killFile{sid: sid, live: map[string]struct{}{}}
	if err := w.ask(sid, f); err != nil {
		return nil, err
	}
	for after := engine.Seq(0); ; {
		var page struct {
			Events []*wire.Server `json:"events"`
			More   bool           `json:"more"`
		}
		if err := w.ask(fmt.Sprintf("%s/events?after_seq=%d", sid, after), &page); err != nil {
			return nil, err
		}
		f.log = append(f.log, page.Events...)
		if !page.More || len(page.Events) == 0 {
			return f, f.follow()
		}
		after = page.Events[len(page.Events)-1].Seq
	}
}

func (f *killFile) follow() error {
	var epoch, granted engine.Epoch
	for i, e := range f.log {
		var d wire.Data
		if err := e.Read(&d); err != nil {
			return fmt.Errorf("entry %d: %w", e.Seq, err)
		}
		switch {
		case e.Seq != engine.Seq(i+1):
			return fmt.Errorf("entry %d is the %d. of the log", e.Seq, i+1)
		case e.Epoch < epoch:
			return fmt.Errorf("entry %d is of epoch %d after %d", e.Seq, e.Epoch, epoch)
		}
		epoch = e.Epoch
		switch e.Type {
		case "session.queued":
			f.queued = e.At
		case "offer.made":
			f.live[d.Offer] = struct{}{}
		case "offer.ended":
			delete(f.live, d.Offer)
		case "session.detached":
			f.grace = d.Deadline
		case "session.requeued":
			f.lost = f.lost || e.Cause == "operator_lost"
		case "session.assigned":
			delete(f.live, d.Offer)
			if e.Epoch <= granted {
				return fmt.Errorf("I1: entry %d is the second assignment of epoch %d", e.Seq, e.Epoch)
			}
			granted = e.Epoch
		}
	}
	return nil
}

// files reads all sessions.
func (w *killWorld) files() map[string]*killFile {
	w.h.t.Helper()
	work := make(chan string)
	all := map[string]*killFile{}
	var mu sync.Mutex
	var reading sync.WaitGroup
	for range 8 {
		reading.Go(func() {
			for sid := range work {
				f, err := w.file(sid)
				mu.Lock()
				if err != nil {
					w.h.t.Errorf("session %s: %v", sid, err)
				}
				if f != nil {
					all[sid] = f
				}
				mu.Unlock()
			}
		})
	}
	for sid := range w.known() {
		work <- sid
	}
	close(work)
	reading.Wait()
	return all
}

// awaitLost waits until nobody owns what belonged to those who do not come back.
func (w *killWorld) awaitLost() {
	w.h.t.Helper()
	deadline := time.Now().Add(w.size.grace + 30*time.Second)
	for _, o := range w.operators {
		for sid := range o.taken {
			for o.lost {
				var f killFile
				if err := w.ask(sid, &f); err != nil {
					w.h.t.Fatalf("session %s: %v", sid, err)
				}
				if f.Owner != string(o.id) {
					break
				}
				if time.Now().After(deadline) {
					w.h.t.Fatalf("session %s is still %s of %s, who is gone", sid, f.State, o.id)
				}
				time.Sleep(10 * time.Millisecond) // between two looks
			}
		}
	}
}

// check compares what the server says with what people have been told.
func (w *killWorld) check() {
	w.h.t.Helper()
	files := w.files()
	owners, offered := map[string][]string{}, map[string]map[string]struct{}{}
	for _, o := range w.operators {
		if o.lost {
			continue
		}
		o.mu.Lock()
		for sid := range o.owned {
			owners[sid] = append(owners[sid], string(o.id))
		}
		for sid, offer := range o.offers {
			if offered[sid] == nil {
				offered[sid] = map[string]struct{}{}
			}
			offered[sid][offer.ID] = struct{}{}
		}
		o.mu.Unlock()
	}
	for sid, f := range files {
		w.checkPlace(f, owners[sid], offered[sid])
	}
	w.checkJournals(files)
	w.checkLines(files)
}

// checkPlace: the session is in exactly one place, and all agree which that is.
func (w *killWorld) checkPlace(f *killFile, owners []string, offered map[string]struct{}) {
	w.watcher.mu.Lock()
	inLine := w.watcher.line[f.sid]
	w.watcher.mu.Unlock()
	bad := func(format string, args ...any) {
		w.h.t.Errorf("session %s, %s of %q: %s", f.sid, f.State, f.Owner, fmt.Sprintf(format, args...))
	}
	switch f.State {
	case "active":
		if len(owners) != 1 || owners[0] != f.Owner {
			bad("I1: %q believe that they own it", owners)
		}
		if inLine {
			bad("I4: it is in the line as well")
		}
	case "queued", "offered":
		if !inLine {
			bad("I4: it is not in the line")
		}
		if f.Owner != "" || len(owners) > 0 {
			bad("I1: %q believe that they own it", owners)
		}
	default:
		bad("I4: it should be owned or in the line")
	}
	if (f.State == "offered") != (len(offered) > 0) || len(offered) != len(f.live) {
		bad("I4: %d offers by its log, %d in operators' hands", len(f.live), len(offered))
	}
	for id := range offered {
		if _, live := f.live[id]; !live {
			bad("offer %s is over by its log", id)
		}
	}
}

// checkJournals: what was acknowledged is there, and who came back in time owns what
// it owned.
func (w *killWorld) checkJournals(files map[string]*killFile) {
	for _, o := range w.operators {
		for sid, epoch := range o.taken {
			f := files[sid]
			if f == nil {
				continue // said already
			}
			assigned := false
			for _, e := range f.log {
				var d wire.Data
				assigned = assigned || e.Type == "session.assigned" && e.Epoch == epoch && e.Read(&d) == nil && d.Operator == string(o.id)
			}
			if !assigned {
				w.h.t.Errorf("session %s: %s was told that it owns epoch %d, the log does not know", sid, o.id, epoch)
			}
			switch {
			case o.lost && !f.lost:
				w.h.t.Errorf("session %s did not go back to the line, although %s is lost", sid, o.id)
			case !o.lost && f.lost && o.at.Before(f.grace):
				w.h.t.Errorf("session %s was taken from %s, who was back at %v, before %v", sid, o.id, o.at, f.grace)
			}
		}
		for sid, said := range o.said {
			for key, seq := range said {
				if f := files[sid]; f != nil && (int(seq) > len(f.log) || f.log[seq-1].Client != key) {
					w.h.t.Errorf("session %s: message %s of %s, acknowledged as %d, is not there", sid, key, o.id, seq)
				}
			}
		}
	}
}

// checkLines: of those that have waited all along the eldest are offered (I6), and
// while anybody waits no slot is free (I5).
func (w *killWorld) checkLines(files map[string]*killFile) {
	youngest, eldest := map[string]*killFile{}, map[string]*killFile{}
	for _, f := range files {
		switch {
		case f.lost: // came when every slot was promised
		case f.State == "offered" && (youngest[f.Dept] == nil || f.queued.After(youngest[f.Dept].queued)):
			youngest[f.Dept] = f
		case f.waits() && (eldest[f.Dept] == nil || f.queued.Before(eldest[f.Dept].queued)):
			eldest[f.Dept] = f
		}
	}
	for line, y := range youngest {
		if e := eldest[line]; e != nil && y.queued.After(e.queued) {
			w.h.t.Errorf("I6: session %s of %v is offered, session %s of %v waits; it was booted at %v; their logs:%v; %v", y.sid, y.queued, e.sid, e.queued, w.booted, y.story(), e.story())
		}
	}
	for _, o := range w.operators {
		o.mu.Lock()
		if n := len(o.owned) + len(o.offers); !o.lost && (n > killCapacity || n < killCapacity && eldest[string(o.dept)] != nil) {
			w.h.t.Errorf("I5: %s has %d chats and %d offers of %d, while session %v waits", o.id, len(o.owned), len(o.offers), killCapacity, eldest[string(o.dept)] != nil)
		}
		o.mu.Unlock()
	}
}

// lateAccepts tries the offers of before the kill: each is gone.
func (w *killWorld) lateAccepts() {
	w.h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, o := range w.operators {
		for _, offer := range o.old {
			if o.lost {
				continue
			}
			sid, number, _ := wire.ParseOfferID(offer.ID)
			if _, err := o.c.Accept(ctx, sid, number, offer.Epoch); !errors.Is(err, engine.ErrOfferGone) {
				w.h.t.Errorf("%s accepts offer %s of before: got %v, want %v", o.id, offer.ID, err, engine.ErrOfferGone)
			}
			w.late++
		}
	}
}
