package transport

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"strings"

	"github.com/fasthttp/websocket"
	"github.com/valyala/fasthttp"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/internal/rfc6455"
)

// Subprotocol is the one that is spoken here.
const Subprotocol = "parley.v1+json"

const subprotocolFamily = "parley.v"

// entrance is what the handshake said that auth will judge.
type entrance struct {
	origin  string // as sent; empty: none
	self    bool   // origin is this server's own
	version bool   // the client speaks another version only
}

// refusal is why a handshake goes no further: an HTTP status, a word for the
// metric, a sentence for whoever debugs a client.
type refusal struct {
	status      int
	label, text string
}

// handshake turns a request into a connection (RFC 6455 section 4.2). What the
// library does not check is checked here, and the places are taken before the
// upgrade.
func (s *Server) handshake(ctx *fasthttp.RequestCtx, at side) {
	e, protocol, no := s.judge(ctx, at)
	var c *conn
	if no == nil {
		c, no = s.admit(ctx, at, e)
	}
	if no != nil {
		s.metrics.handshakes.WithLabelValues(no.label).Inc()
		ctx.Error(no.text, no.status)
		ctx.Response.Header.Set("Sec-WebSocket-Version", "13")
		ctx.SetConnectionClose()
		return
	}
	upgrader := websocket.FastHTTPUpgrader{
		ReadBufferSize:  readBuffer,
		WriteBufferPool: &s.writeBuffers,                                 // the library writes nothing but a close frame
		CheckOrigin:     func(*fasthttp.RequestCtx) bool { return true }, // judged at auth, against the tenant's list
	}
	if protocol != "" {
		upgrader.Subprotocols = []string{protocol}
	}
	// The handler is not called if the response cannot be written: the sweeper
	// then gives the place back.
	if err := upgrader.Upgrade(ctx, func(ws *websocket.Conn) { s.arrived(c, ws) }); err != nil {
		s.metrics.handshakes.WithLabelValues("upgrade").Inc()
		s.forget(c)
	}
}

// readBuffer is the bytes that a connection keeps to read into: most messages
// fit, larger ones are read straight into their own buffer.
const readBuffer = 512

// judge checks the request and answers the subprotocol to agree on.
func (s *Server) judge(ctx *fasthttp.RequestCtx, at side) (*entrance, string, *refusal) {
	h := &ctx.Request.Header
	switch {
	case !s.hosted.Load():
		return nil, "", &refusal{fasthttp.StatusServiceUnavailable, "not_mounted", "the server was not mounted"}
	case !ctx.IsGet():
		ctx.Response.Header.Set("Allow", "GET")
		return nil, "", &refusal{fasthttp.StatusMethodNotAllowed, "method", "want GET"}
	case hasBody(ctx):
		return nil, "", &refusal{fasthttp.StatusBadRequest, "body", "want no body"}
	case string(h.Protocol()) != "HTTP/1.1":
		return nil, "", &refusal{fasthttp.StatusUpgradeRequired, "http_version", "want HTTP/1.1"}
	case len(h.Host()) == 0 || len(h.PeekAll("Host")) > 1:
		return nil, "", &refusal{fasthttp.StatusBadRequest, "host", "want one Host"}
	case !asksToUpgrade(h) || !strings.EqualFold(string(h.Peek("Upgrade")), "websocket"):
		return nil, "", &refusal{fasthttp.StatusUpgradeRequired, "upgrade", "this address speaks WebSocket"}
	case len(h.PeekAll("Sec-WebSocket-Version")) != 1 || string(h.Peek("Sec-WebSocket-Version")) != "13":
		return nil, "", &refusal{fasthttp.StatusUpgradeRequired, "version", "want Sec-WebSocket-Version 13"}
	case len(h.PeekAll("Sec-WebSocket-Key")) != 1 || !rfc6455.IsKey(h.Peek("Sec-WebSocket-Key")):
		return nil, "", &refusal{fasthttp.StatusBadRequest, "key", "want a Sec-WebSocket-Key of 16 bytes in base64"}
	case len(h.PeekAll("Origin")) > 1:
		return nil, "", &refusal{fasthttp.StatusBadRequest, "origin", "want one Origin"}
	case !areExtensions(h.PeekAll("Sec-WebSocket-Extensions")):
		return nil, "", &refusal{fasthttp.StatusBadRequest, "extensions", "want Sec-WebSocket-Extensions as RFC 6455 section 9.1 has it"}
	case at == echoSide: // whatever subprotocol it offers: none is spoken here
		return &entrance{}, "", nil
	}
	protocol := offered(h)
	if protocol == "" {
		return nil, "", &refusal{fasthttp.StatusBadRequest, "subprotocol", "want Sec-WebSocket-Protocol " + Subprotocol}
	}
	origin := string(h.Peek("Origin"))
	scheme := "http://"
	if ctx.IsTLS() {
		scheme = "https://"
	}
	return &entrance{
		origin:  origin,
		self:    s.options.SelfOrigin && sameOrigin(origin, scheme+string(ctx.Host())),
		version: protocol != Subprotocol,
	}, protocol, nil
}

// asksToUpgrade reads the Connection header. Some proxies send it in several lines,
// which say what one with commas says (RFC 9110 section 5.3); the library reads the
// first line only, so they become one.
func asksToUpgrade(h *fasthttp.RequestHeader) bool {
	if lines := h.PeekAll("Connection"); len(lines) > 1 && !h.ConnectionClose() {
		h.SetBytesV("Connection", bytes.Join(lines, []byte(", ")))
	}
	return h.ConnectionUpgrade()
}

