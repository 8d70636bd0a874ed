package actors

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

// scoped connects an operator whose token names departments.
func (w *world) scoped(id engine.OperatorID, departments ...engine.DepartmentID) *person {
	w.t.Helper()
	p := &person{screen: newScreen(), w: w}
	at := engine.Attendance{Request: "hi", Tenant: w.tenant, Principal: engine.Principal{
		Operator: id, Roles: []engine.Role{engine.RoleOperator}, Departments: departments, Issued: time.Now(), Expires: time.Now().Add(time.Hour),
	}, Intent: engine.IntentPaused}
	seat, err := w.sys.Attend(context.Background(), at, p.screen)
	if err != nil {
		w.t.Fatal(err)
	}
	p.seat = seat
	synctest.Wait()
	return p
}

// line is the waiting line as a client has it that follows the watch, which must
// have no hole.
func (s *screen) line(t *testing.T) []engine.SessionID {
	t.Helper()
	time.Sleep(lineWindow) // of the bubble
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	var line []engine.SessionID
	var rev uint64
	for _, signal := range s.signals {
		q, ok := signal.(*engine.Queue)
		if !ok {
			continue
		}
		if q.Snapshot {
			line = nil
		} else if q.Rev != rev+1 {
			t.Errorf("revision %d after %d", q.Rev, rev)
		}
		rev = q.Rev
		for _, row := range q.Rows {
			if !slices.Contains(line, row.Session) {
				line = append(line, row.Session)
			}
		}
		for _, gone := range q.Gone {
			if !slices.Contains(line, gone) {
				t.Errorf("revision %d: %v is gone and was never shown", rev, gone)
			}
			line = slices.DeleteFunc(line, func(id engine.SessionID) bool { return id == gone })
		}
	}
	return line
}

// A token's departments are all of the waiting lines that its connection sees;
// another connection of the same operator's sees its own.
func TestQueueIsScopedByTheToken(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		sales, support := w.visitor(""), w.visitor("")
		enter := func(p *person, department engine.DepartmentID) {
			p.id = p.good(t, p.do(engine.Draft{Op: engine.OpStart, Department: department})).Session
		}
		enter(sales, "sales")
		narrow, wide := w.scoped("ada", "support"), w.scoped("ada")
		if got := narrow.welcome(t); !got.Expires.Equal(time.Now().Add(time.Hour)) {
			t.Errorf("the welcome expires at %v", got.Expires)
		}
		equal(t, "snapshot", narrow.line(t), nil)
		enter(support, "support")
		equal(t, "narrow", narrow.line(t), []engine.SessionID{support.id})
		equal(t, "wide", wide.line(t), []engine.SessionID{sales.id, support.id})

		renew := func(departments ...engine.DepartmentID) {
			t.Helper()
			p := engine.Principal{Operator: "ada", Departments: departments, Issued: time.Now(), Expires: time.Now().Add(2 * time.Hour)}
			if _, err := narrow.seat.Renew(engine.Renewal{Principal: p}); err != nil {
				t.Fatal(err)
			}
		}
		renew("sales")
		equal(t, "narrow, renewed", narrow.line(t), []engine.SessionID{sales.id})
		equal(t, "wide, not concerned", wide.line(t), []engine.SessionID{sales.id, support.id})
		for _, p := range []*person{sales, support} {
			p.good(t, p.do(engine.Draft{Op: engine.OpClose}))
		}
		equal(t, "narrow, at the end", narrow.line(t), nil)
		equal(t, "wide, at the end", wide.line(t), nil)
		third := w.visitor("")
		enter(third, "support")
		equal(t, "narrow sees only sales", narrow.line(t), nil)
		renew()
		equal(t, "narrow, of all departments", narrow.line(t), []engine.SessionID{third.id})
	})
}

func (w *world) revoke(id engine.OperatorID, key string) engine.IntentInfo {
	w.t.Helper()
	info, err := w.sys.Revoke(context.Background(), "demo", id, key)
	if err != nil {
		w.t.Fatal(err)
	}
	synctest.Wait()
	return info
}

func (w *world) attend(p engine.Principal) (*person, error) {
	screen := newScreen()
	seat, err := w.sys.Attend(context.Background(), engine.Attendance{Request: "hi", Tenant: w.tenant, Principal: p}, screen)
	synctest.Wait()
	return &person{screen: screen, w: w, seat: seat}, err
}

