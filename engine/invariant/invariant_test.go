package invariant_test

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/invariant"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func got(v *invariant.Violation) string {
	if v == nil {
		return ""
	}
	return v.Invariant
}

// TestLog: entries are given their numbers here, unless they have one.
func TestLog(t *testing.T) {
	started := func() *engine.Entry { return &engine.Entry{Kind: engine.KindSessionStarted} }
	offer := func() *engine.Entry {
		return &engine.Entry{Kind: engine.KindOfferMade, Operator: "ada", Deadline: noon.Add(time.Minute), Epoch: 1}
	}
	assigned := func(epoch engine.Epoch, to engine.OperatorID, by engine.Seq) *engine.Entry {
		return &engine.Entry{Kind: engine.KindSessionAssigned, Epoch: epoch, Operator: to, Offer: by}
	}
	kind := func(k engine.Kind) *engine.Entry { return &engine.Entry{Kind: k, Epoch: 9} }
	for name, c := range map[string]struct {
		entries []*engine.Entry
		want    string
	}{
		"as it should be":          {[]*engine.Entry{started(), offer(), assigned(2, "ada", 2), kind(engine.KindMessageNew), kind(engine.KindSessionClosing), kind(engine.KindSessionClosed)}, ""},
		"two owners of one epoch":  {[]*engine.Entry{started(), assigned(2, "ada", 0), assigned(2, "bob", 0)}, "I1"},
		"an epoch goes back":       {[]*engine.Entry{kind(engine.KindSessionStarted), assigned(2, "ada", 0)}, "I1"},
		"another's offer":          {[]*engine.Entry{started(), offer(), assigned(2, "bob", 2)}, "I1"},
		"assigned to nobody":       {[]*engine.Entry{started(), assigned(2, "", 0)}, "I1"},
		"a message after the end":  {[]*engine.Entry{started(), kind(engine.KindSessionClosing), kind(engine.KindMessageNew)}, "I3"},
		"closing twice":            {[]*engine.Entry{started(), kind(engine.KindSessionClosing), kind(engine.KindSessionClosing)}, "I3"},
		"ended twice":              {[]*engine.Entry{started(), kind(engine.KindSessionClosed), kind(engine.KindSessionClosed)}, "I3"},
		"reopened":                 {[]*engine.Entry{started(), kind(engine.KindSessionClosing), kind(engine.KindSessionRequeued)}, "I3"},
		"assigned after the end":   {[]*engine.Entry{started(), kind(engine.KindSessionClosing), assigned(10, "ada", 0)}, "I3"},
		"offered after the end":    {[]*engine.Entry{started(), {Kind: engine.KindSessionClosing, Epoch: 1}, offer()}, "I12"},
		"ended with an offer":      {[]*engine.Entry{started(), offer(), kind(engine.KindSessionClosed)}, "I12"},
		"an offer that is not":     {[]*engine.Entry{started(), {Kind: engine.KindOfferEnded, Offer: 7}}, "I4"},
		"missed before its time":   {[]*engine.Entry{started(), offer(), {Kind: engine.KindOfferEnded, Offer: 2, Operator: "ada", Cause: engine.CauseMissed, At: noon, Epoch: 1}}, "I13"},
		"accepted after its time":  {[]*engine.Entry{started(), offer(), {Kind: engine.KindSessionAssigned, Offer: 2, Operator: "ada", At: noon.Add(time.Hour), Epoch: 2}}, "I13"},
		"a gap":                    {[]*engine.Entry{started(), {Seq: 3, Kind: engine.KindMessageNew}}, "I11"},
		"the wrong one before it":  {[]*engine.Entry{started(), {PrevAll: 7, Kind: engine.KindMessageNew}}, "I11"},
		"an offer ends for others": {[]*engine.Entry{started(), offer(), {Kind: engine.KindOfferEnded, Offer: 2, Operator: "bob", Epoch: 1}}, "I1"},
	} {
		t.Run(name, func(t *testing.T) {
			var log invariant.Log
			var last string
			var all engine.Seq
			for i, e := range c.entries {
				if e.Seq == 0 {
					e.Seq = engine.Seq(i + 1)
				}
				if e.PrevAll == 0 {
					e.PrevAll = all
				}
				all = e.Seq
				last = got(log.Add(e))
			}
			if last != c.want {
				t.Errorf("got %q, want %q", last, c.want)
			}
		})
	}
}

