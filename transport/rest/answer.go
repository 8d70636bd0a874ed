package rest

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// encoded is an answer that is JSON already.
type encoded []byte

// revised is an answer whose ETag is a revision, so that the next change can be
// made on condition of it (RFC 9110 section 13.1.1).
type revised interface{ tag() string }

// writeAnswer writes a successful answer; a GET that the client has already
// answers 304.
func writeAnswer(ctx *fasthttp.RequestCtx, answer any) {
	if out, ok := answer.(written); ok {
		writeWritten(ctx, out)
		return
	}
	body, ok := answer.(encoded)
	if !ok {
		body, _ = json.Marshal(answer) // this package's own structs: cannot fail
	}
	setCommonHeaders(ctx)
	revised, ok := answer.(revised)
	if ok {
		ctx.Response.Header.Set(fasthttp.HeaderETag, revised.tag())
	}
	if ctx.IsGet() {
		tag := etag(body)
		if ok {
			tag = revised.tag()
		}
		ctx.Response.Header.Set(fasthttp.HeaderETag, tag)
		if holds(string(ctx.Request.Header.Peek(fasthttp.HeaderIfNoneMatch)), tag) {
			ctx.SetStatusCode(fasthttp.StatusNotModified)
			return
		}
	}
	ctx.SetContentType("application/json")
	ctx.SetBody(body)
}

// writeWritten writes an answer that is not JSON. The header comes from numbers only.
func writeWritten(ctx *fasthttp.RequestCtx, out written) {
	setCommonHeaders(ctx)
	if out.next > 0 {
		ctx.Response.Header.Set(nextHeader, strconv.FormatUint(uint64(out.next), 10))
	}
	tag := etag(out.body)
	ctx.Response.Header.Set(fasthttp.HeaderETag, tag)
	if holds(string(ctx.Request.Header.Peek(fasthttp.HeaderIfNoneMatch)), tag) {
		ctx.SetStatusCode(fasthttp.StatusNotModified)
		return
	}
	ctx.SetContentType(out.media)
	ctx.SetBody(out.body)
}

// setCommonHeaders: answers hold personal data, so nothing on the way keeps
// them, and no browser takes them for a page.
func setCommonHeaders(ctx *fasthttp.RequestCtx) {
	ctx.Response.Header.Set(fasthttp.HeaderCacheControl, "no-store")
	ctx.Response.Header.Set(fasthttp.HeaderXContentTypeOptions, "nosniff")
}

// etag names the very bytes of an answer (RFC 9110 section 8.8.3).
func etag(body []byte) string {
	sum := fnv.New64a()
	_, _ = sum.Write(body)
	return fmt.Sprintf(`"%016x"`, sum.Sum64())
}

// holds reports whether an If-None-Match list names the tag; for a GET the
// weak comparison applies (RFC 9110 section 13.1.2).
func holds(list, tag string) bool {
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimPrefix(strings.TrimSpace(item), "W/")
		if item == tag || item == "*" {
			return true
		}
	}
	return false
}

// stamp is a time as the WebSocket protocol writes it; empty for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// minute is a stamp of the minute that t lies in: last activity is told no
// finer.
func minute(t time.Time) string { return stamp(t.Truncate(time.Minute)) }