// hasBody reports a body, of any length or of none: a handshake has no business
// with one, and disagreement about where it ends is how requests are smuggled.
func hasBody(ctx *fasthttp.RequestCtx) bool {
	h := &ctx.Request.Header
	if length := h.ContentLength(); length > 0 || length == -1 || !ctx.Request.IsBodyStream() && len(ctx.Request.Body()) > 0 {
		return true
	}
	// fasthttp has read a chunked body by now and forgotten the header.
	raw := h.RawHeaders()
	return bytes.Contains(bytes.ToLower(raw), []byte("transfer-encoding:"))
}

// offered is the subprotocol to agree on: ours if the client offers it. One of
// another version is accepted as well, so that its client can be told in its own
// frames why it must be updated; a browser hides an HTTP status.
func offered(h *fasthttp.RequestHeader) string {
	other := ""
	for _, line := range h.PeekAll("Sec-WebSocket-Protocol") {
		for name := range strings.SplitSeq(string(line), ",") {
			name = strings.TrimSpace(name)
			if name == Subprotocol {
				return Subprotocol
			}
			if other == "" && strings.HasPrefix(name, subprotocolFamily) && len(name) <= 32 {
				other = name
			}
		}
	}
	return other
}

// admit takes a place for the connection to be.
func (s *Server) admit(ctx *fasthttp.RequestCtx, at side, e *entrance) (*conn, *refusal) {
	c := &conn{server: s, side: at, id: newConnID(s.now()), entrance: e}
	c.out.limit = s.options.OutboxBytes
	if at == echoSide {
		c.out.limit += echoAhead * s.options.EchoBytes
	}
	c.alive.Store(true)
	switch err := s.registry.admit(c, s.peer(ctx)); {
	case err == nil:
		return c, nil
	case errors.Is(err, errDraining):
		ctx.Response.Header.Set("Retry-After", "2")
		return nil, &refusal{fasthttp.StatusServiceUnavailable, "draining", "the server is stopping"}
	case errors.Is(err, errFullIP):
		return nil, &refusal{fasthttp.StatusTooManyRequests, "too_many_of_address", "too many connections from this address"}
	default:
		ctx.Response.Header.Set("Retry-After", "10")
		return nil, &refusal{fasthttp.StatusServiceUnavailable, "too_many", "too many connections"}
	}
}

// peer is the address that limits apply to: the socket's, or what a trusted
// proxy says. IPv6 counts by its /64, which one subscriber holds.
func (s *Server) peer(ctx *fasthttp.RequestCtx) netip.Addr {
	ip, _ := netip.AddrFromSlice(ctx.RemoteIP())
	ip = ip.Unmap()
	hops := strings.Split(string(ctx.Request.Header.Peek("X-Forwarded-For")), ",")
	for i := len(hops) - 1; i >= 0 && s.isTrusted(ip); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		ip = hop.Unmap()
	}
	if ip.Is6() {
		if prefix, err := ip.Prefix(64); err == nil {
			return prefix.Addr()
		}
	}
	return ip
}

func (s *Server) isTrusted(ip netip.Addr) bool {
	for _, proxy := range s.options.TrustedProxies {
		if proxy.Contains(ip) {
			return true
		}
	}
	return false
}

// arrived gets the socket from fasthttp, on a goroutine of fasthttp's that ends
// with this call: from here on it is the connection's own.
func (s *Server) arrived(c *conn, ws *websocket.Conn) {
	wrapped := ws.NetConn()
	socket := wrapped
	if u, ok := wrapped.(interface{ UnsafeConn() net.Conn }); ok {
		socket = u.UnsafeConn()
	}
	if !s.equip(c, ws, wrapped, socket) || !s.registry.arrive(c) {
		_ = socket.Close()
		s.forget(c)
		return
	}
	if c.entrance.version {
		c.strayed(engine.ErrUnsupportedVersion)
		c.end(endVersion, 0)
	}
	if c.side == echoSide { // there is nothing to wait for
		c.entrance = nil
		s.registry.seat(c)
	}
	go c.run()
}

// equip gives the connection its socket and its ways to read and write.
func (s *Server) equip(c *conn, ws *websocket.Conn, wrapped, socket net.Conn) bool {
	beneath := socket
	socket = bareOf(socket)
	c.socket = socket
	tcp, plain := socket.(*net.TCPConn)
	if over, ok := socket.(interface{ NetConn() net.Conn }); ok && !plain {
		tcp, _ = over.NetConn().(*net.TCPConn)
	}
	if tcp != nil {
		_ = tcp.SetWriteBuffer(64 << 10) // else the kernel takes megabytes for a client that does not read
	}
	if !s.options.FastPath {
		c.source = newLibrarySource(c, ws, beneath)
		return true
	}
	early, ok := drainEarly(wrapped)
	if !ok {
		return false
	}
	c.source = newOwnSource(c, early)
	if plain && len(s.shards) > 0 {
		if raw, err := tcp.SyscallConn(); err == nil {
			c.raw = raw
			c.shard = s.shards[s.turn.Add(1)%uint64(len(s.shards))]
		}
	}
	return true
}

// sameOrigin compares as RFC 6454 section 5 does, ASCII letters in either case.
// Equal lengths: EqualFold alone would also fold letters beyond ASCII.
func sameOrigin(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }
