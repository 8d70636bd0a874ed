package engine

import (
	"testing"
	"time"
)

// Who may have a ban end: whoever's word is good for the department whose ban it is. A
// narrower word may prolong it, and does not make it its own.
func TestWhoMayEndABan(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	of := func(d DepartmentID, days int) Ban {
		return BanOrder{Days: days, Reason: BanSpam, Department: d}.Made(Author{Kind: AuthorIntegration}, now)
	}
	sales := []DepartmentID{"sales"}
	for _, c := range []struct {
		name   string
		before Ban
		days   int
		scope  []DepartmentID
		want   DepartmentID
		err    *Error
	}{
		{"nobody is banned", Ban{}, 3, sales, "sales", nil},
		{"nobody is banned, lifted", Ban{}, 0, sales, "", nil},
		{"its own, lifted", of("sales", 2), 0, sales, "", nil},
		{"its own, shortened", of("sales", 2), 1, sales, "sales", nil},
		{"another's, lifted", of("help", 2), 0, sales, "", ErrForbidden},
		{"another's, shortened", of("help", 2), 1, sales, "", ErrForbidden},
		{"another's, prolonged", of("help", 2), 3, sales, "help", nil},
		{"another's, said again", of("help", 2), 2, sales, "help", nil},
		{"the tenant's, lifted", of("", 2), 0, sales, "", ErrForbidden},
		{"the tenant's, prolonged", of("", 2), 3, sales, "", nil},
		{"of several, one's", of("help", 2), 0, []DepartmentID{"sales", "help"}, "", nil},
		{"by a word for nothing", of("sales", 2), 0, []DepartmentID{}, "", ErrForbidden},
		{"another's, by the tenant", of("help", 2), 0, nil, "", nil},
		{"another's, by the tenant, shortened", of("help", 2), 1, nil, "help", nil},
		{"the tenant's, by who is good for all, from a chat", of("", 2), 3, nil, "", nil},
		{"of several, another's", of("help", 2), 3, []DepartmentID{"sales", "help"}, "help", nil},
		{"another's that is over", Ban{Until: now, Department: "help"}, 0, sales, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			by := Author{Kind: AuthorOperator, Operator: "ada"}
			order := BanOrder{Days: c.days, Reason: BanAbuse, Department: "sales", Scope: c.scope}
			made, err := order.Over(c.before, by, now)
			if err != c.err || made.Department != c.want {
				t.Fatalf("got %+v, %v, want of %q, %v", made, err, c.want, c.err)
			}
			if err == nil && (made.Holds(now) != (c.days > 0) || made.By != by) {
				t.Errorf("got %+v", made)
			}
		})
	}
}

// A word for all of the tenant, about no chat of a department's, makes a running ban the
// tenant's own.
func TestABanBecomesTheTenants(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	by := Author{Kind: AuthorIntegration}
	before := BanOrder{Days: 2, Reason: BanSpam, Department: "help"}.Made(by, now)
	made, err := BanOrder{Days: 1, Reason: BanSpam}.Over(before, by, now)
	if err != nil || made.Department != "" || !made.Until.Before(before.Until) {
		t.Errorf("got %+v, %v", made, err)
	}
}
