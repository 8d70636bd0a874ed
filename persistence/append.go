package persistence

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// appendOp is one call of Append. Its entries are sealed on the caller's
// goroutine, so that sealing is spread over the processors and goes on during a
// sync; the writer only copies.
type appendOp struct {
	store *Store
	parts []part
	bytes []byte // sealed values of all parts, one after another
	ends  []int  // where each of them ends
	done  func([]error)
	at    time.Time
}

// part is one engine.Append.
type part struct {
	ref      engine.SessionRef
	term     engine.Term
	first    engine.Seq
	count    int // entries, and as many of op.ends
	redact   []engine.Seq
	files    []engine.FileID // that the entries bring
	gone     []engine.FileID // that an entry brings and this very append redacts
	starts   []engine.Tag
	hour     uint32           // of the first entry
	visitor  engine.VisitorID // zero: unchanged
	hasRow   bool
	close    bool
	tell     bool
	activity time.Time
	filed    *engine.Filed
	held     *session // nil: not claimed
	opened   *opened
	err      error
}

// errNotNext is for entries that are not the log's next ones.
var errNotNext = engine.ErrFenced.Because("the entries do not follow the log's last")

// Append adds entries to sessions' logs: see engine.Log. The slice that done gets
// is valid until it returns.
func (s *Store) Append(appends []engine.Append, done func([]error)) {
	o := s.newAppend(done)
	for i := range appends {
		o.add(s, &appends[i])
	}
	if !s.submit(o) {
		go done(slices.Repeat([]error{ErrStoreClosed}, len(appends)))
		s.recycle(o)
	}
}

func (s *Store) newAppend(done func([]error)) *appendOp {
	o, ok := s.pools.appends.Get().(*appendOp)
	if !ok {
		o = &appendOp{store: s}
	}
	o.done, o.at = done, time.Now()
	return o
}

func (s *Store) recycle(o *appendOp) {
	clear(o.parts)
	o.parts, o.bytes, o.ends, o.done = o.parts[:0], o.bytes[:0], o.ends[:0], nil
	if cap(o.bytes) <= 64<<10 { // one rare large message must not stay in every pooled buffer
		s.pools.appends.Put(o)
	}
}

// add seals one engine.Append. A session that is not claimed is refused later,
// in the order of the queue.
func (o *appendOp) add(s *Store, a *engine.Append) {
	p := part{ref: a.Ref, term: a.Term, count: len(a.Entries), close: a.Close, tell: a.Tell, activity: a.Activity, filed: a.Filed, visitor: a.Visitor, held: s.session(a.Ref)}
	if len(a.Redact) > 0 {
		p.redact = slices.Clone(a.Redact)
	}
	if len(a.Entries) > 0 {
		p.hour = hourOf(a.Entries[0].At)
	}
	for _, start := range a.Starts {
		p.starts = append(p.starts, start.Tag)
	}
	if p.held != nil {
		p.opened = p.held.opened.Load()
	}
	switch {
	case p.opened == nil:
		p.err = engine.ErrFenced
	case !isContiguous(a):
		p.err = errNotNext
	default:
		bytes, ends := len(o.bytes), len(o.ends)
		if p.err = o.seal(s, &p, a); p.err != nil {
			o.bytes, o.ends = o.bytes[:bytes], o.ends[:ends]
		}
	}
	if p.err != nil {
		p.count, p.hasRow = 0, false
	}
	o.parts = append(o.parts, p)
}

func isContiguous(a *engine.Append) bool {
	for i, e := range a.Entries {
		if e.Session != a.Ref.Session || e.Seq == 0 || e.Seq != a.Entries[0].Seq+engine.Seq(i) {
			return false
		}
	}
	return true
}

func (o *appendOp) seal(s *Store, p *part, a *engine.Append) (err error) {
	work := s.scratch()
	defer s.giveBack(work)
	for _, e := range a.Entries {
		redacted := slices.ContainsFunc(a.Redact, e.HoldsTextOf)
		switch {
		case e.File != nil && redacted:
			p.gone = append(p.gone, e.File.File)
		case e.File != nil:
			p.files = append(p.files, e.File.File)
		}
		if redacted {
			e = e.Redacted()
		}
		work.key = recordKey(work.key[:0], p.opened.tenant.number, e.Session, e.Seq)
		work.plain = appendEntry(work.plain[:0], e)
		if o.bytes, err = p.opened.key.Seal(&work.seal, o.bytes, work.key, p.opened.generation, work.plain); err != nil {
			return engine.ErrFenced // released meanwhile: the key was forgotten
		}
		o.ends = append(o.ends, len(o.bytes))
	}
	if p.count > 0 {
		p.first = a.Entries[0].Seq
	}
	if a.Row == nil || a.Close {
		return nil
	}
	work.key = scopedKey(work.key[:0], kindOpen, p.opened.tenant.number, a.Ref.Session)
	work.plain = appendRow(work.plain[:0], a.Row)
	if o.bytes, err = p.opened.tenant.row.Seal(&work.seal, o.bytes, work.key, keyGeneration, work.plain); err != nil {
		return err
	}
	o.ends = append(o.ends, len(o.bytes))
	p.hasRow = true
	return nil
}

