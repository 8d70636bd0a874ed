package rest_test

import (
	"testing"

	"github.com/parleyhq/parley/engine"
)

// identify does what a session does, as far as this interface can tell.
func (s *fakeSystem) identify(ref engine.SessionRef, d engine.Draft) engine.Answer {
	if fields := engine.CheckIdentity(d.Identity, nil); len(fields) > 0 {
		return engine.Answer{Err: engine.ErrBadRequest.In(fields...)}
	}
	if of := d.Identity.If; of != nil && *of != s.held.Revision() {
		return engine.Answer{Err: engine.ErrPrecondition}
	}
	for i := range d.Identity.Set {
		d.Identity.Set[i].Source = engine.SourceIntegration
	}
	s.held, _ = s.held.Apply(d.Identity, at)
	s.held.Seq = 8
	return engine.Answer{Session: ref.Session, Seq: 8, At: at}
}

// TestIdentityRevision: the ETag of what is read is what a change can be made of.
func TestIdentityRevision(t *testing.T) {
	b := newBed(t, 0)
	path := session(sessionID, "/identity")
	tag := b.ask(t, "GET", path, "").header.Get("ETag")
	if tag != `"0"` {
		t.Fatalf("etag: got %s", tag)
	}
	put := b.ask(t, "PUT", path, `{"lawful_basis":"consent","set":{"name":"A"}}`, "Idempotency-Key", "k", "If-Match", tag)
	if put.status != 200 || put.header.Get("ETag") != `"8"` {
		t.Fatalf("put: got %d %s", put.status, put.header.Get("ETag"))
	}
	if got := b.ask(t, "GET", path, "", "If-None-Match", `"8"`); got.status != 304 || len(got.body) != 0 {
		t.Errorf("get what is there: got %d", got.status)
	}
	if got := b.ask(t, "PUT", path, `{"lawful_basis":"consent"}`, "Idempotency-Key", "k2", "If-Match", "*"); got.status != 200 {
		t.Errorf("any: got %d", got.status)
	}
	if b.system.author.Kind != engine.AuthorIntegration {
		t.Errorf("author: got %v", b.system.author)
	}
}
