package actors

import "github.com/parleyhq/parley/engine"

// maxServedPages is how many pages of a listing one question for the chats that are
// being served looks at: who is left out began long ago.
const maxServedPages = 5

// servedList is one question for the chats that operators have now.
type servedList struct {
	seat  *seat
	draft engine.Draft
	found []engine.ListedSession
	pages int
}

// listServed answers a supervisor which chats operators have, newest first.
func (s *seat) listServed(d engine.Draft) *engine.Error {
	if s.desk == nil {
		return engine.ErrForbidden
	}
	q := engine.SessionQuery{States: []engine.State{engine.StateActive, engine.StateDetached}, Limit: engine.MaxListed}
	for id, rights := range s.allRights() {
		if rights.Has(engine.RightSupervise) && (d.Department == "" || d.Department == id) {
			q.Departments = append(q.Departments, id)
		}
	}
	if len(q.Departments) == 0 {
		return engine.ErrForbidden
	}
	(&servedList{seat: s, draft: d}).next(q)
	return nil
}

// next looks at one more page. What was found is judged anew when it is answered.
func (l *servedList) next(q engine.SessionQuery) {
	l.seat.tenant.list(q, func(page engine.SessionPage, err *engine.Error) {
		l.found = append(l.found, page.Sessions...)
		q.Before = page.Next
		q.Limit = engine.MaxListed - len(l.found)
		if l.pages++; err == nil && !page.Next.IsZero() && q.Limit > 0 && l.pages < maxServedPages {
			l.next(q)
			return
		}
		answer := engine.Answer{Err: err, More: err == nil && !page.Next.IsZero()}
		for i := range l.found {
			if err == nil && l.seat.mayList(&l.found[i]) {
				answer.Sessions = append(answer.Sessions, l.found[i])
			}
		}
		l.seat.answer(l.draft, answer)
	})
}
