package rest

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/parleyhq/parley/engine"
)

// identityAnswer is what is held about a session's visitor. Its revision is the
// entry that says so; 0: nothing was ever held.
type identityAnswer struct {
	Session  string `json:"sid"`
	Revision uint64 `json:"revision"`
	Identity []attr `json:"identity"`
}

type attr struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Verified bool   `json:"verified"`
	Source   string `json:"source"`
	Basis    string `json:"lawful_basis"`
	At       string `json:"at"`
}

func (a identityAnswer) tag() string { return revisionTag(engine.Seq(a.Revision)) }

func revisionTag(revision engine.Seq) string {
	return `"` + strconv.FormatUint(uint64(revision), 10) + `"`
}

func (a *api) getIdentity(wait context.Context, c *call) (any, error) {
	ref, err := a.session(wait, c)
	if err != nil {
		return nil, err
	}
	return a.identity(wait, ref)
}

func (a *api) identity(wait context.Context, ref engine.SessionRef) (any, error) {
	answer, err := a.System.PostAs(wait, ref, engine.Author{Kind: engine.AuthorIntegration}, engine.Draft{Op: engine.OpIdentity})
	if err != nil {
		return nil, err
	}
	if answer.Err != nil {
		return nil, answer.Err
	}
	return identityAnswer{Session: ref.Session.String(), Revision: uint64(answer.Held.Revision()), Identity: attrsOf(answer.Held)}, nil
}

func attrsOf(held *engine.Identity) []attr {
	all := []attr{}
	if held == nil {
		return all
	}
	for _, h := range held.Attrs {
		all = append(all, attr{
			Name: h.Name, Value: string(h.Value.Reveal()), Verified: h.Verified, Source: h.Source.String(), Basis: h.Basis.String(), At: stamp(h.At),
		})
	}
	return all
}

// putIdentity says what is to be held about the visitor, all of it: what the body
// does not name is taken away. The tenant's server says itself which values it
// vouches for; by default none. With If-Match it does so only if nothing has
// changed since.
func (a *api) putIdentity(wait context.Context, c *call) (any, error) {
	var body struct {
		Basis    string            `json:"lawful_basis"`
		Set      map[string]string `json:"set"`
		Verified []string          `json:"verified"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	change := &engine.IdentityChange{Whole: true}
	var known bool
	if change.Basis, known = engine.ParseBasis(body.Basis); !known {
		return nil, engine.ErrBadRequest.In("lawful_basis")
	}
	for _, name := range body.Verified {
		if body.Set[name] == "" {
			return nil, engine.ErrBadRequest.In("verified")
		}
	}
	for name, value := range body.Set {
		change.Set = append(change.Set, engine.Attr{Name: name, Value: engine.BodyOf(value), Verified: slices.Contains(body.Verified, name)})
	}
	slices.SortFunc(change.Set, func(a, b engine.Attr) int { return strings.Compare(a.Name, b.Name) })
	var err error
	if change.If, err = c.ifMatch(); err != nil {
		return nil, err
	}
	if _, err := a.post(wait, c, engine.Draft{Op: engine.OpIdentify, Identity: change}); err != nil {
		return nil, err
	}
	return a.getIdentity(wait, c)
}

// ifMatch is the revision that If-Match asks for; nil: any. The comparison is the
// strong one, so a weak tag matches nothing; nor does what was never a tag of ours.
func (c *call) ifMatch() (*engine.Seq, error) {
	header := strings.TrimSpace(string(c.http.Request.Header.Peek("If-Match")))
	if header == "" || header == "*" { // there always is an identity to match, be it empty
		return nil, nil
	}
	inner, quoted := strings.CutPrefix(header, `"`)
	inner, closed := strings.CutSuffix(inner, `"`)
	n, err := strconv.ParseUint(inner, 10, 63)
	if !quoted || !closed || err != nil {
		return nil, engine.ErrPrecondition
	}
	revision := engine.Seq(n)
	return &revision, nil
}
