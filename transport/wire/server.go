package wire

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Server is a server's frame as a client reads it. Fields that the frame's kind
// does not have are zero; Data is its d, still encoded.
type Server struct {
	Kind    string          `json:"k"` // res, evt, eph, watch, ctl
	Type    string          `json:"t"`
	Watch   string          `json:"w"`
	Request string          `json:"id"` // of res
	OK      bool            `json:"ok"` // of res
	Refusal *Refusal        `json:"e"`  // of res, when not OK
	Session string          `json:"sid"`
	Seq     engine.Seq      `json:"seq"`
	Prev    engine.Seq      `json:"prev"`
	Epoch   engine.Epoch    `json:"ep"`
	At      time.Time       `json:"at"`
	By      Person          `json:"by"`
	Client  string          `json:"cid"`
	Cause   string          `json:"cause"`
	Visible string          `json:"vis"`
	Rev     uint64          `json:"rev"` // of watch
	Data    json.RawMessage `json:"d"`
}

// Refusal is why a request was refused.
type Refusal struct {
	Code    string            `json:"code"`
	Message string            `json:"message"`
	Retry   int64             `json:"retry_after_ms"`
	Fields  []string          `json:"fields"`
	Seq     engine.Seq        `json:"seq"`
	Current engine.Epoch      `json:"current"`
	Max     int64             `json:"max"`
	Opens   time.Time         `json:"opens_at"`
	Events  []json.RawMessage `json:"events"`
}

// Err is the refusal as an engine.Error, for errors.Is.
func (r *Refusal) Err() *engine.Error {
	return &engine.Error{
		Code: r.Code, Message: r.Message, Retry: time.Duration(r.Retry) * time.Millisecond,
		Seq: r.Seq, Epoch: r.Current, Fields: r.Fields, Max: r.Max, Opens: r.Opens,
	}
}

// Person is who acted, or who is named.
type Person struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Data is the union of what d may hold, for clients that want all of it read.
type Data struct {
	// Of events.
	Department string        `json:"department"`
	Offer      string        `json:"offer_id"`
	Operator   any           `json:"operator"` // an id; in an operator's hello {id, name}
	Expires    time.Time     `json:"expires_at"`
	Body       Body          `json:"body"`
	Target     engine.Seq    `json:"target"`
	Deadline   time.Time     `json:"deadline"` // of resumed too
	Facts      *engine.Facts `json:"facts"`
	// Of results.
	Session string            `json:"sid"`
	Seq     engine.Seq        `json:"seq"`
	At      time.Time         `json:"at"`
	Epoch   engine.Epoch      `json:"ep"`
	State   string            `json:"state"`
	Events  []json.RawMessage `json:"events"`
	More    bool              `json:"more"`
	// Of ephemeral frames.
	Text     string    `json:"text"` // of peek
	By       Person    `json:"by"`
	On       bool      `json:"on"`
	Present  bool      `json:"present"`
	Activity time.Time `json:"last_activity_at"`
	People   []Person  `json:"people"`
	// Of resumed.
	Head    engine.Seq      `json:"head"`
	Owner   string          `json:"owner"`
	Turn    string          `json:"turn"`
	From    engine.Seq      `json:"from"`
	To      engine.Seq      `json:"to"`
	Reset   bool            `json:"reset"`
	RateBy  time.Time       `json:"rate_by"`
	Serving json.RawMessage `json:"serving"` // an operator's
	// Of queue.position and department.status.
	Position int       `json:"position"`
	P50      int       `json:"p50_s"`
	P90      int       `json:"p90_s"`
	ID       string    `json:"id"`
	Status   string    `json:"status"`
	OpensAt  time.Time `json:"opens_at"`
	// Of ping.
	Heads  []Head `json:"heads"`
	Resume string `json:"resume_token"`
	// Of bye and going_away.
	Reason    string `json:"reason"`
	Reconnect string `json:"reconnect"`
	Retry     int64  `json:"retry_after_ms"`
}

// Body is a message's content as a client reads it.
type Body struct {
	Type   string          `json:"type"` // text, form_answer, postback, file, redacted
	Text   string          `json:"text"`
	Form   string          `json:"form"`    // of form_answer
	Fields json.RawMessage `json:"fields"`  // of form_answer
	ID     string          `json:"id"`      // of postback
	Value  json.RawMessage `json:"value"`   // of postback
	File   string          `json:"file_id"` // of file, as all below
	Name   string          `json:"name"`
	Bytes  int64           `json:"size"`
	Media  string          `json:"mime"`
	Sum    string          `json:"sha256"`
}

