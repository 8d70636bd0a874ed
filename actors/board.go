package actors

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// Boards are counted at most every boardEvery, and only while somebody watches: the
// router is asked for the counts that it keeps anyhow, operators' actors have said
// what they are, and each watcher's connection is shown what differs from what it
// was shown before.

// boardEvery is how often watchers of boards and operators hear of changes.
const boardEvery = 500 * time.Millisecond

// wall is a tenant's boards.
type wall struct {
	watchers atomic.Int64 // operators' actors with a connection that watches
	due      atomic.Int64 // Unix nanoseconds: not before
	asked    atomic.Bool  // the router has not answered yet
	hours    hours
}

// survey asks a router for its counts; reply is called once, by its actor, and does
// not block. Nil: they are not known now.
type survey struct{ reply func([]routing.Tally) }

func (a *routerActor) survey(ask survey) {
	rules, ok := a.rules.(liner)
	if !ok {
		ask.reply(nil)
		return
	}
	ask.reply(rules.Tallies())
}

// survey asks the tenant's router for its counts.
func (t *tenancy) survey(reply func([]routing.Tally)) {
	if !t.router.tell(survey{reply}) {
		reply(nil)
	}
}

// showBoards asks for counts for those who watch, when it is time again.
func (t *tenancy) showBoards(now time.Time) {
	w := &t.wall
	if w.watchers.Load() == 0 || now.UnixNano() < w.due.Load() || w.asked.Swap(true) {
		return
	}
	w.due.Store(now.Add(boardEvery).UnixNano())
	t.survey(func(counts []routing.Tally) {
		w.asked.Store(false)
		if counts == nil {
			return
		}
		v := t.view(counts)
		for _, o := range t.allOperators() {
			if o.boards.Load() > 0 {
				o.tell(boardsShown{v})
			}
		}
	})
}

// showBoardsTo asks for counts for an operator who has just begun to watch.
func (t *tenancy) showBoardsTo(o *operatorHandle) {
	t.survey(func(counts []routing.Tally) {
		if counts != nil {
			o.tell(boardsShown{t.view(counts)})
		}
	})
}

// boardsShown is how the tenant's departments and operators were at one moment. To an
// operator, control lane: one every boardEvery, and one per request to watch.
type boardsShown struct{ *view }

// view is a tenant at one moment, for all who watch it: the first who looks makes it
// up, so that the router need not. Immutable from then on.
type view struct {
	at     time.Time
	config *engine.Tenant
	tenant *tenancy
	counts []routing.Tally
	once   sync.Once
	boards map[engine.DepartmentID]engine.Board
	people []colleague // those whom the configuration names, by id
}

type colleague struct {
	engine.OperatorRow
	declared *engine.Operator
}

func (t *tenancy) view(counts []routing.Tally) *view {
	return &view{at: t.sys.cfg.Clock().UTC(), config: t.config(), tenant: t, counts: counts}
}

func (v *view) makeUp() {
	v.boards = make(map[engine.DepartmentID]engine.Board, len(v.counts))
	for i := range v.counts {
		c := &v.counts[i]
		v.boards[c.Department] = engine.Board{
			Department: c.Department, Waiting: c.Waiting, Offered: c.Offered, Active: c.Active, Detached: c.Detached, Closing: c.Closing,
			Unattended: c.Unattended, OldestSince: c.OldestSince, P50: whole(c.P50), P90: whole(c.P90),
			Hour: v.tenant.wall.hours.of(c.Department, v.at, v.tenant.since),
		}
	}
	for i := range v.config.Operators {
		o := &v.config.Operators[i]
		row, breathing := v.tenant.standing(o)
		v.people = append(v.people, colleague{row, o})
		v.count(o, &row, breathing.After(v.at))
	}
	slices.SortFunc(v.people, func(a, b colleague) int { return compareText(a.Operator, b.Operator) })
}

// count adds an operator to the boards of its departments.
func (v *view) count(o *engine.Operator, row *engine.OperatorRow, breathing bool) {
	for i := range v.config.Departments {
		d := &v.config.Departments[i]
		b, known := v.boards[d.ID]
		if !known || !serves(o, d.ID) {
			continue
		}
		b.Operators[row.State]++
		if row.State == engine.OperatorAccepting && !breathing && o.Tiers[d.ID] < engine.TierNever && d.Weight > 0 {
			b.Slots += max(min((row.Capacity-row.Used)/d.Weight, row.OpenCap-row.Open), 0)
		}
		v.boards[d.ID] = b
	}
}

// board is a department's; false if there is none any more.
func (v *view) board(id engine.DepartmentID) (engine.Board, bool) {
	v.once.Do(v.makeUp)
	b, known := v.boards[id]
	return b, known
}

// operators lists those who serve one of the departments, by id.
func (v *view) operators(of []engine.DepartmentID) (rows []engine.OperatorRow) {
	v.once.Do(v.makeUp)
	for i := range v.people {
		p := &v.people[i]
		if slices.ContainsFunc(of, func(d engine.DepartmentID) bool { return serves(p.declared, d) }) {
			rows = append(rows, p.OperatorRow)
		}
	}
	return rows
}

// serves reports whether the configuration makes an operator a member of a department.
func serves(o *engine.Operator, d engine.DepartmentID) bool {
	return len(o.Departments) == 0 || slices.Contains(o.Departments, d)
}

func compareText[T ~string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}
