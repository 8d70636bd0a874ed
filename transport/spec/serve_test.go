package spec_test

import (
	"bytes"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/parleyhq/parley/transport/spec"
)

// ask sends a request through a handler and answers the response.
func ask(handler fasthttp.RequestHandler, method, path string, header ...string) *fasthttp.Response {
	var ctx fasthttp.RequestCtx
	ctx.Request.Header.SetMethod(method)
	ctx.Request.SetRequestURI(path)
	for i := 0; i < len(header); i += 2 {
		ctx.Request.Header.Set(header[i], header[i+1])
	}
	handler(&ctx)
	return &ctx.Response
}

func TestServed(t *testing.T) {
	handler := spec.Handler(func(ctx *fasthttp.RequestCtx) { ctx.SetBodyString("next") })
	for path, want := range map[string][]byte{
		"/v1/asyncapi.json": spec.Document(), "/": []byte("next"), "/v1/asyncapi.jso": []byte("next"),
	} {
		if got := ask(handler, "GET", path); got.StatusCode() != 200 || !bytes.Equal(got.Body(), want) {
			t.Errorf("%s: got %d and %d bytes", path, got.StatusCode(), len(got.Body()))
		}
	}
	for _, name := range spec.Names() {
		want, _ := spec.Schema(name)
		got := ask(handler, "GET", "/v1/schemas/"+name+".json")
		if got.StatusCode() != 200 || !bytes.Equal(got.Body(), want) || string(got.Header.ContentType()) != "application/schema+json" {
			t.Errorf("%s: got %d, %s", name, got.StatusCode(), got.Header.ContentType())
		}
	}
	for _, path := range []string{
		"/v1/schemas/", "/v1/schemas/none.json", "/v1/schemas/common", "/v1/schemas/../asyncapi.json", "/v1/schemas/..%2fspec.go", "/v1/schemas/%63ommon.json",
	} {
		if got := ask(handler, "GET", path); got.StatusCode() != 404 {
			t.Errorf("%s: got %d, want 404", path, got.StatusCode())
		}
	}
	if got := ask(spec.Handler(nil), "GET", "/"); got.StatusCode() != 404 {
		t.Errorf("without a next handler: got %d, want 404", got.StatusCode())
	}
}

func TestServedOnce(t *testing.T) {
	handler := spec.Handler(nil)
	etag := string(ask(handler, "GET", spec.DocumentPath).Header.Peek("ETag"))
	if got := ask(handler, "GET", spec.DocumentPath, "If-None-Match", etag); got.StatusCode() != 304 || len(got.Body()) != 0 {
		t.Errorf("again: got %d and %d bytes", got.StatusCode(), len(got.Body()))
	}
	if got := ask(handler, "GET", spec.DocumentPath, "If-None-Match", `"other"`); got.StatusCode() != 200 {
		t.Errorf("another version: got %d", got.StatusCode())
	}
	if got := ask(handler, "POST", spec.DocumentPath); got.StatusCode() != 405 || string(got.Header.Peek("Allow")) != "GET, HEAD" {
		t.Errorf("POST: got %d, Allow %s", got.StatusCode(), got.Header.Peek("Allow"))
	}
	spoilt := spec.Document()
	clear(spoilt)
	if bytes.Equal(spoilt, spec.Document()) {
		t.Error("a caller can spoil the document")
	}
}