func TestRow(t *testing.T) {
	offers := []engine.LiveOffer{{Operator: "bob", Offer: engine.Offer{ID: 3, Deadline: noon}}}
	queued := engine.Row{State: engine.StateQueued, FirstQueued: noon}
	active := engine.Row{State: engine.StateActive, Owner: "ada"}
	detached := engine.Row{State: engine.StateDetached, Owner: "ada", Service: engine.Service{GraceBy: noon}}
	with := func(row engine.Row, change func(*engine.Row)) engine.Row { change(&row); return row }
	for name, c := range map[string]struct {
		row  engine.Row
		want string
	}{
		"waiting":                  {queued, ""},
		"owned":                    {active, ""},
		"detached":                 {detached, ""},
		"transferred":              {with(active, func(r *engine.Row) { r.Offers, r.Service.Transfer = offers, &engine.Transfer{} }), ""},
		"waits and has an owner":   {with(queued, func(r *engine.Row) { r.Owner = "ada" }), "I1"},
		"waits with an offer":      {with(queued, func(r *engine.Row) { r.Offers = offers }), "I4"},
		"offered to nobody":        {with(queued, func(r *engine.Row) { r.State = engine.StateOffered }), "I4"},
		"ageless":                  {engine.Row{State: engine.StateQueued}, "I6"},
		"owned by nobody":          {engine.Row{State: engine.StateActive}, "I4"},
		"owned, and offered":       {with(active, func(r *engine.Row) { r.Offers = offers }), "I4"},
		"detached for ever":        {with(detached, func(r *engine.Row) { r.Service.GraceBy = time.Time{} }), "I4"},
		"closing for ever":         {engine.Row{State: engine.StateClosing, Owner: "ada"}, "I4"},
		"closing with an offer":    {engine.Row{State: engine.StateClosing, CloseBy: noon, Offers: offers}, "I12"},
		"closed with an offer":     {engine.Row{State: engine.StateClosed, Offers: offers}, "I12"},
		"a message for ever":       {engine.Row{State: engine.StateUnattended}, "I4"},
		"an offer without its end": {with(queued, func(r *engine.Row) { r.State, r.Offers = engine.StateOffered, []engine.LiveOffer{{Operator: "bob"}} }), "I4"},
	} {
		t.Run(name, func(t *testing.T) {
			if v := got(invariant.CheckRow(&c.row)); v != c.want {
				t.Errorf("got %q, want %q", v, c.want)
			}
		})
	}
	if v := got(invariant.CheckDeadline(&detached, noon.Add(time.Second))); v != "I13" {
		t.Errorf("woken too late: got %q", v)
	}
	if v := got(invariant.CheckDeadline(&detached, noon)); v != "" {
		t.Errorf("woken in time: got %q", v)
	}
}

func TestChange(t *testing.T) {
	was := engine.Row{State: engine.StateActive, Epoch: 3, Owner: "ada", FirstQueued: noon, Service: engine.Service{Handed: true}}
	closing := engine.Row{State: engine.StateClosing, Epoch: 3, Owner: "ada", FirstQueued: noon}
	for name, c := range map[string]struct {
		before engine.Row
		change func(*engine.Row)
		want   string
	}{
		"nothing":                {was, func(*engine.Row) {}, ""},
		"handed on":              {was, func(r *engine.Row) { r.Epoch, r.Owner = 4, "bob" }, ""},
		"two owners":             {was, func(r *engine.Row) { r.Owner = "bob" }, "I1"},
		"an epoch goes back":     {was, func(r *engine.Row) { r.Epoch = 2 }, "I1"},
		"younger than it was":    {was, func(r *engine.Row) { r.FirstQueued = noon.Add(1) }, "I6"},
		"reopened":               {closing, func(r *engine.Row) { r.State = engine.StateQueued }, "I3"},
		"an owner out of epochs": {engine.Row{State: engine.StateQueued, Epoch: 3}, func(r *engine.Row) { r.Owner = "ada" }, "I1"},
		"a longer grace": {
			engine.Row{State: engine.StateDetached, Owner: "ada", Service: engine.Service{GraceBy: noon}},
			func(r *engine.Row) { r.Service.GraceBy = noon.Add(1) }, "I13",
		},
	} {
		t.Run(name, func(t *testing.T) {
			after := c.before
			c.change(&after)
			if v := got(invariant.CheckChange(&c.before, &after)); v != c.want {
				t.Errorf("got %q, want %q", v, c.want)
			}
		})
	}
}

