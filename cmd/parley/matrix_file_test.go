package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"testing"
)

// moved is what came of a request for a file's bytes.
type moved struct {
	status int
	header http.Header
	body   []byte
}

// move asks for a file's bytes, or sends them, as a page of that origin does; empty:
// as a program.
func move(t *testing.T, method, addr, url, origin string, content []byte) moved {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+addr+url, bytes.NewReader(content))
	must(t, err)
	if origin != "" {
		request.Header.Set("Origin", origin)
	}
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	must(t, err)
	body, err := io.ReadAll(answer.Body)
	must(t, errors.Join(err, answer.Body.Close()))
	return moved{answer.StatusCode, answer.Header, body}
}

// announce is file.begin for that content.
func (s *socket) announce(sid, content string) (id, url string) {
	s.t.Helper()
	sum := sha256.Sum256([]byte(content))
	link := s.ok("file.begin", map[string]any{
		"sid": sid, "name": "a.txt", "size": len(content), "mime": "text/plain", "sha256": hex.EncodeToString(sum[:]), "idem": freshKey(),
	})
	return link["file_id"].(string), link["upload_url"].(string)
}

// sendFile makes content a message and answers the file's id.
func (s *socket) sendFile(addr, sid, content string) string {
	s.t.Helper()
	id, url := s.announce(sid, content)
	if got := move(s.t, http.MethodPut, addr, url, "", []byte(content)); got.status != http.StatusNoContent {
		s.t.Fatalf("upload: got %d %s", got.status, got.body)
	}
	s.ok("message.send", map[string]any{"sid": sid, "cmid": freshKey(), "body": fileBody(id)})
	return id
}

func fileBody(id string) map[string]any { return map[string]any{"type": "file", "file_id": id} }
