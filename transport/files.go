package transport

import (
	"context"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/wire"
)

// Files' bytes come and go by HTTP beside the sockets: PUT writes what file.begin
// announced, GET reads what file.get gave a link to. The link's token is the proof;
// no cookie is looked at. The bytes pass through in parts and are never whole in
// memory here.

// isFile reports a path that is a file's.
func isFile(path []byte) bool { return strings.HasPrefix(string(path), wire.FilePath) }

// smallBody is how much a request for anything but a file may bring.
const smallBody = 64 << 10

// takesBody keeps bodies of other requests from being read whole into memory: the
// server streams, so that nothing has bounded them yet.
func takesBody(ctx *fasthttp.RequestCtx) bool {
	if !ctx.Request.IsBodyStream() {
		return true
	}
	length := ctx.Request.Header.ContentLength()
	return length >= 0 && length <= smallBody
}

// received gives requests for files the time that their bytes need.
func (s *Server) headerReceived(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if !isFile(h.RequestURI()) {
		return fasthttp.RequestConfig{}
	}
	return fasthttp.RequestConfig{ReadTimeout: s.options.TransferTimeout, WriteTimeout: s.options.TransferTimeout}
}

// fileCall is one request for a file's bytes.
type fileCall struct {
	*fasthttp.RequestCtx
	server *Server
	tenant *engine.Tenant
	id     engine.FileID
	token  string
}

// file serves one request for a file's bytes.
func (s *Server) file(ctx *fasthttp.RequestCtx) {
	header := &ctx.Response.Header
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer") // the address has the token
	c, err := s.fileCallOf(ctx)
	if err == nil && ctx.IsOptions() {
		ctx.SetStatusCode(fasthttp.StatusNoContent)
		return
	}
	direction := "download"
	if ctx.IsPut() {
		direction = "upload"
	}
	if err == nil {
		err = s.transfer(c)
	}
	var refusal *engine.Error
	if err != nil {
		refusal = s.refusalOf(err)
		refuseFile(ctx, refusal)
	}
	s.metrics.files.WithLabelValues(direction, resultOf(refusal)).Inc()
}

// fileCallOf reads the address, and judges where the request comes from: a page of
// a web origin that the tenant does not name gets nothing, and browsers keep the
// answer from it. Whoever sends no Origin is no page.
func (s *Server) fileCallOf(ctx *fasthttp.RequestCtx) (*fileCall, error) {
	tenant, known := s.options.Tenants.Tenant(engine.TenantID(ctx.QueryArgs().Peek("tenant")))
	id, err := engine.ParseFileID(strings.TrimPrefix(string(ctx.Path()), wire.FilePath))
	if !known || err != nil || s.exchange == nil {
		return nil, engine.ErrNotFound
	}
	if origin := string(ctx.Request.Header.Peek("Origin")); origin != "" {
		if !s.isSelf(ctx, origin) && !tenant.AllowsOrigin(origin) {
			return nil, engine.ErrOriginNotAllowed
		}
		allowPage(&ctx.Response.Header, origin)
	}
	c := &fileCall{RequestCtx: ctx, server: s, tenant: tenant, id: id, token: string(ctx.QueryArgs().Peek("token"))}
	if bearer, ok := strings.CutPrefix(string(ctx.Request.Header.Peek("Authorization")), "Bearer "); ok {
		c.token = bearer
	}
	return c, nil
}

// allowPage lets a page of that origin send the bytes and read the answer (Fetch
// standard, CORS protocol). It has no credentials of the browser's.
func allowPage(h *fasthttp.ResponseHeader, origin string) {
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, PUT")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Range")
	h.Set("Access-Control-Expose-Headers", "Content-Disposition, Content-Length, Content-Range, Retry-After")
	h.Set("Access-Control-Max-Age", "600")
	h.Set("Vary", "Origin")
}

// isSelf reports an origin that is this server's own, where that is accepted.
func (s *Server) isSelf(ctx *fasthttp.RequestCtx, origin string) bool {
	scheme := "http://"
	if ctx.IsTLS() {
		scheme = "https://"
	}
	return s.options.SelfOrigin && sameOrigin(origin, scheme+string(ctx.Host()))
}

