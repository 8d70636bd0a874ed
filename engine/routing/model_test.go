package routing_test

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// model is the router done the slow way: it walks the whole line and sorts all
// operators each time, and recomputes everything from the reports.
type model struct {
	tenant    *engine.Tenant
	rows      map[engine.SessionID]*modelSession
	operators map[engine.OperatorID]*modelOperator
	full      map[engine.DepartmentID]bool
	born      time.Time
	settled   bool
	number    uint64
	decisions uint64
	now       time.Time
	offers    []string
	others    []string // what else the step does, in any order
	reasons   map[uint64]map[engine.OperatorID]string
	dropped   map[engine.OperatorID]uint64 // decisions when the configuration last lacked it
}

type modelSession struct {
	row       engine.Row
	promised  []engine.OperatorID
	promising engine.State // its state when it was promised
	transfer  engine.Seq   // that the promise serves
	number    uint64
	text      string // of the offer
	dismissed bool
	early     bool
	failed    engine.Seq
	step      int
	told      int
}

// GoString is what a failure prints.
func (s *modelSession) GoString() string {
	r := &s.row
	return fmt.Sprintf("{%s %s ep %d %s w%d owner %s offers %v pref %s returning %v transfer %v; promised %v #%d dismissed %v step %d}",
		r.Ref.Session, r.State, r.Epoch, r.Department, r.Weight, r.Owner, r.Offers, r.Service.Preferred, r.Service.Returning,
		r.Service.Transfer, s.promised, s.number, s.dismissed, s.step)
}

type modelOperator struct {
	reported, routable, present bool
	breathing, breathes         time.Time
	chosen, idle                time.Time
	scope                       []engine.DepartmentID // of its tokens; empty: all
}

func newModel(born time.Time) *model {
	return &model{
		rows: map[engine.SessionID]*modelSession{}, operators: map[engine.OperatorID]*modelOperator{},
		full: map[engine.DepartmentID]bool{}, born: born, reasons: map[uint64]map[engine.OperatorID]string{}, dropped: map[engine.OperatorID]uint64{},
	}
}

func (m *model) operator(id engine.OperatorID) *modelOperator {
	if m.operators[id] == nil {
		m.operators[id] = &modelOperator{}
	}
	return m.operators[id]
}

func (m *model) configured(id engine.OperatorID) (engine.Operator, bool) {
	if m.tenant == nil {
		return engine.Operator{}, false
	}
	o, ok := m.tenant.Operator(id)
	if o.OpenCap == 0 {
		o.OpenCap = 2 * o.Capacity
	}
	return o, ok
}