// TestLedger: two operators, one of them full.
func TestLedger(t *testing.T) {
	tenant := &engine.Tenant{
		ID: "acme", Departments: []engine.Department{{ID: "sales", Weight: 1000}},
		Operators: []engine.Operator{{ID: "ada", Capacity: 1, OpenCap: 1}, {ID: "bob", Capacity: 1, OpenCap: 2, Departments: []engine.DepartmentID{"other"}}},
	}
	id := func(n byte) engine.SessionID { return engine.SessionID{n} }
	row := func(n byte, queued time.Time) *engine.Row {
		return &engine.Row{Ref: engine.SessionRef{Tenant: "acme", Session: id(n)}, State: engine.StateQueued, Epoch: 1, Department: "sales", FirstQueued: queued, Weight: 1000}
	}
	grant := func(n byte, number uint64, to ...engine.OperatorID) invariant.Grant {
		return invariant.Grant{Session: id(n), Operators: to, Epoch: 1, Number: number}
	}
	begin := func() *invariant.Ledger {
		l := invariant.NewLedger()
		l.Configure(tenant)
		l.OperatorIs("ada", true, time.Time{}, nil)
		l.OperatorIs("bob", true, time.Time{}, nil)
		l.SessionIs(row(1, noon), 0, 0, false, 0, noon)
		l.SessionIs(row(2, noon.Add(time.Second)), 0, 0, false, 0, noon)
		l.Begin()
		return l
	}
	for name, c := range map[string]struct {
		do   func(*invariant.Ledger) *invariant.Violation
		want string
	}{
		"as it should be": {func(l *invariant.Ledger) *invariant.Violation {
			if v := l.Granted(grant(1, 1, "ada"), noon); v != nil {
				return v
			}
			return l.End(noon)
		}, ""},
		"nobody is asked": {func(l *invariant.Ledger) *invariant.Violation { return l.End(noon) }, "I5"},
		"out of order": {func(l *invariant.Ledger) *invariant.Violation {
			l.Granted(grant(2, 1, "ada"), noon)
			return l.End(noon)
		}, "I6"},
		"too much": {func(l *invariant.Ledger) *invariant.Violation {
			l.Granted(grant(1, 1, "ada"), noon)
			return l.Granted(grant(2, 2, "ada"), noon)
		}, "I2"},
		"too many, by force": {func(l *invariant.Ledger) *invariant.Violation {
			l.Granted(grant(1, 1, "ada"), noon)
			g := grant(2, 2, "ada")
			g.Forced = true
			return l.Granted(g, noon)
		}, "I2"},
		"a stale epoch": {func(l *invariant.Ledger) *invariant.Violation {
			g := grant(1, 1, "ada")
			g.Epoch = 0
			return l.Granted(g, noon)
		}, "I13"},
		"twice": {func(l *invariant.Ledger) *invariant.Violation {
			l.Granted(grant(1, 1, "ada"), noon)
			return l.Granted(grant(1, 2, "bob"), noon)
		}, "I2"},
		"a session that is over": {func(l *invariant.Ledger) *invariant.Violation { return l.Granted(grant(9, 1, "ada"), noon) }, "I12"},
		"who turned it down": {func(l *invariant.Ledger) *invariant.Violation {
			declined := row(1, noon)
			declined.Declines = []engine.Decline{{Operator: "ada", Until: noon.Add(time.Minute)}}
			l.SessionIs(declined, 0, 0, false, 0, noon)
			return l.Granted(grant(1, 1, "ada"), noon)
		}, "I6"},
		"before the sessions have answered": {func(l *invariant.Ledger) *invariant.Violation {
			l.Await([]engine.SessionID{id(1)}, 0, noon.Add(time.Minute))
			return l.Granted(grant(2, 1, "ada"), noon)
		}, "I2"},
		"another load": {func(l *invariant.Ledger) *invariant.Violation {
			l.Granted(grant(1, 1, "ada"), noon)
			return l.Load("ada", 0, 0)
		}, "I2"},
	} {
		t.Run(name, func(t *testing.T) {
			if v := c.do(begin()); got(v) != c.want {
				t.Errorf("got %v, want %q", v, c.want)
			}
		})
	}
}

// TestPromises: an unanswered offer reserves, an answer frees.
func TestPromises(t *testing.T) {
	l := invariant.NewLedger()
	l.Configure(&engine.Tenant{Departments: []engine.Department{{ID: "sales", Weight: 1000}}, Operators: []engine.Operator{{ID: "ada", Capacity: 2}}})
	row := engine.Row{State: engine.StateQueued, Epoch: 1, Department: "sales", FirstQueued: noon, Weight: 1000}
	used := func(want int) {
		t.Helper()
		if v := l.Load("ada", want, want/1000); v != nil {
			t.Error(v)
		}
	}
	l.OperatorIs("ada", true, time.Time{}, nil)
	l.SessionIs(&row, 0, 0, false, 0, noon)
	l.Granted(invariant.Grant{Operators: []engine.OperatorID{"ada"}, Epoch: 1, Number: 1}, noon)
	used(1000)
	l.SessionIs(&row, 0, 0, false, 0, noon) // crossed the offer
	used(1000)
	l.SessionIs(&row, 0, 0, true, 0, noon) // asked again, before it has seen it
	used(1000)
	l.SessionIs(&row, 0, 1, false, 0, noon) // answers it
	used(0)
	l.Granted(invariant.Grant{Operators: []engine.OperatorID{"ada"}, Epoch: 1, Number: 2}, noon)
	used(1000)
	l.SessionIs(&row, 5, 0, true, 0, noon) // rebuilt: the offer is over
	used(0)
	if v := l.Granted(invariant.Grant{Operators: []engine.OperatorID{"ada"}, Epoch: 1, Number: 3}, noon); v == nil || v.Invariant != "I2" {
		t.Errorf("an offer to a life that is over: got %v, want I2", v)
	}
}