// transfer moves the bytes, if there is room for one more transfer.
func (s *Server) transfer(c *fileCall) error {
	if s.transfers.Add(1) > int64(s.options.MaxTransfers) {
		s.transfers.Add(-1)
		return engine.ErrBusy.After(time.Second)
	}
	done := func() { s.transfers.Add(-1) }
	wait, cancel := context.WithTimeout(context.Background(), s.options.TransferTimeout)
	switch {
	case c.IsPut():
		defer cancel()
		defer done()
		return c.upload(wait)
	case c.IsGet(), c.IsHead():
		defer cancel()
		return c.download(wait, done)
	default:
		cancel()
		done()
		c.Response.Header.Set("Allow", "GET, HEAD, PUT, OPTIONS")
		return errMethod
	}
}

var errMethod = engine.ErrBadRequest.Because("this path takes GET, HEAD, PUT and OPTIONS")

// upload streams the body in.
func (c *fileCall) upload(wait context.Context) error {
	if encoding := c.Request.Header.Peek("Content-Encoding"); len(encoding) > 0 && string(encoding) != "identity" {
		return engine.ErrBadRequest.In("Content-Encoding")
	}
	var body io.Reader = strings.NewReader("")
	switch {
	case c.Request.IsBodyStream():
		body = c.RequestBodyStream()
	case len(c.PostBody()) > 0: // a host's server that does not stream
		body = strings.NewReader(string(c.PostBody()))
	}
	counted := &counting{Reader: body}
	err := c.server.exchange.Upload(wait, c.tenant.ID, c.id, c.token, counted)
	c.server.metrics.fileBytes.WithLabelValues("in").Add(float64(counted.bytes))
	if err == nil {
		c.SetStatusCode(fasthttp.StatusNoContent)
	}
	return err
}

// counting counts what is read.
type counting struct {
	io.Reader
	bytes int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.bytes += n
	return n, err
}

// refuseFile answers a request that goes no further. What it may still bring is not
// read.
func refuseFile(ctx *fasthttp.RequestCtx, err *engine.Error) {
	status := fileStatus(err)
	if err == errMethod {
		status = fasthttp.StatusMethodNotAllowed
	}
	h := &ctx.Response.Header
	ctx.Response.ResetBody()
	ctx.SetStatusCode(status)
	h.Del("Content-Disposition")
	if err.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int((err.Retry+time.Second-1)/time.Second)))
	}
	ctx.SetContentType("application/problem+json")
	ctx.SetBody(wire.AppendProblem(nil, err, status))
	if ctx.IsPut() {
		ctx.SetConnectionClose()
	}
}

// fileStatus maps an error to HTTP's (RFC 9110 section 15).
func fileStatus(err *engine.Error) int {
	switch wire.Code(err) {
	case engine.ErrNotFound.Code:
		return fasthttp.StatusNotFound
	case engine.ErrAuthExpired.Code:
		return fasthttp.StatusUnauthorized
	case engine.ErrOriginNotAllowed.Code, engine.ErrForbidden.Code:
		return fasthttp.StatusForbidden
	case engine.ErrClosed.Code, engine.ErrErased.Code:
		return fasthttp.StatusGone
	case engine.ErrTooLarge.Code:
		return fasthttp.StatusRequestEntityTooLarge
	case engine.ErrTypeNotAllowed.Code:
		return fasthttp.StatusUnsupportedMediaType
	case engine.ErrFileMismatch.Code:
		return fasthttp.StatusUnprocessableEntity
	case engine.ErrBusy.Code:
		return fasthttp.StatusServiceUnavailable
	case engine.ErrInternal.Code:
		return fasthttp.StatusInternalServerError
	default:
		return fasthttp.StatusBadRequest
	}
}

func resultOf(refusal *engine.Error) string {
	if refusal == nil {
		return "ok"
	}
	return wire.Code(refusal)
}
