package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/wire"
)

// sees is what a device may see.
func (d *device) sees() engine.Visibility {
	if d.operator != "" {
		return engine.VisibleToOperators
	}
	return engine.VisibleToAll
}

// want is what a device should have been shown of a log, from a number on.
func (d *device) want(log []*engine.Entry, from engine.Seq) []engine.Seq {
	var want []engine.Seq
	for _, e := range log {
		if e.Seq >= from && e.IsVisible(d.sees()) {
			want = append(want, e.Seq)
		}
	}
	return want
}

func (v *shown) seqs() []engine.Seq {
	var seqs []engine.Seq
	for _, e := range v.events {
		seqs = append(seqs, e.Seq)
	}
	return seqs
}

// sessions lists every session that anybody has heard of.
func (w *world) sessions() []engine.SessionID {
	seen := map[engine.SessionID]bool{}
	w.mu.Lock()
	for _, u := range w.posted {
		if u.acked && !u.session.IsZero() {
			seen[u.session] = true
		}
	}
	w.mu.Unlock()
	for _, d := range w.devices {
		d.mu.Lock()
		for id := range d.views {
			seen[id] = true
		}
		d.mu.Unlock()
	}
	var all []engine.SessionID
	for id := range seen {
		all = append(all, id)
	}
	return all
}

// behind names a device that does not hold all of a log that it knows of.
func (w *world) behind() string {
	for _, id := range w.sessions() {
		log, err := w.log(id)
		if err != nil {
			return err.Error()
		}
		for _, d := range w.devices {
			d.mu.Lock()
			v := d.views[id]
			why := ""
			if v != nil {
				if got, want := v.seqs(), d.want(log, v.from); len(got) < len(want) {
					why = fmt.Sprintf("%s holds %d of %d events of session %s from %d on: %s; it lives with %+v", d.name, len(got), len(want), id, v.from, firstMissing(got, want), d.r.Stats())
				}
			}
			d.mu.Unlock()
			if why != "" {
				return why
			}
		}
	}
	return ""
}

func firstMissing(got, want []engine.Seq) string {
	for i, seq := range want {
		if i >= len(got) || got[i] != seq {
			return fmt.Sprintf("%d is missing", seq)
		}
	}
	return "none is missing"
}

// compare is the oracle: what was acknowledged is in the log, once; nothing is in
// it twice; numbers have no gap; and each device was shown what it may see of the
// log, each event once and in order, or was reset, and then history has the rest;
// and the server never said an event twice to who held it, nor left one out.
func (w *world) compare() error {
	places := map[string][]string{} // where each key is in the logs
	owners := map[engine.SessionID]engine.OperatorID{}
	visitors := map[string]engine.SessionID{} // the newest session of each visitor
	for _, id := range w.sessions() {
		log, err := w.log(id)
		if err != nil {
			return err
		}
		w.checkLog(id, log, places, owners)
		for _, d := range w.devices {
			if err := w.checkView(d, id, log); err != nil {
				return err
			}
		}
	}
	for _, d := range w.devices {
		if stats := d.r.Stats(); stats.Doubled > 0 || stats.Gaps > 0 {
			w.fault("%s: %d events came although it held them, %d without the one before", d.name, stats.Doubled, stats.Gaps)
		}
	}
	w.checkAnswers(places)
	w.checkLast(visitors)
	return nil
}

// offerLoop is how many offers of one session within a second are a loop: an offer
// that ends at once, and is made again at once, for ever.
const offerLoop = 30

// checkLog wants numbers without a gap, the right predecessors, one owner per
// epoch, and nothing after the end.
func (w *world) checkLog(id engine.SessionID, log []*engine.Entry, places map[string][]string, owners map[engine.SessionID]engine.OperatorID) {
	var visible engine.Seq
	var closing engine.Seq
	order := map[*device]int{}
	var offers []time.Time
	for i, e := range log {
		if e.Kind == engine.KindOfferMade {
			if offers = append(offers, e.At); len(offers) == offerLoop {
				if offers[len(offers)-1].Sub(offers[0]) < time.Second {
					w.fault("log of %s: %d offers within a second, the last one is entry %d", id, offerLoop, e.Seq)
				}
				offers = offers[1:]
			}
		}
		switch {
		case e.Seq != engine.Seq(i+1):
			w.fault("log of %s: entry %d has number %d", id, i+1, e.Seq)
		case e.PrevAll != visible:
			w.fault("log of %s: entry %d says that %d came before it for a visitor, but %d did", id, e.Seq, e.PrevAll, visible)
		case e.Kind == engine.KindSessionAssigned && owners[id] != "":
			w.fault("log of %s: entry %d assigns it to %s although %s owns it", id, e.Seq, e.Operator, owners[id])
		case e.Kind == engine.KindMessageNew && closing != 0:
			w.fault("log of %s: message %d after the end at %d", id, e.Seq, closing)
		}
		if e.IsVisible(engine.VisibleToAll) {
			visible = e.Seq
		}
		switch e.Kind {
		case engine.KindSessionAssigned:
			owners[id] = e.Operator
		case engine.KindSessionClosing:
			closing = e.Seq
		}
		if e.ClientID == "" {
			continue
		}
		places[e.ClientID+" "+e.Kind.String()] = append(places[e.ClientID+" "+e.Kind.String()], fmt.Sprintf("%s#%d", id, e.Seq))
		u := w.utterance(e.ClientID)
		if u == nil {
			w.fault("log of %s: entry %d has the key %q, which nobody used", id, e.Seq, e.ClientID)
			continue
		}
		if e.Kind == engine.KindMessageNew && u.by.window == 1 {
			if u.number < order[u.by] {
				w.fault("log of %s: %s comes after number %d of the same sender's", id, u.key, order[u.by])
			}
			order[u.by] = u.number
		}
	}
}