func (m *model) roster() []engine.OperatorID {
	var ids []engine.OperatorID
	if m.tenant != nil {
		for _, o := range m.tenant.Operators {
			ids = append(ids, o.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// department is the rules of a line, those of nobody's line if it is not named.
func (m *model) department(id engine.DepartmentID) engine.Department {
	d := engine.Department{ID: id}
	if m.tenant != nil {
		if found, ok := m.tenant.Department(id); ok {
			d = found
		}
		if d.QueueLimit == 0 {
			d.QueueLimit = engine.DefaultQueueLimit
		}
	}
	if d.Weight == 0 {
		d.Weight = engine.DefaultWeight
	}
	if d.Parallel == 0 {
		d.Parallel = 1
	}
	if len(d.Steps) == 0 {
		d.Steps = []engine.Step{{}}
	}
	return d
}

func (m *model) serves(id engine.OperatorID, d engine.DepartmentID) bool {
	scope := m.operator(id).scope
	return m.sees(id, d) && (len(scope) == 0 || slices.Contains(scope, d))
}

// sees reports whether a department's line is shown to an operator: whatever its
// tokens name, for that is judged by connection.
func (m *model) sees(id engine.OperatorID, d engine.DepartmentID) bool {
	o, ok := m.configured(id)
	return ok && (len(o.Departments) == 0 || slices.Contains(o.Departments, d))
}

// reach is whom a department's sessions may come to at some step.
func (m *model) reach(d engine.DepartmentID) []engine.DepartmentID {
	reach := []engine.DepartmentID{d}
	for _, step := range m.department(d).Steps {
		reach = append(reach, step.Also...)
	}
	return reach
}

func (m *model) reaches(id engine.OperatorID, reach []engine.DepartmentID) (best engine.Tier, isMember bool) {
	o, _ := m.configured(id)
	best = engine.TierNever
	for _, d := range reach {
		if m.serves(id, d) {
			isMember, best = true, min(best, o.Tiers[d])
		}
	}
	return best, isMember
}

// lease is what a session loads those with whom it is offered to.
func (m *model) lease(s *modelSession) int {
	switch {
	case s.row.Service.Weight != 0:
		return max(s.row.Weight, s.row.Service.Weight)
	case s.row.Service.Transfer != nil && s.row.Service.Transfer.Target.Department != "":
		return max(s.row.Weight, m.department(s.row.Service.Transfer.Target.Department).Weight)
	case owner(s) != "":
		return max(s.row.Weight, m.department(s.row.Department).Weight)
	default:
		return s.row.Weight
	}
}

func owner(s *modelSession) engine.OperatorID {
	switch s.row.State {
	case engine.StateActive, engine.StateDetached, engine.StateClosing:
		return s.row.Owner
	default:
		return ""
	}
}

// share is a session's part of an operator's load.
func (m *model) share(s *modelSession, id engine.OperatorID) (weight int) {
	if owner(s) == id {
		weight = s.row.Weight
	}
	holds := slices.Contains(s.promised, id)
	if s.row.State != engine.StateClosing && s.row.State != engine.StateQueued {
		holds = holds || slices.ContainsFunc(s.row.Offers, func(o engine.LiveOffer) bool { return o.Operator == id })
	}
	if holds {
		weight = max(weight, m.lease(s))
	}
	return weight
}

func (m *model) load(id engine.OperatorID) (used, open int) {
	for _, s := range m.rows {
		if share := m.share(s, id); share > 0 {
			used, open = used+share, open+1
		}
	}
	return used, open
}

func (m *model) isWaiting(s *modelSession) bool {
	t := s.row.Service.Transfer
	switch {
	case len(s.promised) > 0 || s.dismissed || t != nil && t.ID == s.failed:
		return false
	case s.row.State == engine.StateQueued:
		return true
	default:
		return (s.row.State == engine.StateActive || s.row.State == engine.StateDetached) && t != nil && len(s.row.Offers) == 0
	}
}

func arrival(row engine.Row) time.Time {
	boost := row.Boost
	if row.Service.Transfer != nil && boost < time.Hour { // nobody who is handed on waits behind newcomers
		boost = time.Hour
	}
	return row.FirstQueued.Add(-time.Duration(row.Priority)*time.Minute - boost)
}

func inOrder(a, b *modelSession) int {
	if c := arrival(a.row).Compare(arrival(b.row)); c != 0 {
		return c
	}
	return bytes.Compare(a.row.Ref.Session[:], b.row.Ref.Session[:])
}

// waiting is everyone for whom an operator is sought, in order.
func (m *model) waiting() []*modelSession {
	var line []*modelSession
	for _, s := range m.rows {
		if m.isWaiting(s) {
			line = append(line, s)
		}
	}
	slices.SortFunc(line, inOrder)
	return line
}

func (m *model) inLine(d engine.DepartmentID) (n int) {
	for _, s := range m.waiting() {
		if s.row.Department == d && s.row.State == engine.StateQueued {
			n++
		}
	}
	return n
}

// visible is a department's line as people see it, in order.
func (m *model) visible(d engine.DepartmentID) (line []*modelSession) {
	for _, s := range m.rows {
		if s.row.Department == d && !s.dismissed && (s.row.State == engine.StateQueued || s.row.State == engine.StateOffered) {
			line = append(line, s)
		}
	}
	slices.SortFunc(line, inOrder)
	return line
}

// wants is what a session asks of its operator now.
func (m *model) wants(s *modelSession) (reach []engine.DepartmentID, needs map[string]int, strategy engine.Strategy, target engine.OperatorID) {
	d := m.department(s.row.Department)
	needs = map[string]int{}
	add := func(n engine.Need) { needs[n.Skill] = max(needs[n.Skill], n.Level, 1) }
	if t := s.row.Service.Transfer; t != nil {
		reach, strategy = m.reach(d.ID), d.Strategy
		if t.Target.Operator != "" {
			return reach, nil, strategy, t.Target.Operator
		}
		if t.Target.Department != "" {
			reach, strategy = []engine.DepartmentID{t.Target.Department}, m.department(t.Target.Department).Strategy
		} else {
			add(engine.Need{Skill: t.Target.Skill, Level: 1})
		}
		for _, n := range s.row.Service.Needs {
			if n.Hard {
				add(n)
			}
		}
		return reach, needs, strategy, ""
	}
	k := min(s.step, len(d.Steps)-1)
	step := d.Steps[k]
	for _, n := range step.Require {
		add(n)
	}
	for _, n := range s.row.Service.Needs {
		if n.Hard || len(d.Steps) == 1 || k < len(d.Steps)-1 {
			add(n)
		}
	}
	return append([]engine.DepartmentID{d.ID}, step.Also...), needs, d.Strategy, ""
}

// view is an operator as a decision compares it.
type view struct {
	id                 engine.OperatorID
	tier               engine.Tier
	fit                int
	used, open         int
	capacity           int
	chosen, idle       time.Time
	bot                bool
	reason             string // why not; "": it can
	preferred, isFirst bool
}

// judge is an operator before a session.
func (m *model) judge(id engine.OperatorID, s *modelSession) view {
	o, _ := m.configured(id)
	state := m.operator(id)
	v := view{id: id, capacity: 1000 * o.Capacity, chosen: state.chosen, idle: state.idle, bot: o.Bot}
	v.used, v.open = m.load(id)
	reach, needs, _, target := m.wants(s)
	tier, isMember := m.reaches(id, reach)
	v.tier, v.preferred = tier, s.row.Service.Preferred == id
	lacks := false
	for skill, level := range needs {
		lacks = lacks || o.Skills[skill] < level
		v.fit += o.Skills[skill] - level
	}
	if target != "" {
		v.tier, v.fit, lacks = engine.TierPrimary, 0, false
	}
	force := s.row.Service.Transfer != nil && s.row.Service.Transfer.Force
	fits := v.used+m.lease(s) <= v.capacity
	switch {
	case !isMember || target != "" && target != id:
		v.reason = "not_member"
	case target == "" && (v.tier == engine.TierNever || m.asksPeople(s) && o.Bot):
		v.reason = "never_auto"
	case lacks:
		v.reason = "skills"
	case !state.routable:
		v.reason = "not_routable"
	case m.now.Before(state.breathing):
		v.reason = "breathing"
	case v.open >= o.OpenCap:
		v.reason = "open_cap"
	case !fits && !force:
		v.reason = "full"
	case owner(s) == id:
		v.reason = "owner"
	case declined(s, id, m.now):
		v.reason = "declined"
	}
	return v
}

// asksPeople: a bot does not get what a person has had, nor what a bot hands on to a line.
func (m *model) asksPeople(s *modelSession) bool {
	byBot, _ := m.configured(owner(s))
	return s.row.Service.Handed || s.row.Service.Transfer != nil && byBot.Bot
}

func declined(s *modelSession, id engine.OperatorID, now time.Time) bool {
	return slices.ContainsFunc(s.row.Declines, func(d engine.Decline) bool { return d.Operator == id && now.Before(d.Until) })
}

// better orders operators as SEMANTICS 3.5.3 says, and names what decides.
func better(a, b view, strategy engine.Strategy) (int, string) {
	if a.isFirst != b.isFirst {
		return cmp.Compare(fmt.Sprint(b.isFirst), fmt.Sprint(a.isFirst)), "preferred"
	}
	if a.tier != b.tier {
		return cmp.Compare(a.tier, b.tier), "tier"
	}
	if a.fit != b.fit {
		return cmp.Compare(b.fit, a.fit), "fit"
	}
	balanced := cmp.Compare(a.used*b.capacity, b.used*a.capacity)
	c := 0
	switch strategy {
	case engine.Balanced, engine.Manual:
		c = balanced
	case engine.Fill:
		c = -balanced
	case engine.LongestIdle:
		switch {
		case a.open == 0 && b.open == 0:
			c = a.idle.Compare(b.idle)
		case a.open > 0 && b.open > 0:
			c = balanced
		default:
			c = cmp.Compare(min(a.open, 1), min(b.open, 1))
		}
	case engine.RoundRobin:
	}
	if c != 0 {
		return c, strategy.String()
	}
	if c := a.chosen.Compare(b.chosen); c != 0 {
		return c, "last_chosen"
	}
	return cmp.Compare(engine.BodyOf(string(a.id)).Digest(), engine.BodyOf(string(b.id)).Digest()), "hash"
}

// relax brings everyone who waits to the step that its waiting has earned.
func (m *model) relax() {
	for _, s := range m.waiting() {
		if s.row.State != engine.StateQueued || s.row.Service.Transfer != nil {
			continue
		}
		steps := m.department(s.row.Department).Steps
		s.step = min(max(s.step, s.told), len(steps)-1) // what was told stays so, whatever came between
		reached, end := 0, s.row.Service.Queued
		for ; reached < len(steps)-1; reached++ {
			if end = end.Add(steps[reached].For); m.now.Before(end) {
				break
			}
		}
		s.step = max(s.step, reached)
		for m.settled && steps[s.step].SkipIfNone && s.step < len(steps)-1 && !m.anyRoutable(s) {
			s.step++
		}
		if s.step > s.told {
			s.told = s.step
			m.others = append(m.others, fmt.Sprintf("relax %s to %d", s.row.Ref.Session, s.step))
		}
	}
}

func (m *model) anyRoutable(s *modelSession) bool {
	return slices.ContainsFunc(m.roster(), func(id engine.OperatorID) bool {
		v := m.judge(id, s)
		return !slices.Contains([]string{"not_member", "never_auto", "skills", "not_routable"}, v.reason)
	})
}

// count is how many of a department's operators there are.
func (m *model) count(d engine.DepartmentID, is func(*modelOperator) bool) (n int) {
	for _, id := range m.roster() {
		if tier, ok := m.reaches(id, m.reach(d)); ok && tier < engine.TierNever && is(m.operator(id)) {
			n++
		}
	}
	return n
}

func (m *model) routable(d engine.DepartmentID) int {
	return m.count(d, func(o *modelOperator) bool { return o.routable })
}

func (m *model) sendsAway(d engine.Department) bool {
	if m.tenant != nil && !slices.ContainsFunc(m.tenant.Departments, func(c engine.Department) bool { return c.ID == d.ID }) {
		return !slices.ContainsFunc(m.tenant.Operators, func(o engine.Operator) bool {
			return len(o.Departments) == 0 && o.Tiers[d.ID] < engine.TierNever
		})
	}
	isOpen := d.Hours.OpenAt(m.now)
	present := m.count(d.ID, func(o *modelOperator) bool { return o.present })
	return !isOpen && (d.OnClose == engine.OtherwiseUnattended || m.settled && present == 0)
}

// round is a match round as SEMANTICS 3.5.2 says it: walk the waiting sessions in
// order, give each the first eligible operators. Those who go back to whom they
// lost come first (3.5.9).
func (m *model) round() {
	line := m.waiting()
	for _, s := range line {
		p := s.row.Service.Preferred
		if s.row.State != engine.StateQueued || !s.row.Service.Returning || p == "" {
			continue
		}
		reach, _, _, _ := m.wants(s)
		o, _ := m.configured(p)
		if _, isMember := m.reaches(p, reach); !isMember {
			continue
		}
		used, open := m.load(p)
		state := m.operator(p)
		if state.routable && !m.now.Before(state.breathing) && open < o.OpenCap && used+m.lease(s) <= 1000*o.Capacity && !declined(s, p, m.now) {
			m.promise(s, "returning", []view{m.judge(p, s)}, 1, m.department(s.row.Department).AutoAccept)
		}
	}
	for _, s := range line {
		if m.isWaiting(s) {
			m.place(s)
		}
	}
}

func (m *model) place(s *modelSession) {
	d := m.department(s.row.Department)
	t := s.row.Service.Transfer
	if t == nil && d.Strategy == engine.Manual {
		return
	}
	_, _, strategy, _ := m.wants(s)
	able := m.able(s)
	if len(able) == 0 {
		if t != nil && t.Or != engine.OrWait && m.settled {
			s.failed = t.ID
			m.others = append(m.others, fmt.Sprintf("fail %s: %s", s.row.Ref.Session, m.whyNot(s)))
		}
		return
	}
	rule := "only"
	if able[0].isFirst {
		rule = "preferred"
	} else if len(able) > 1 {
		_, rule = better(able[0], able[1], strategy)
	}
	if t != nil && t.Force {
		rule = "force"
	}
	several, direct := d.Parallel, t == nil && d.AutoAccept
	if t != nil && t.Force {
		several = 1
	}
	m.promise(s, rule, able, several, direct)
}

// able is everyone who can take the session, the best first.
func (m *model) able(s *modelSession) (able []view) {
	d := m.department(s.row.Department)
	_, _, strategy, _ := m.wants(s)
	for _, id := range m.roster() {
		v := m.judge(id, s)
		prefers := s.row.Service.Returning || d.Steps[min(s.step, len(d.Steps)-1)].Prefer
		v.isFirst = s.row.Service.Transfer == nil && v.preferred && prefers
		if v.reason == "" {
			able = append(able, v)
		}
	}
	slices.SortFunc(able, func(a, b view) int { c, _ := better(a, b, strategy); return c })
	return able
}

func (m *model) whyNot(s *modelSession) engine.Cause {
	reasons := map[string]bool{}
	for _, id := range m.roster() {
		if owner(s) != id {
			reasons[m.judge(id, s).reason] = true
		}
	}
	switch {
	case reasons["declined"]:
		return engine.CauseRejected
	case reasons["full"] || reasons["open_cap"] || reasons["breathing"]:
		return engine.CauseTargetFull
	case reasons["not_routable"]:
		return engine.CauseTargetOffline
	default:
		return engine.CauseTargetNotMember
	}
}

// promise writes down what the router is to say of an offer, and reserves.
func (m *model) promise(s *modelSession, rule string, able []view, several int, direct bool) {
	m.decisions++
	var rest engine.Reasons
	eligible := 0
	reasons := map[engine.OperatorID]string{}
	forced := s.row.Service.Transfer != nil && s.row.Service.Transfer.Force
	for _, id := range m.roster() {
		v := m.judge(id, s)
		reasons[id] = cmp.Or(v.reason, "later")
		if forced && v.used+m.lease(s) > v.capacity && (v.reason == "" || v.reason == "owner" || v.reason == "declined") {
			v.reason = "full"
		}
		eligible += count(&rest, v.reason)
	}
	m.reasons[m.decisions] = reasons
	for i, v := range able[:min(len(able), 9)] {
		reasons[v.id] = "next"
		if i == 0 {
			reasons[v.id] = "winner"
		}
	}
	winners := []engine.OperatorID{able[0].id}
	direct = direct || able[0].bot
	for _, v := range able[1:] {
		if !direct && len(winners) < several && !v.bot && len(able) > 1 {
			winners = append(winners, v.id)
		}
	}
	next := 0
	if rule != "pick" && rule != "returning" {
		next = min(len(able)-1, several-1+engine.MaxCandidates, engine.MaxCandidates)
	}
	position := 0
	if i := slices.Index(m.visible(s.row.Department), s); i >= 0 {
		position = i + 1
	}
	m.number++
	s.text = fmt.Sprintf("%v direct %v: %s, %d eligible, %d of %d, %d next, rest %+v, place %d",
		winners, direct, rule, eligible, able[0].used, able[0].capacity, next, rest, position)
	s.early = false
	s.promised, s.number, s.promising, s.transfer = winners, m.number, s.row.State, 0
	if s.row.Service.Transfer != nil {
		s.transfer = s.row.Service.Transfer.ID
	}
	for _, id := range winners {
		m.operator(id).chosen = m.now
	}
	m.offers = append(m.offers, fmt.Sprintf("%d %s to %s", s.number, s.row.Ref.Session, s.text))
}

func count(rest *engine.Reasons, reason string) (eligible int) {
	switch reason {
	case "not_member":
		rest.NotMember++
	case "never_auto":
		rest.NeverAuto++
	case "skills":
		rest.Skills++
	case "not_routable":
		rest.NotRoutable++
	case "breathing":
		rest.Breathing++
	case "open_cap":
		rest.OpenCap++
	case "full":
		rest.Full++
	case "owner":
		rest.Owner++
	case "declined":
		rest.Declined++
	default:
		return 1
	}
	return 0
}

// sorted lists the sessions by id.
func (m *model) sorted() []*modelSession {
	return slices.SortedFunc(maps.Values(m.rows), func(a, b *modelSession) int {
		return bytes.Compare(a.row.Ref.Session[:], b.row.Ref.Session[:])
	})
}
