package engine

import (
	"bytes"
	"errors"
	"slices"
	"strings"
)

// Files bounds what files one tenant's people may send. The zero value takes
// defaults.
type Files struct {
	Off          bool     // nobody sends files
	Bytes        int64    // of one file; 0 means 10 MiB; at most MaxFileBytes
	Types        []string // media types such as "image/png" or "image/*"; empty: DefaultFileTypes
	PerSession   int      // files of one session; 0 means 50
	SessionBytes int64    // of all files of one session; 0 means 100 MiB
}

// DefaultFileTypes is what a tenant takes that says nothing else: pictures,
// documents and plain text.
func DefaultFileTypes() []string {
	return []string{
		"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain", "text/csv",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		"application/vnd.openxmlformats-officedocument.presentationml.presentation",
		"application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet",
	}
}

func (f *Files) ensureDefaults() {
	orDefault(&f.Bytes, 10<<20)
	orDefault(&f.PerSession, 50)
	orDefault(&f.SessionBytes, max(100<<20, f.Bytes))
	if len(f.Types) == 0 {
		f.Types = DefaultFileTypes()
	}
}

func (f *Files) validate() error {
	if f.Bytes < 1 || f.Bytes > MaxFileBytes || f.PerSession < 1 || f.PerSession > 1000 || f.SessionBytes < f.Bytes {
		return errors.New("files: bytes is 1 to 1 GiB, per_session 1 to 1000, session_bytes at least bytes")
	}
	for _, media := range f.Types {
		kind, wild := strings.CutSuffix(media, "/*")
		if wild && IsMediaType(kind+"/x") {
			continue
		}
		if !IsMediaType(media) {
			return errors.New("files: types: want type/subtype in lower case, or type/*")
		}
		if isActive(media) {
			return errors.New("files: types: browsers run files of this type; it is never taken")
		}
	}
	return nil
}

// Allows reports whether files of a media type are taken. What browsers run never
// is, whatever the list says.
func (f *Files) Allows(media string) bool {
	if f.Off || isActive(media) {
		return false
	}
	return slices.ContainsFunc(f.Types, func(allowed string) bool {
		kind, wild := strings.CutSuffix(allowed, "*")
		return allowed == media || wild && strings.HasPrefix(media, kind)
	})
}

// IsMediaType reports whether text is type/subtype in lower case, without
// parameters (RFC 6838 section 4.2).
func IsMediaType(text string) bool {
	kind, sub, ok := strings.Cut(text, "/")
	return ok && isRestrictedName(kind) && isRestrictedName(sub)
}

func isRestrictedName(name string) bool {
	if name == "" || len(name) > 127 {
		return false
	}
	for i := range len(name) {
		c := name[i]
		alphanumeric := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !alphanumeric && (i == 0 || !strings.ContainsRune("!#$&-^_.+", rune(c))) {
			return false
		}
	}
	return true
}

// isActive reports media types that a browser runs, or that can carry what it runs.
func isActive(media string) bool {
	if strings.HasSuffix(media, "+xml") || strings.HasSuffix(media, "/xml") || strings.HasSuffix(media, "script") {
		return true
	}
	return slices.Contains([]string{
		"text/html", "text/xsl", "text/xslt", "text/cache-manifest", "text/css", "text/x-component", "text/scriptlet",
		"application/x-shockwave-flash", "application/wasm", "application/hta", "application/x-msdownload", "multipart/related", "multipart/x-mixed-replace",
		"message/rfc822", "application/java-archive", "application/x-java-applet", "application/xhtml",
	}, media)
}

// SniffBytes is how much of a file's beginning SniffFile looks at.
const SniffBytes = 1024

// SniffFile compares a file's first bytes, SniffBytes or all of them, with the media type that was
// declared: ErrTypeNotAllowed if they are what a browser or a system runs, or are
// known to be of another type. Source of the signatures: the MIME Sniffing
// standard (mimesniff.spec.whatwg.org), section 7.1 for what is active.
func SniffFile(head []byte, media string) *Error {
	switch {
	case isMarkup(head), isProgram(head):
		return ErrTypeNotAllowed.Because("the file holds what browsers or systems run")
	case strings.HasPrefix(media, "text/") && isBinary(head):
		return ErrTypeNotAllowed.Because("the file is not text")
	}
	for _, s := range signatures() {
		declared, seen := s.of(media), s.matches(head)
		if declared && !seen || seen && !declared && isKnown(media) {
			return ErrTypeNotAllowed.Because("the file is not of the type that was declared")
		}
	}
	return nil
}

// signature is what files of some media types begin with.
type signature struct {
	at    int
	magic string
	media []string // exact, or a prefix that ends in '.'
}

func signatures() []signature {
	return []signature{
		{0, "\x89PNG\r\n\x1a\n", []string{"image/png"}},
		{0, "\xff\xd8\xff", []string{"image/jpeg"}},
		{0, "GIF8", []string{"image/gif"}},
		{8, "WEBP", []string{"image/webp"}},
		{0, "%PDF-", []string{"application/pdf"}},
		{0, "PK\x03\x04", []string{"application/zip", "application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument."}},
	}
}

func (s signature) matches(head []byte) bool {
	return len(head) >= s.at+len(s.magic) && string(head[s.at:s.at+len(s.magic)]) == s.magic
}

func (s signature) of(media string) bool {
	return slices.ContainsFunc(s.media, func(m string) bool { return m == media || strings.HasSuffix(m, ".") && strings.HasPrefix(media, m) })
}

// isKnown reports a media type whose signature is known: it cannot have another's.
func isKnown(media string) bool {
	return slices.ContainsFunc(signatures(), func(s signature) bool { return s.of(media) })
}

// isMarkup reports what a browser may take for a page, a picture with scripts or
// a style sheet for documents, in UTF-8 or UTF-16.
func isMarkup(head []byte) bool {
	text := bytes.ToLower(asciiOf(head))
	for _, mark := range []string{
		"<!doctype", "<html", "<head", "<body", "<script", "<svg", "<iframe", "<object", "<embed", "<style", "<link", "<meta", "<base", "<math", "<?xml", "<!entity", "<xsl:",
		"<title", "<table", "<div", "<form", "<frameset", "<img ", "<a ", "<h1", "<font", "<p>", "<br", "<b>", "<!--", "<video", "<audio", "<input", "<button", "<details",
	} {
		if bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n\f\x00"), []byte(mark)) {
			return true
		}
	}
	// Later in the head as well, after a comment or a bit of text: few files that
	// are none of these name them so early.
	for _, mark := range []string{"<!doctype html", "<html", "<script", "<svg", "<iframe", "<foreignobject"} {
		if bytes.Contains(text, []byte(mark)) {
			return true
		}
	}
	return false
}

// asciiOf drops a byte order mark, and the zero bytes that UTF-16 has in ASCII.
func asciiOf(head []byte) []byte {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return bytes.ReplaceAll(head[2:], []byte{0}, nil)
	}
	return head
}

// isProgram reports what systems run: Windows, Linux, macOS, Java, scripts.
func isProgram(head []byte) bool {
	for _, magic := range []string{"MZ", "\x7fELF", "\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe", "\xca\xfe\xba\xbe", "#!", "CWS", "FWS", "ZWS", "\x00asm"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}

// isBinary reports bytes that no text has (MIME Sniffing, "binary data byte").
// UTF-16 says by its mark that it is text.
func isBinary(head []byte) bool {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return false
	}
	return bytes.ContainsFunc(head, func(r rune) bool { return r < 0x20 && r != '\t' && r != '\n' && r != '\r' && r != '\f' && r != 0x1b })
}
