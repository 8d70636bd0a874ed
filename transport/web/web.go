package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"path"
	"strings"

	"github.com/valyala/fasthttp"
)

//go:embed pages dist
var files embed.FS

// Options configures the pages. The zero value is useful.
type Options struct {
	// DefaultTenant is the tenant of a page whose address names none with
	// ?tenant=. Empty: the address must name one.
	DefaultTenant string
}

// Handler serves the pages and their assets:
//
//	/                redirects to /visitor
//	/visitor         the visitor's chat, for ?tenant=ID
//	/console         the operator's console, for ?tenant=ID; the token comes in the fragment (#token=…)
//	/assets/…        scripts, styles and the icon under names that hold their digest
//
// Anything else is 404, and a method other than GET and HEAD is 405. All bytes
// are made here, once; the handler touches no file and may serve from any
// number of goroutines.
func Handler(options Options) fasthttp.RequestHandler {
	site := newSite(options)
	return func(ctx *fasthttp.RequestCtx) {
		secure(&ctx.Response.Header)
		if !ctx.IsGet() && !ctx.IsHead() {
			ctx.Response.Header.Set(fasthttp.HeaderAllow, "GET, HEAD")
			plain(ctx, fasthttp.StatusMethodNotAllowed, "method not allowed\n")
			return
		}
		// The path is compared as the client wrote it: no decoding, no cleaning.
		name := string(ctx.URI().PathOriginal())
		if name == "/" {
			// Relative: the Host header of a stranger must not end up in an address.
			ctx.Response.Header.Set(fasthttp.HeaderLocation, "/visitor")
			plain(ctx, fasthttp.StatusFound, "see /visitor\n")
			return
		}
		doc, ok := site[name]
		if !ok {
			plain(ctx, fasthttp.StatusNotFound, "not found\n")
			return
		}
		doc.serve(ctx)
	}
}

// document is one thing that can be asked for, ready to be sent.
type document struct {
	contentType string
	caching     string
	etag        string // strong, quoted
	plain       []byte
	packed      []byte // gzip
}

func (d *document) serve(ctx *fasthttp.RequestCtx) {
	header := &ctx.Response.Header
	header.Set(fasthttp.HeaderCacheControl, d.caching)
	header.Set(fasthttp.HeaderVary, fasthttp.HeaderAcceptEncoding)
	body, etag := d.plain, `"`+d.etag+`"`
	if ctx.Request.Header.HasAcceptEncoding("gzip") {
		// Another representation is another entity (RFC 9110 section 8.8.3.3).
		body, etag = d.packed, `"`+d.etag+`-gzip"`
		header.Set(fasthttp.HeaderContentEncoding, "gzip")
	}
	header.Set(fasthttp.HeaderETag, etag)
	if matches(string(ctx.Request.Header.Peek(fasthttp.HeaderIfNoneMatch)), etag) {
		header.Del(fasthttp.HeaderContentEncoding)
		ctx.SetStatusCode(fasthttp.StatusNotModified)
		return
	}
	header.SetContentType(d.contentType)
	ctx.SetBody(body) // copies: middleware may change what it gets
}

// matches reports whether an If-None-Match header names the tag
// (RFC 9110 section 13.1.2: the weak comparison).
func matches(header, etag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == etag {
			return true
		}
	}
	return false
}

func plain(ctx *fasthttp.RequestCtx, status int, text string) {
	ctx.SetStatusCode(status)
	ctx.Response.Header.Set(fasthttp.HeaderCacheControl, "no-store")
	ctx.SetContentType("text/plain; charset=utf-8")
	ctx.SetBodyString(text)
}

// assets are served under a name with their digest, so that they may be cached
// for good. HTML says @@name@@ for that name and @@name.sri@@ for the digest.
func assets() map[string]string {
	return map[string]string{
		"visitor.js": "dist/visitor.js", "visitor.css": "dist/visitor.css",
		"console.js": "dist/console.js", "console.css": "dist/console.css",
		"icon.svg": "pages/icon.svg",
	}
}

const (
	forGood  = "public, max-age=31536000, immutable"
	askAgain = "no-cache" // keep it, and ask each time whether it is still good
)

func newSite(options Options) map[string]*document {
	site := map[string]*document{}
	replace := []string{"@@tenant@@", html.EscapeString(options.DefaultTenant)}
	for name, file := range assets() {
		content := read(file)
		digest := sha256.Sum256(content)
		extension := path.Ext(name)
		address := "/assets/" + strings.TrimSuffix(name, extension) + "." + hex.EncodeToString(digest[:6]) + extension
		site[address] = newDocument(contentType(extension), forGood, content)
		replace = append(replace, "@@"+name+"@@", address,
			"@@"+name+".sri@@", "sha256-"+base64.StdEncoding.EncodeToString(digest[:]))
	}
	filled := strings.NewReplacer(replace...)
	for _, page := range []string{"visitor", "console"} {
		content := filled.Replace(string(read("pages/" + page + ".html")))
		site["/"+page] = newDocument(contentType(".html"), askAgain, []byte(content))
	}
	return site
}

func newDocument(contentType, caching string, content []byte) *document {
	digest := sha256.Sum256(content)
	return &document{
		contentType: contentType,
		caching:     caching,
		etag:        hex.EncodeToString(digest[:12]),
		plain:       content,
		packed:      pack(content),
	}
}

func contentType(extension string) string {
	switch extension {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	panic(fmt.Sprintf("web: no content type for %q", extension))
}

// read answers an embedded file. A name that is not embedded is a mistake in
// this package, which any test of it finds.
func read(name string) []byte {
	content, err := files.ReadFile(name)
	if err != nil {
		panic(fmt.Sprintf("web: embedded file: %v", err))
	}
	return content
}

func pack(content []byte) []byte {
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is valid
	_, _ = w.Write(content)                                    // a bytes.Buffer takes everything
	_ = w.Close()
	return packed.Bytes()
}
