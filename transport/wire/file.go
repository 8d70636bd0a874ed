package wire

import (
	"encoding/hex"
	"math"
	"net/url"

	"github.com/parleyhq/parley/engine"
)

// FilePath is where files' bytes come and go beside the sockets; the file's id
// follows it.
const FilePath = "/v1/files/"

// FileURL is where a link leads, relative to the server's own address.
func FileURL(link *engine.FileLink) string {
	return FilePath + link.File.String() + "?tenant=" + url.QueryEscape(string(link.Tenant)) + "&token=" + url.QueryEscape(link.Token)
}

// appendLink appends the result of file.begin or file.get.
func appendLink(dst []byte, link *engine.FileLink, where string) []byte {
	if link == nil {
		return dst
	}
	dst = appendFileID(dst, link.File)
	dst = appendField(dst, where, FileURL(link))
	return appendTimeField(dst, "expires", link.Expires)
}

func appendFileID(dst []byte, id engine.FileID) []byte {
	dst = append(appendName(dst, "file_id"), '"')
	return append(appendID(dst, engine.ID(id)), '"')
}

// appendFileBody appends a client's body that names a file.
func appendFileBody(dst []byte, id engine.FileID) []byte {
	return append(appendFileID(append(appendName(dst, "body"), `{"type":"file"`...), id), '}')
}

// appendFileFields appends what a client says of a file: all it knows, or its id.
func appendFileFields(dst []byte, d *engine.Draft) []byte {
	switch {
	case d.File == nil:
		return dst
	case d.Op == engine.OpFetch:
		return appendFileID(dst, d.File.ID)
	}
	dst = appendString(appendName(dst, "name"), d.File.Name.Reveal())
	dst = appendUintField(dst, "size", uint64(max(d.File.Bytes, 0)))
	dst = appendField(dst, "mime", d.File.Media)
	return appendField(dst, "sha256", hex.EncodeToString(d.File.Sum[:]))
}

// appendFileLimits appends what files the tenant takes.
func appendFileLimits(dst []byte, f *engine.Files) []byte {
	dst = appendUintField(dst, "file_bytes", uint64(f.Bytes))
	dst = append(appendName(dst, "file_types"), '[')
	for i, media := range f.Types {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, media)
	}
	return append(dst, ']')
}

// takeFile reads one member that describes a file.
func (p *params) takeFile(name string, value []byte) (field fields, good bool) {
	f := &p.file
	switch name {
	case "file_id":
		f.ID, good = fileIDOf(value)
		return fieldFile, good
	case "name":
		f.Name, good = boxed(value)
		return fieldFileName, good && f.Name.Len() <= engine.MaxFileName
	case "size":
		n, ok := wholeOf(value)
		f.Bytes = int64(min(n, math.MaxInt64))
		return fieldSize, ok && n >= 1
	case "mime":
		f.Media, good = textOf(value, 1, 255)
		return fieldMime, good && engine.IsMediaType(f.Media)
	default:
		f.Sum, good = sumOf(value)
		return fieldSum, good
	}
}

func fileIDOf(value []byte) (engine.FileID, bool) {
	text := plainText(value)
	if value[0] != '"' || len(text) != 26 {
		return engine.FileID{}, false
	}
	id, err := engine.ParseFileID(string(text))
	return id, err == nil && !id.IsZero()
}

// sumOf reads a SHA-256 of 64 lower-case hexadecimal digits.
func sumOf(value []byte) (sum [32]byte, ok bool) {
	text := plainText(value)
	if value[0] != '"' || len(text) != hex.EncodedLen(len(sum)) {
		return sum, false
	}
	for _, c := range text {
		if c >= 'A' && c <= 'F' {
			return sum, false
		}
	}
	_, err := hex.Decode(sum[:], text)
	return sum, err == nil
}

// AppendProblem appends a refusal as HTTP has it (RFC 9457), with the members of a
// socket's refusal beside.
func AppendProblem(dst []byte, err *engine.Error, status int) []byte {
	err = outward(err)
	dst = appendField(append(dst, '{'), "type", "urn:parley:problem:"+err.Code)
	dst = appendField(dst, "title", err.Message)
	dst = appendIntField(dst, "status", status)
	dst = appendField(dst, "code", err.Code)
	if err.Retry > 0 {
		dst = appendRetry(dst, err.Retry)
	}
	if err.Max > 0 {
		dst = appendUintField(dst, "max", uint64(err.Max))
	}
	return append(dst, '}')
}
