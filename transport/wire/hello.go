package wire

import (
	"math"
	"strconv"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Hello is what a connection learns when it is seated: the result of auth.
type Hello struct {
	Request    string
	Conn       engine.ID
	Tenant     *engine.Tenant
	Operator   engine.OperatorID // empty for a visitor
	Welcome    *engine.Welcome
	Now        time.Time
	FrameBytes int
	PingEvery  time.Duration
	Resume     string // the connection's resume token; empty: none
	Resumed    string // what became of the one that was shown: "ok", "expired" or "invalid"; empty: none was
}

// AppendHello appends the result of auth.
func AppendHello(dst []byte, h *Hello) []byte {
	dst = appendResult(dst, h.Request)
	dst = append(appendName(dst, "conn"), '"')
	dst = append(appendID(dst, h.Conn), '"')
	if h.Operator == "" {
		dst = appendVisitorWelcome(dst, h.Welcome)
	} else {
		dst = appendOperatorWelcome(dst, h)
	}
	dst = append(appendName(dst, "tenant"), '{')
	dst = appendField(dst, "id", string(h.Tenant.ID))
	dst = append(appendField(dst, "name", h.Tenant.Name), '}')
	dst = append(appendName(dst, "departments"), '[')
	for i, d := range h.Tenant.Departments {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendField(append(dst, '{'), "id", string(d.ID))
		dst = appendQuestions(appendField(dst, "name", d.Name), d.Form)
		if h.Operator != "" {
			dst = appendTextsOf(dst, "close_reasons", d.CloseReasons)
			dst = appendTextsOf(dst, "rights", h.Welcome.Rights[d.ID].Names())
		}
		dst = append(dst, '}')
	}
	dst = appendTimeField(append(dst, ']'), "server_time", h.Now)
	dst = appendField(dst, "resume_token", h.Resume)
	dst = appendField(dst, "resume", h.Resumed)
	return append(appendLimits(dst, h), '}', '}')
}

func appendVisitorWelcome(dst []byte, w *engine.Welcome) []byte {
	dst = append(appendName(dst, "visitor"), '"')
	dst = append(appendID(dst, engine.ID(w.Visitor)), '"')
	dst = appendField(dst, "token", w.Token)
	dst = appendExpires(dst, w)
	if w.Verified {
		dst = appendBoolField(dst, "verified", true)
	}
	if !w.Session.IsZero() {
		dst = appendSession(dst, "session", w.Session)
	}
	if !w.Banned.IsZero() {
		dst = appendTimeField(dst, "banned_until", w.Banned)
	}
	return dst
}

func appendExpires(dst []byte, w *engine.Welcome) []byte {
	if w.Expires.IsZero() {
		return dst
	}
	return appendTimeField(dst, "token_expires", w.Expires)
}

func appendOperatorWelcome(dst []byte, h *Hello) []byte {
	dst = append(appendName(dst, "operator"), '{')
	dst = appendField(dst, "id", string(h.Operator))
	if o, known := h.Tenant.Operator(h.Operator); known {
		dst = appendField(dst, "name", o.Name)
	}
	dst = appendExpires(append(dst, '}'), h.Welcome)
	if h.Welcome.Me == nil {
		return dst
	}
	dst = append(appendName(dst, "me"), '{')
	dst = appendUintField(dst, "rev", h.Welcome.Me.Rev)
	return append(appendMe(dst, h.Welcome.Me), '}')
}

func appendLimits(dst []byte, h *Hello) []byte {
	dst = append(appendName(dst, "limits"), '{')
	dst = appendIntField(dst, "message_bytes", h.Tenant.Limits.MessageBytes)
	perSecond := h.Tenant.Limits.MessagesPerSecond
	if math.IsNaN(perSecond) || math.IsInf(perSecond, 0) {
		perSecond = 0 // JSON has no word for it
	}
	dst = strconv.AppendFloat(appendName(dst, "messages_per_second"), perSecond, 'f', -1, 64)
	dst = appendIntField(dst, "frame_bytes", h.FrameBytes)
	dst = appendIntField(dst, "ping_s", int((h.PingEvery+time.Second-1)/time.Second))
	dst = appendIntField(dst, "history", engine.MaxHistory)
	if f := &h.Tenant.Files; !f.Off && f.Bytes > 0 {
		dst = appendFileLimits(dst, f)
	}
	if h.Tenant.Peek {
		dst = appendBoolField(dst, "peek", true)
	}
	return append(dst, '}')
}
