package engine_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/parleyhq/parley/engine"
)

// TestFactsRoundTrip: whatever a file is called, its message's body says it.
func TestFactsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := &engine.File{
			Name: engine.BodyOf(rapid.StringN(1, 60, 255).Draw(t, "name")), Bytes: rapid.Int64Range(1, engine.MaxFileBytes).Draw(t, "bytes"),
			Media: rapid.SampledFrom(engine.DefaultFileTypes()).Draw(t, "media"),
		}
		copy(f.ID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		copy(f.Sum[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "sum"))
		got, err := engine.FileOf(f.Facts())
		if err != nil {
			t.Fatal(err)
		}
		name := string(got.Name.Reveal())
		if got.ID != f.ID || got.Bytes != f.Bytes || got.Media != f.Media || got.Sum != f.Sum || name != strings.ToValidUTF8(string(f.Name.Reveal()), "\ufffd") {
			t.Errorf("got %+v named %q, want %+v named %q", got, name, f, f.Name.Reveal())
		}
	})
}

func TestFactsOfNothing(t *testing.T) {
	for _, text := range []string{"", "{}", "[]", "null", `{"file_id":"x"}`, `{"file_id":"01JTDKRQGG000000000000001A","sha256":"00"}`} {
		if _, err := engine.FileOf(engine.BodyOf(text)); !errors.Is(err, engine.ErrCorrupt) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

// TestFileTypes: lists, wildcards, and what is never taken.
func TestFileTypes(t *testing.T) {
	some := engine.Files{Types: []string{"image/*", "application/pdf", "text/*", "application/*"}}
	for media, want := range map[string]bool{
		"image/png": true, "application/pdf": true, "text/plain": true, "video/mp4": false, "imagex/png": false,
		"image/svg+xml": false, "text/html": false, "text/javascript": false, "application/xhtml+xml": false, "application/xml": false, "text/css": false,
		"application/wasm": false, "application/ecmascript": false,
	} {
		if got := some.Allows(media); got != want {
			t.Errorf("%s: got %v, want %v", media, got, want)
		}
	}
	some.Off = true
	if some.Allows("image/png") {
		t.Error("files are off and taken")
	}
	for media, want := range map[string]bool{
		"image/png": true, "a/b": true, "application/vnd.ms-excel": true, "image": false, "image/": false, "/png": false, "image/PNG": false,
		"image/png; q=1": false, "image/p ng": false, "image/../x": false, "a/b/c": false, "": false, "image/\"": false,
	} {
		if got := engine.IsMediaType(media); got != want {
			t.Errorf("%q is a media type: got %v, want %v", media, got, want)
		}
	}
}

// TestSniff: what is active is refused whatever it is called, and what is known
// must be what it says.
func TestSniff(t *testing.T) {
	const png, jpeg, pdf, zip = "\x89PNG\r\n\x1a\n....", "\xff\xd8\xff\xe0....", "%PDF-1.7\n", "PK\x03\x04...."
	word := engine.DefaultFileTypes()[7]
	for _, c := range []struct {
		name, head, media string
		good              bool
	}{
		{"a picture", png, "image/png", true},
		{"a photo", jpeg, "image/jpeg", true},
		{"webp", "RIFF....WEBPVP8 ", "image/webp", true},
		{"gif", "GIF89a..", "image/gif", true},
		{"pdf", pdf, "application/pdf", true},
		{"a document", zip, word, true},
		{"text", "hello, <b>you</b>", "text/plain", true},
		{"text with an accent", "caf\xc3\xa9", "text/plain", true},
		{"UTF-16 text", "\xff\xfeh\x00i\x00", "text/plain", true},
		{"a table", "a,b\n1,2\n", "text/csv", true},
		{"what nobody knows", "\x01\x02\x03", "application/octet-stream", true},
		{"a page", "<!DOCTYPE html><p>", "image/png", false},
		{"a page as text", " \n<HtMl>", "text/plain", false},
		{"a page after a comment", "hello <!-- --><script>alert(1)</script>", "text/plain", false},
		{"a page in UTF-16", "\xff\xfe<\x00s\x00c\x00r\x00i\x00p\x00t\x00", "text/plain", false},
		{"a page behind a mark", "\xef\xbb\xbf<html>", "text/plain", false},
		{"a vector picture", `<svg xmlns="http://www.w3.org/2000/svg">`, "image/png", false},
		{"a vector picture as xml", `<?xml version="1.0"?><svg/>`, "image/png", false},
		{"a program", "MZ\x90\x00", "application/octet-stream", false},
		{"a script", "#!/bin/sh\n", "text/plain", false},
		{"ELF", "\x7fELF....", "application/octet-stream", false},
		{"a photo as a picture", jpeg, "image/png", false},
		{"a picture as text", png, "text/plain", false},
		{"text as a picture", "hello", "image/png", false},
		{"an archive as pdf", zip, "application/pdf", false},
		{"nothing as a picture", "", "image/png", false},
	} {
		if err := engine.SniffFile([]byte(c.head), c.media); (err == nil) != c.good || err != nil && !errors.Is(err, engine.ErrTypeNotAllowed) {
			t.Errorf("%s as %s: got %v", c.name, c.media, err)
		}
	}
}

// TestFileLimits: what a tenant may say.
func TestFileLimits(t *testing.T) {
	tenant := func(f engine.Files) error {
		_, err := engine.NewTenants(&engine.Tenant{ID: "acme", Departments: []engine.Department{{ID: "d"}}, Files: f})
		return err
	}
	for i, f := range []engine.Files{{}, {Off: true}, {Bytes: 200 << 20}, {Types: []string{"image/*", "audio/ogg"}}, {PerSession: 1, Bytes: 1, SessionBytes: 1}} {
		if err := tenant(f); err != nil {
			t.Errorf("good %d: %v", i, err)
		}
	}
	for i, f := range []engine.Files{
		{Bytes: -1},
		{Bytes: engine.MaxFileBytes + 1},
		{PerSession: -1},
		{PerSession: 1001},
		{SessionBytes: 5},
		{Types: []string{"png"}},
		{Types: []string{"*/*"}},
		{Types: []string{"text/html"}},
		{Types: []string{"image/svg+xml"}},
		{Types: []string{""}},
	} {
		if tenant(f) == nil {
			t.Errorf("bad %d: taken", i)
		}
	}
}
