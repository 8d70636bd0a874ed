package spec

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/valyala/fasthttp"
)

// Addresses of the description.
const (
	DocumentPath = "/v1/asyncapi.json"
	FilesPath    = "/v1/files.json"
	SchemaPath   = "/v1/schemas/" // followed by a schema's name and ".json"
)

// page is one file of the description, ready to be sent.
type page struct {
	kind, etag string
	body       []byte
}

// Handler serves the AsyncAPI document at DocumentPath, that of files at FilesPath and the schemas below
// SchemaPath, and hands every other path to next; nil means 404. The description
// is public: it holds nothing of any tenant. Safe from any goroutine.
func Handler(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	pages := newPages()
	return func(ctx *fasthttp.RequestCtx) {
		// The path is compared as the client wrote it: no decoding, no cleaning.
		path := string(ctx.URI().PathOriginal())
		switch found, known := pages[path]; {
		case known:
			found.serve(ctx)
		case next == nil || strings.HasPrefix(path, SchemaPath):
			ctx.Error("not found", fasthttp.StatusNotFound)
		default:
			next(ctx)
		}
	}
}

func newPages() map[string]page {
	pages := map[string]page{DocumentPath: newPage("application/json", Document()), FilesPath: newPage("application/json", Files())}
	for _, name := range Names() {
		text, _ := Schema(name) // named by Names
		pages[SchemaPath+name+extension] = newPage("application/schema+json", text)
	}
	return pages
}

func newPage(kind string, body []byte) page {
	digest := sha256.Sum256(body)
	return page{kind: kind, etag: `"` + hex.EncodeToString(digest[:12]) + `"`, body: body}
}

func (p page) serve(ctx *fasthttp.RequestCtx) {
	header := &ctx.Response.Header
	if !ctx.IsGet() && !ctx.IsHead() {
		ctx.Error("method not allowed", fasthttp.StatusMethodNotAllowed)
		header.Set(fasthttp.HeaderAllow, "GET, HEAD")
		return
	}
	header.Set(fasthttp.HeaderXContentTypeOptions, "nosniff")
	header.Set(fasthttp.HeaderCacheControl, "no-cache") // keep it, and ask each time whether it is still good
	header.Set(fasthttp.HeaderETag, p.etag)
	if strings.Contains(string(ctx.Request.Header.Peek(fasthttp.HeaderIfNoneMatch)), p.etag) {
		ctx.SetStatusCode(fasthttp.StatusNotModified)
		return
	}
	header.SetContentType(p.kind)
	ctx.SetBody(p.body) // copies: middleware may change what it gets
}