// Welcome is the result of auth as a client reads it.
type Welcome struct {
	Conn     string    `json:"conn"`
	Visitor  string    `json:"visitor"`
	Token    string    `json:"token"`
	Expires  time.Time `json:"token_expires"`
	Verified bool      `json:"verified"`
	Session  string    `json:"session"`
	Operator Person    `json:"operator"`
	Me       *Me       `json:"me"`
	Tenant   struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"tenant"`
	Departments []struct {
		ID           string   `json:"id"`
		Name         string   `json:"name"`
		CloseReasons []string `json:"close_reasons"` // an operator's; none: any code
		Rights       []string `json:"rights"`        // an operator's: supervise, pick, hide
	} `json:"departments"`
	ServerTime time.Time `json:"server_time"`
	Resume     string    `json:"resume_token"` // to be shown at the next connect, unless a ping brought a newer one
	Resumed    string    `json:"resume"`       // what became of the one that was shown: ok, expired, invalid; empty: none was
	Limits     struct {
		MessageBytes      int      `json:"message_bytes"`
		FileBytes         int64    `json:"file_bytes"` // of one file; 0: files are not taken
		FileTypes         []string `json:"file_types"`
		MessagesPerSecond float64  `json:"messages_per_second"`
		FrameBytes        int      `json:"frame_bytes"`
		PingSeconds       int      `json:"ping_s"`
		History           int      `json:"history"`
		Peek              bool     `json:"peek"` // operators see what a visitor types before it is sent
	} `json:"limits"`
}

// Renewed is the result of auth.refresh as a client reads it.
type Renewed struct {
	Expires time.Time `json:"expires"`
	Token   string    `json:"token"` // a visitor's
}

// Me is an operator's own state as a client reads it.
type Me struct {
	Rev       uint64    `json:"rev"`
	Operator  string    `json:"operator"`
	Intent    Intent    `json:"intent"`
	Away      bool      `json:"away"`
	Used      int       `json:"used"`
	Capacity  int       `json:"capacity"`
	Open      int       `json:"open"`     // sessions that count against OpenCap
	OpenCap   int       `json:"open_cap"` // 0: not known
	Sessions  []string  `json:"sessions"`
	Breathing time.Time `json:"breathing_until"`
	Offers    []Offer   `json:"offers"`
}

// Intent is an intent as a client reads it.
type Intent struct {
	Intent string    `json:"intent"`
	Cause  string    `json:"cause"`
	By     string    `json:"by"`
	Device string    `json:"device"`
	At     time.Time `json:"at"`
	Until  time.Time `json:"until"`
	Drain  bool      `json:"drain"`
	Reason string    `json:"reason"`
}

// Offer is an offer as a client reads it.
type Offer struct {
	ID         string       `json:"offer_id"`
	Session    string       `json:"sid"`
	Epoch      engine.Epoch `json:"ep"`
	Department string       `json:"department"`
	Expires    time.Time    `json:"expires_at"`
	Waiting    time.Time    `json:"waiting_since"`
	Waited     int          `json:"waited_s"`
	Visitor    struct {
		Name     string `json:"name"`
		Verified bool   `json:"verified"`
	} `json:"visitor"`
	Met      []engine.Need `json:"skills_met"`
	Parallel int           `json:"parallel"` // operators who are asked at the same time; 0: not said
	Why      struct {
		Rule string `json:"rule"`
		Step int    `json:"step"`
	} `json:"why"`
}

// Load is what an operator carries, as a client reads it.
type Load struct {
	Used      int       `json:"used"`     // thousandths of a chat
	Capacity  int       `json:"capacity"` // thousandths of a chat
	Open      int       `json:"open"`
	OpenCap   int       `json:"open_cap"` // 0: not known
	Breathing time.Time `json:"breathing_until"`
}

// Notice is what an operator should know of, as a client reads it.
type Notice struct {
	Kind       string    `json:"kind"` // missed_pause, config_changed, going_away, sla_risk, operator_silent
	Since      time.Time `json:"since"`
	Misses     int       `json:"misses"`
	Rev        uint64    `json:"rev"`
	Department string    `json:"department"`
	Waited     int       `json:"waited_s"`
	Sessions   int       `json:"sessions"`
	Session    string    `json:"sid"`
	Operator   string    `json:"operator"`
}

// DecodeServer reads a server's frame.
func DecodeServer(data []byte) (*Server, error) {
	var frame Server
	if err := json.Unmarshal(data, &frame); err != nil {
		return nil, fmt.Errorf("decode a frame of %d bytes: %w", len(data), err)
	}
	if frame.Kind == "" {
		return nil, fmt.Errorf("decode a frame of %d bytes: no k", len(data))
	}
	return &frame, nil
}

// Read decodes the frame's d into what, a pointer to Data, Welcome, Me, Offer or
// a type of the caller's.
func (s *Server) Read(what any) error {
	if len(s.Data) == 0 {
		return nil
	}
	if err := json.Unmarshal(s.Data, what); err != nil {
		return fmt.Errorf("decode d of a %s frame: %w", s.Kind, err)
	}
	return nil
}
