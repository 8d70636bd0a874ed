package web_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/parleyhq/parley/transport/web"
	"github.com/valyala/fasthttp"
)

// get asks the handler, without a network in between. headers are name, value, ….
func get(t *testing.T, handler fasthttp.RequestHandler, method, address string, headers ...string) *fasthttp.Response {
	t.Helper()
	var ctx fasthttp.RequestCtx
	ctx.Request.Header.SetMethod(method)
	ctx.Request.SetRequestURI(address)
	ctx.Request.Header.SetHost("chat.example")
	for i := 0; i < len(headers); i += 2 {
		ctx.Request.Header.Set(headers[i], headers[i+1])
	}
	handler(&ctx)
	response := &fasthttp.Response{}
	ctx.Response.CopyTo(response)
	return response
}

func header(response *fasthttp.Response, name string) string {
	return string(response.Header.Peek(name))
}

func TestHandlerAnswersOnlyWhatItKnows(t *testing.T) {
	handler := web.Handler(web.Options{DefaultTenant: "demo"})
	for _, c := range []struct {
		method, address string
		status          int
	}{
		{"GET", "/visitor", 200},
		{"GET", "/visitor?tenant=demo", 200},
		{"GET", "/console?tenant=demo", 200},
		{"HEAD", "/console", 200},
		{"GET", "/", 302},
		{"GET", "/visitor/", 404},
		{"GET", "/%76isitor", 404},
		{"GET", "/x/../visitor", 404},
		{"GET", "/assets/", 404},
		{"GET", "/assets/visitor.js", 404},
		{"GET", "/pages/visitor.html", 404},
		{"GET", "/favicon.ico", 404},
		{"GET", "/assets/../web.go", 404},
		{"POST", "/visitor", 405},
		{"DELETE", "/", 405},
		{"OPTIONS", "/visitor", 405},
	} {
		response := get(t, handler, c.method, c.address)
		if got := response.StatusCode(); got != c.status {
			t.Errorf("%s %s: got status %d, want %d", c.method, c.address, got, c.status)
		}
		for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy"} {
			if header(response, name) == "" {
				t.Errorf("%s %s: got no %s", c.method, c.address, name)
			}
		}
	}
}

func TestRootRedirectsWithoutTheHost(t *testing.T) {
	response := get(t, web.Handler(web.Options{}), "GET", "/")
	if got := header(response, "Location"); got != "/visitor" {
		t.Errorf("Location: got %q, want /visitor", got)
	}
}

func TestPagesNameTheirTenantAsText(t *testing.T) {
	page := string(get(t, web.Handler(web.Options{DefaultTenant: `"><script>`}), "GET", "/visitor").Body())
	if !strings.Contains(page, `content="&#34;&gt;&lt;script&gt;"`) || strings.Contains(page, `"><script>`) {
		t.Error("the tenant's name is not escaped")
	}
	if strings.Contains(page, "@@") {
		t.Error("a placeholder is left in the page")
	}
}

// The policy forbids inline code, so a page that had some would not work.
func TestPagesHoldNoInlineCode(t *testing.T) {
	handler := web.Handler(web.Options{})
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|javascript:|<script(?:[^>]*)>[^<]|https?://`)
	for _, address := range []string{"/visitor", "/console"} {
		page := get(t, handler, "GET", address).Body()
		if found := inline.Find(page); found != nil {
			t.Errorf("%s: got inline code or a foreign address: %q", address, found)
		}
	}
}

func TestAssetsAreCachedForGoodUnderTheirDigest(t *testing.T) {
	handler := web.Handler(web.Options{})
	asset := regexp.MustCompile(`(?:src|href)="(/assets/[a-z]+\.[0-9a-f]{12}\.(?:js|css|svg))"(?:[^>]*integrity="(sha256-[^"]+)")?`)
	for _, address := range []string{"/visitor", "/console"} {
		found := asset.FindAllSubmatch(get(t, handler, "GET", address).Body(), -1)
		if len(found) < 3 {
			t.Fatalf("%s: got %d assets, want at least 3", address, len(found))
		}
		for _, match := range found {
			response := get(t, handler, "GET", string(match[1]))
			if response.StatusCode() != 200 || !strings.Contains(header(response, "Cache-Control"), "immutable") {
				t.Errorf("%s: got status %d, Cache-Control %q", match[1], response.StatusCode(), header(response, "Cache-Control"))
			}
			digest := sha256.Sum256(response.Body())
			if sri := "sha256-" + base64.StdEncoding.EncodeToString(digest[:]); len(match[2]) > 0 && sri != string(match[2]) {
				t.Errorf("%s: got integrity %s, want %s", match[1], match[2], sri)
			}
		}
	}
}

func TestKnownDocumentsAreNotSentAgain(t *testing.T) {
	handler := web.Handler(web.Options{})
	etag := header(get(t, handler, "GET", "/visitor"), "ETag")
	if !strings.HasPrefix(etag, `"`) {
		t.Fatalf("ETag: got %q, want a strong one", etag)
	}
	for _, c := range []struct {
		known  string
		status int
	}{{etag, 304}, {`"other", W/` + etag, 304}, {"*", 304}, {`"other"`, 200}, {"", 200}} {
		response := get(t, handler, "GET", "/visitor", "If-None-Match", c.known)
		if got := response.StatusCode(); got != c.status {
			t.Errorf("If-None-Match %q: got status %d, want %d", c.known, got, c.status)
		}
		if c.status == 304 && len(response.Body()) > 0 {
			t.Errorf("If-None-Match %q: got a body with 304", c.known)
		}
	}
}

func TestPackedAndPlainAreTheSame(t *testing.T) {
	handler := web.Handler(web.Options{})
	plain := get(t, handler, "GET", "/console")
	packed := get(t, handler, "GET", "/console", "Accept-Encoding", "br, gzip")
	if got := header(packed, "Content-Encoding"); got != "gzip" {
		t.Fatalf("Content-Encoding: got %q, want gzip", got)
	}
	if header(plain, "ETag") == header(packed, "ETag") {
		t.Error("both representations share one ETag")
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed.Body()))
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(reader)
	if err != nil || !bytes.Equal(content, plain.Body()) {
		t.Errorf("unpacked: got %d bytes (%v), want the %d plain ones", len(content), err, len(plain.Body()))
	}
}
