package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/parleyhq/parley/transport"
)

// socket is a client that may say anything. One goroutine uses it.
type socket struct {
	t     *testing.T
	conn  *websocket.Conn
	next  int
	hello map[string]any   // the result of auth
	kept  []map[string]any // frames that came while another was awaited
}

const socketPatience = 20 * time.Second

func dialSocket(t *testing.T, addr, side, origin string) *socket {
	t.Helper()
	header := http.Header{}
	if origin != "" {
		header.Set("Origin", origin)
	}
	dialer := websocket.Dialer{Subprotocols: []string{transport.Subprotocol}, HandshakeTimeout: socketPatience}
	conn, _, err := dialer.Dial("ws://"+addr+"/v1/"+side, header)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &socket{t: t, conn: conn}
}

func (s *socket) write(text string) {
	_ = s.conn.WriteMessage(websocket.TextMessage, []byte(text)) // a closed socket shows in reading
}

// send sends a request and answers its id.
func (s *socket) send(op string, d map[string]any) string {
	s.t.Helper()
	s.next++
	id := "c" + strconv.Itoa(s.next)
	text, err := json.Marshal(map[string]any{"k": "req", "id": id, "op": op, "d": d})
	must(s.t, err)
	s.write(string(text))
	return id
}

func (s *socket) read() (map[string]any, error) {
	_ = s.conn.SetReadDeadline(time.Now().Add(socketPatience))
	_, text, err := s.conn.ReadMessage()
	if err != nil {
		return nil, err
	}
	var frame map[string]any
	return frame, json.Unmarshal(text, &frame)
}

// until answers the first frame that matches; others are kept.
func (s *socket) until(what string, match func(map[string]any) bool) map[string]any {
	s.t.Helper()
	if i := slices.IndexFunc(s.kept, match); i >= 0 {
		frame := s.kept[i]
		s.kept = slices.Delete(s.kept, i, i+1)
		return frame
	}
	for {
		frame, err := s.read()
		if err != nil {
			s.t.Fatalf("waiting for %s: %v", what, err)
		}
		if match(frame) {
			return frame
		}
		s.kept = append(s.kept, frame)
	}
}

func (s *socket) result(op string, d map[string]any) map[string]any {
	s.t.Helper()
	id := s.send(op, d)
	return s.until(op+"'s result", func(f map[string]any) bool { return f["k"] == "res" && f["id"] == id })
}

// ok is a request that must succeed; it answers the result's d.
func (s *socket) ok(op string, d map[string]any) map[string]any {
	s.t.Helper()
	frame := s.result(op, d)
	if frame["ok"] != true {
		s.t.Fatalf("%s: refused: %v", op, frame["e"])
	}
	data := frame["d"].(map[string]any)
	if op == "auth" {
		s.hello = data
	}
	return data
}

// code is a request's refusal, empty if it was carried out.
func (s *socket) code(op string, d map[string]any) string {
	s.t.Helper()
	e, _ := s.result(op, d)["e"].(map[string]any)
	code, _ := e["code"].(string)
	return code
}

// timed is how long a request's answer takes.
func (s *socket) timed(op string, d map[string]any) time.Duration {
	s.t.Helper()
	start := time.Now()
	s.result(op, d)
	return time.Since(start)
}

// ends waits for the server's close and answers how many frames came before it,
// besides bye.
func (s *socket) ends(code int) (heard int) {
	s.t.Helper()
	for {
		frame, err := s.read()
		var closed *websocket.CloseError
		switch {
		case errors.As(err, &closed):
			if closed.Code != code {
				s.t.Errorf("closed with %d, want %d", closed.Code, code)
			}
			return heard
		case err != nil:
			s.t.Errorf("waiting for close %d: %v", code, err)
			return heard
		case frame["t"] != "bye":
			heard++
		}
	}
}
