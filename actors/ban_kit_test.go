package actors

import (
	"sync"

	"github.com/parleyhq/parley/engine"
)

// keptBans are the bans of a fakeStore.
type keptBans struct {
	banMu    sync.Mutex
	bans     map[engine.VisitorID]engine.Ban
	banMemos []engine.Memo
	// bansFailing is what PutBan answers; nil: it works.
	bansFailing error
	// bansWait holds PutBan's answers back until it is closed; nil: they come.
	bansWait chan struct{}
}

func (f *keptBans) PutBan(_ engine.TenantID, v engine.VisitorID, ban engine.Ban, memo *engine.Memo, done func(error)) {
	f.banMu.Lock()
	defer f.banMu.Unlock()
	failing, wait := f.bansFailing, f.bansWait
	if failing == nil {
		if f.bans == nil {
			f.bans = map[engine.VisitorID]engine.Ban{}
		}
		if f.bans[v] = ban; ban.Until.IsZero() {
			delete(f.bans, v)
		}
		if memo != nil {
			f.banMemos = append(f.banMemos, *memo)
		}
	}
	go func() {
		if wait != nil {
			<-wait
		}
		done(failing)
	}()
}

func (f *keptBans) Bans(_ engine.TenantID, yield func(engine.VisitorID, engine.Ban) bool) error {
	f.banMu.Lock()
	defer f.banMu.Unlock()
	for v, ban := range f.bans {
		if !yield(v, ban) {
			break
		}
	}
	return nil
}

func (f *keptBans) BanMemos(_ engine.TenantID, yield func(engine.Memo) bool) error {
	f.banMu.Lock()
	defer f.banMu.Unlock()
	for _, m := range f.banMemos {
		if !yield(m) {
			break
		}
	}
	return nil
}
