package routing_test

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/parleyhq/parley/engine"
)

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
	s.promised, s.number, s.transfer = winners, m.number, 0
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