// A sign-out ends what is there, keeps old tokens out, over a restart as well, and
// nobody else hears of it.
func TestRevoke(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor := w.visitor("")
		visitor.start("hello")
		phone, laptop, grace := w.scoped("ada"), w.scoped("ada"), w.scoped("grace")
		issued := time.Now()
		old := engine.Principal{Operator: "ada", Issued: issued, Expires: issued.Add(24 * time.Hour)}
		undated := engine.Principal{Operator: "ada", Expires: issued.Add(24 * time.Hour)}
		time.Sleep(time.Minute)
		info := w.revoke("ada", "k1")
		if info.Intent != engine.IntentSignedOut || info.Cause != engine.CauseIntegration || !info.At.Equal(time.Now()) {
			t.Errorf("got %+v", info)
		}
		equal(t, "her connections", append(phone.reasons(), laptop.reasons()...), []engine.Reason{engine.ReasonSignedOut, engine.ReasonSignedOut})
		equal(t, "others'", append(grace.reasons(), visitor.reasons()...), nil)
		for _, p := range []*person{phone, laptop} {
			if _, err := p.seat.Renew(engine.Renewal{Principal: old}); !errors.Is(err, engine.ErrAuthInvalid) {
				t.Errorf("renewed with the old token: got %v", err)
			}
			p.seat.Leave()
		}
		refused := func(when string) {
			t.Helper()
			for name, p := range map[string]engine.Principal{"old": old, "undated": undated} {
				if _, err := w.attend(p); !errors.Is(err, engine.ErrAuthInvalid) {
					t.Errorf("%s, the %s token: got %v, want %v", when, name, err, engine.ErrAuthInvalid)
				}
			}
		}
		refused("at once")
		time.Sleep(time.Minute)
		fresh := engine.Principal{Operator: "ada", Roles: []engine.Role{engine.RoleOperator}, Issued: time.Now(), Expires: time.Now().Add(time.Hour)}
		back, err := w.attend(fresh)
		if err != nil {
			t.Fatal(err)
		}
		back.good(t, back.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentAccepting}))
		if again := w.revoke("ada", "k1"); again != info || len(back.reasons()) != 0 {
			t.Errorf("the same key again: got %+v, closed %v", again, back.reasons())
		}
		refused("after she came back")
		w.stop()
		w.start(Config{Store: w.store})
		refused("after a restart")
		if _, err := w.attend(fresh); err != nil {
			t.Errorf("the newer token after a restart: %v", err)
		}
		w.revoke("ada", "")
		if _, err := w.attend(fresh); !errors.Is(err, engine.ErrAuthInvalid) {
			t.Errorf("signed out again: got %v", err)
		}
		time.Sleep(24 * time.Hour)
		undated.Expires = time.Now().Add(time.Hour)
		if _, err := w.attend(undated); err != nil {
			t.Errorf("an undated token a day later: %v", err)
		}
		for name, of := range map[string]struct {
			tenant engine.TenantID
			id     engine.OperatorID
		}{"nobody": {"demo", "mallory"}, "nowhere": {"none", "ada"}} {
			if _, err := w.sys.Revoke(context.Background(), of.tenant, of.id, "k"); !errors.Is(err, engine.ErrNotFound) {
				t.Errorf("%s: got %v, want %v", name, err, engine.ErrNotFound)
			}
		}
	})
}

// A visitor's connections end; its session goes on without them.
func TestRevokeVisitor(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor, other := w.visitor(""), w.visitor("")
		visitor.start("hello")
		tab := w.visitor(visitor.token)
		if err := w.sys.RevokeVisitor(context.Background(), "demo", visitor.welcome(t).Visitor); err != nil {
			t.Fatal(err)
		}
		equal(t, "its connections", append(visitor.reasons(), tab.reasons()...), []engine.Reason{engine.ReasonSignedOut, engine.ReasonSignedOut})
		equal(t, "others'", other.reasons(), nil)
		if err := w.sys.RevokeVisitor(context.Background(), "none", engine.VisitorID{}); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("nowhere: got %v", err)
		}
	})
}
