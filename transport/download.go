package transport

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"
)

// filePolicy keeps a file that a browser shows after all from running anything or
// loading anything (Content Security Policy Level 3).
const filePolicy = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// download answers with a file as something to be saved, never to be shown.
func (c *fileCall) download(wait context.Context, done func()) error {
	file, bytes, err := c.server.exchange.Download(wait, c.tenant.ID, c.id, c.token)
	if err != nil {
		done()
		return err
	}
	h := &c.Response.Header
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // pages of the tenant's; the token is the right
	h.Set("Content-Disposition", disposition(string(file.Name.Reveal())))
	h.Set("Accept-Ranges", "bytes")
	c.SetContentType(file.Media)
	first, last, asked := rangeOf(string(c.Request.Header.Peek("Range")), file.Bytes)
	switch {
	case asked && first > last:
		done()
		_ = bytes.Close()
		h.Set("Content-Range", "bytes */"+strconv.FormatInt(file.Bytes, 10))
		c.SetStatusCode(fasthttp.StatusRequestedRangeNotSatisfiable)
		return nil
	case asked:
		h.Set("Content-Range", "bytes "+strconv.FormatInt(first, 10)+"-"+strconv.FormatInt(last, 10)+"/"+strconv.FormatInt(file.Bytes, 10))
		c.SetStatusCode(fasthttp.StatusPartialContent)
	}
	if _, err := bytes.Seek(first, io.SeekStart); err != nil {
		done()
		_ = bytes.Close()
		return err
	}
	length := last - first + 1
	c.SetBodyStream(&outgoing{Reader: io.LimitReader(bytes, length), file: bytes, server: c.server, done: done}, int(length))
	return nil
}

// outgoing is a file on its way. fasthttp closes it, whether all was written or not.
type outgoing struct {
	io.Reader
	file   io.Closer
	server *Server
	done   func()
	bytes  int
}

func (o *outgoing) Read(p []byte) (int, error) {
	n, err := o.Reader.Read(p)
	o.bytes += n
	return n, err
}

func (o *outgoing) Close() error {
	if o.done == nil {
		return nil
	}
	o.done()
	o.done = nil
	o.server.metrics.fileBytes.WithLabelValues("out").Add(float64(o.bytes))
	return o.file.Close()
}

// rangeOf reads a Range of one part (RFC 9110 section 14.1.2). Several parts, and
// what cannot be read, are as if nothing was asked: the whole. first beyond last:
// there are no such bytes.
func rangeOf(header string, size int64) (first, last int64, asked bool) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	from, to, dashed := strings.Cut(strings.TrimSpace(spec), "-")
	whole := size - 1
	if !ok || !dashed {
		return 0, whole, false
	}
	a, errFrom := strconv.ParseUint(from, 10, 63)
	b, errTo := strconv.ParseUint(to, 10, 63)
	switch {
	case from == "" && errTo == nil: // the last so many
		if b == 0 {
			return 1, 0, true
		}
		return max(0, size-int64(b)), whole, true
	case errFrom != nil || to != "" && (errTo != nil || b < a):
		return 0, whole, false
	case int64(a) >= size:
		return 1, 0, true
	case to == "":
		return int64(a), whole, true
	default:
		return int64(a), min(int64(b), whole), true
	}
}

// disposition says that the file is to be saved, and under which name (RFC 6266):
// in ASCII for old programs, and as it is (RFC 8187) for others.
func disposition(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '%' || r == '/' {
			return '_'
		}
		return r
	}, name)
	var extended strings.Builder
	for i := range len(name) {
		c := name[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 {
			extended.WriteByte(c)
			continue
		}
		extended.WriteString("%" + strings.ToUpper(strconv.FormatUint(uint64(c)+256, 16)[1:]))
	}
	return `attachment; filename="` + plain + `"; filename*=UTF-8''` + extended.String()
}

var _ io.ReadCloser = (*outgoing)(nil)