func (o *appendOp) apply(w *writer) bool {
	value, begin := 0, 0
	next := func() []byte {
		end := o.ends[value]
		sealed := o.bytes[begin:end]
		value, begin = value+1, end
		return sealed
	}
	for i := range o.parts {
		p := &o.parts[i]
		if p.err = p.judge(w.full); p.err != nil {
			w.metrics.refused.Inc()
			for range p.values() {
				next()
			}
			continue
		}
		if rewrite := p.rewrite(); rewrite != nil {
			w.flush() // what was queued before is read again, so it must be readable
			if p.err = rewrite(w, p); p.err != nil {
				for range p.values() {
					next()
				}
				continue
			}
		}
		p.write(w, next)
	}
	if w.oldest.IsZero() {
		w.oldest = o.at
	}
	return true
}

// rewrite is what the part does to the session's key, if anything.
func (p *part) rewrite() func(*writer, *part) error {
	switch {
	case len(p.redact) > 0:
		return (*writer).redact
	case p.visitor != engine.VisitorID{}:
		return (*writer).handOver
	}
	return nil
}

// values is how many sealed values the part has.
func (p *part) values() int {
	if p.hasRow {
		return p.count + 1
	}
	return p.count
}

// judge refuses what does not follow, with the session as the entries queued
// before have left it.
func (p *part) judge(full bool) error {
	switch held := p.held; {
	case p.err != nil:
		return p.err
	case held.term == 0, held.term != p.term, !held.opened.Load().follows(p.opened): // 0: released
		return engine.ErrFenced
	case held.closed && !p.close: // only what may follow the end: a rating, a note, tags
		return engine.ErrFenced.Because("the session is closed")
	case p.count > 0 && p.first != held.last+1:
		return errNotNext
	case len(p.redact) > 0 && p.visitor != engine.VisitorID{}:
		return errBoth
	case full:
		return engine.ErrFull
	}
	return nil
}

// write puts the part's rows into the batch.
func (p *part) write(w *writer, next func() []byte) {
	number, now := p.opened.tenant.number, p.held.opened.Load()
	for i := range p.count {
		sealed := next()
		if now != p.opened {
			sealed = w.sealAgain(p, now, p.first+engine.Seq(i), sealed)
		}
		slot := w.batch.SetDeferred(recordKeyLen, len(sealed))
		recordKey(slot.Key[:0], number, p.ref.Session, p.first+engine.Seq(i))
		copy(slot.Value, sealed)
		_ = slot.Finish() // fails for indexed batches only
	}
	if p.hasRow {
		sealed := next()
		slot := w.batch.SetDeferred(scopedKeyLen, len(sealed))
		scopedKey(slot.Key[:0], kindOpen, number, p.ref.Session)
		copy(slot.Value, sealed)
		_ = slot.Finish()
	}
	for _, file := range p.files {
		w.set(fileKey(nil, number, p.ref.Session, file), nil)
	}
	for _, file := range p.gone {
		w.deadFiles = append(w.deadFiles, fileKey(nil, number, p.ref.Session, file))
	}
	p.writeStarts(w)
	if p.tell && p.count > 0 && !p.held.untold {
		w.set(scopedKey(nil, kindUntold, number, p.ref.Session), nil)
		p.held.untold = true
	}
	p.held.last += engine.Seq(p.count)
	w.entries += p.count
	if p.close {
		p.held.closed = true
		w.closeSession(p)
	}
}

// closeSession writes the header with the last number, and the visitor's last
// activity, and removes the routing facts.
func (w *writer) closeSession(p *part) {
	o, work := p.held.opened.Load(), w.scratchPd
	id := o.tenant.number
	key := scopedKey(nil, kindHeader, id, o.session)
	if value, err := o.header(&work.seal, key, header{Closed: true, Last: p.held.last, Visitor: o.visitor, Filed: p.filed}); err == nil {
		w.set(key, value)
	} // else the key was forgotten, which only the writer does, after a release
	if !p.activity.IsZero() {
		key := scopedKey(nil, kindSubject, id, o.visitor)
		if value, err := o.subject.profile(&work.seal, key, profile{Activity: p.activity}); err == nil {
			w.set(key, value)
		}
	}
	w.remove(scopedKey(nil, kindOpen, id, o.session))
	if w.current(id, o.visitor) == o.session {
		w.remove(scopedKey(nil, kindCurrent, id, o.visitor))
		w.currents[subjectKey{id, o.visitor}] = engine.SessionID{}
	}
}

// current is the visitor's open session as this batch leaves it; zero if none.
func (w *writer) current(number tenantNumber, visitor engine.VisitorID) (session engine.SessionID) {
	if session, ok := w.currents[subjectKey{number, visitor}]; ok {
		return session
	}
	value, err := w.get(scopedKey(nil, kindCurrent, number, visitor))
	if err == nil {
		copy(session[:], value)
	}
	return session
}

func (o *appendOp) settle(w *writer, err error) {
	errs, all := w.nils, err == nil && len(o.parts) <= len(w.nils)
	for i := range o.parts {
		p := &o.parts[i]
		if p.err == nil && err == nil {
			if p.count > 0 {
				p.held.durable.Store(uint64(p.first) + uint64(p.count) - 1)
			}
			continue
		}
		all = false
	}
	if all {
		errs = errs[:len(o.parts):len(o.parts)]
	} else {
		errs = o.errors(err)
	}
	done := o.done
	w.recycle(o)
	done(errs)
}

func (o *appendOp) errors(err error) []error {
	errs := make([]error, len(o.parts))
	for i := range o.parts {
		if errs[i] = o.parts[i].err; errs[i] == nil || err != nil {
			errs[i] = err
		}
	}
	return errs
}