func (w *world) utterance(key string) *utterance {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.posted[key]
}

// checkView wants what a device was shown to be the log.
func (w *world) checkView(d *device, id engine.SessionID, log []*engine.Entry) error {
	d.mu.Lock()
	known := d.views[id]
	if known == nil {
		d.mu.Unlock()
		return nil
	}
	v := *known
	v.events = slices.Clone(v.events)
	d.mu.Unlock()
	got, want := v.seqs(), d.want(log, v.from)
	if !slices.Equal(got, want) {
		w.fault("%s was shown %v of session %s, want %v", d.name, got, id, want)
		return nil
	}
	byNumber := map[engine.Seq]*engine.Entry{}
	for _, e := range log {
		byNumber[e.Seq] = e
	}
	for _, f := range v.events {
		w.checkEvent(d, f, byNumber[f.Seq])
	}
	if v.from == 0 {
		return nil
	}
	return w.checkHistory(d, id, log, &v)
}

func (w *world) checkEvent(d *device, f *wire.Server, e *engine.Entry) {
	var data wire.Data
	if err := f.Read(&data); err != nil {
		w.fault("%s: %v", d.name, err)
		return
	}
	text := string(e.Body.Reveal())
	if e.Format == engine.FormatFacts {
		text = "" // they have a place of their own
	}
	if f.Type != e.Kind.String() || f.Client != e.ClientID || f.Prev != e.Prev(d.sees()) || data.Body.Text != text {
		w.fault("%s: event %d of session %s differs from the log", d.name, f.Seq, f.Session)
	}
}

// checkHistory wants the pages before a reset to be the beginning of the log.
func (w *world) checkHistory(d *device, id engine.SessionID, log []*engine.Entry, v *shown) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var got []engine.Seq
	before := v.from
	for {
		page, more, err := d.r.History(ctx, id, before, 100)
		if err != nil {
			return fmt.Errorf("%s: history of session %s before %d: %w", d.name, id, before, err)
		}
		var seqs []engine.Seq
		for _, f := range page {
			seqs = append(seqs, f.Seq)
		}
		got = append(seqs, got...)
		if !more || len(page) == 0 {
			break
		}
		before = page[0].Seq
	}
	want := d.want(log, 1)
	want = want[:len(want)-len(d.want(log, v.from))]
	if !slices.Equal(got, want) {
		w.fault("%s: history of session %s before %d: got %v, want %v", d.name, id, v.from, got, want)
	}
	return nil
}

// checkAnswers wants each key in the log once where its sender was told so, at
// most once otherwise, and not at all when it was refused.
func (w *world) checkAnswers(places map[string][]string) {
	kinds := map[engine.Op][]engine.Kind{
		engine.OpStart: {engine.KindSessionStarted, engine.KindMessageNew}, engine.OpMessage: {engine.KindMessageNew},
		engine.OpClose: {engine.KindSessionClosing}, engine.OpAccept: {engine.KindSessionAssigned}, engine.OpReject: {engine.KindOfferEnded},
	}
	w.mu.Lock()
	posted := make([]*utterance, 0, len(w.posted))
	for _, u := range w.posted {
		posted = append(posted, u)
	}
	w.mu.Unlock()
	for _, u := range posted {
		var at []string
		for _, kind := range kinds[u.op] {
			found := places[u.key+" "+kind.String()]
			if len(found) > 1 {
				w.fault("%s (%s) is in the log %d times: %s", u.key, u.op, len(found), strings.Join(found, ", "))
			}
			at = append(at, found...)
		}
		switch {
		case u.refused != nil && len(at) > 0:
			w.fault("%s (%s) was refused (%v) and is in the log: %s", u.key, u.op, u.refused, strings.Join(at, ", "))
		case u.acked && u.op == engine.OpStart && slices.ContainsFunc(at, func(place string) bool { return !strings.HasPrefix(place, u.session.String()+"#") }):
			w.fault("%s (%s) was acknowledged in session %s and is in the log at %s", u.key, u.op, u.session, strings.Join(at, ", "))
		case u.acked && u.op != engine.OpStart && !slices.Contains(at, fmt.Sprintf("%s#%d", u.session, u.seq)):
			w.fault("%s (%s) was acknowledged as %s#%d and is in the log at [%s]", u.key, u.op, u.session, u.seq, strings.Join(at, ", "))
		}
	}
}

// checkLast wants every device of a visitor's to know the session of the last
// words.
func (w *world) checkLast(last map[string]engine.SessionID) {
	w.mu.Lock()
	for _, u := range w.posted {
		if u.op == engine.OpStart && u.acked && u.number == u.by.numbers {
			last[u.by.visitor()] = u.session
		}
	}
	w.mu.Unlock()
	for _, d := range w.devices {
		if d.operator != "" {
			continue
		}
		d.mu.Lock()
		if id := last[d.visitor()]; d.views[id] == nil {
			w.fault("%s was never shown the open session %s", d.name, id)
		}
		d.mu.Unlock()
	}
}

// visitor is whose the device is.
func (d *device) visitor() string {
	name, _, _ := strings.Cut(d.name, "/")
	return name
}
