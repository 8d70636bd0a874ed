package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/parleyhq/parley/engine"
)

// key is the request's idempotency key, required of every POST and PUT. It may stand in
// quotes, as the IETF draft on the Idempotency-Key header has it, or without.
func (c *call) key() (string, error) {
	key := strings.TrimSpace(string(c.http.Request.Header.Peek("Idempotency-Key")))
	if len(key) >= 2 && key[0] == '"' && key[len(key)-1] == '"' {
		key = key[1 : len(key)-1]
	}
	if key == "" || len(key) > engine.MaxClientID || strings.ContainsFunc(key, unprintable) {
		return "", engine.ErrBadRequest.In("Idempotency-Key").
			Because("a change needs an Idempotency-Key of 1 to " + strconv.Itoa(engine.MaxClientID) + " printable characters")
	}
	return key, nil
}

func unprintable(r rune) bool { return r <= ' ' || r > '~' }

// decode reads the body into a struct. Unknown fields are an error: a server
// that misspells one should hear of it. An empty body is an empty object.
func (c *call) decode(into any) error {
	body := c.http.Request.Body()
	if len(body) == 0 {
		return nil
	}
	if media, _, _ := strings.Cut(string(c.http.Request.Header.ContentType()), ";"); !strings.EqualFold(strings.TrimSpace(media), "application/json") {
		return engine.ErrBadRequest.In("Content-Type").Because("the body must be application/json")
	}
	if !utf8.Valid(body) {
		return engine.ErrBadRequest.Because("the body is not valid UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return badBody(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return engine.ErrBadRequest.Because("the body must be one JSON object")
	}
	return nil
}

// badBody names the field at fault, where there is one, and quotes nothing else.
func badBody(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && kind.Field != "" {
		return engine.ErrBadRequest.In(kind.Field)
	}
	const unknown = `json: unknown field "`
	if name, ok := strings.CutPrefix(err.Error(), unknown); ok && len(name) <= 65 && !strings.ContainsFunc(name, unprintable) {
		return engine.ErrBadRequest.In(strings.TrimSuffix(name, `"`)).Because("no such field")
	}
	return engine.ErrBadRequest.Because("the body must be one JSON object")
}

// number reads a query parameter, or its default when absent.
func (c *call) number(name string, byDefault, least, most uint64) (uint64, error) {
	text := c.http.QueryArgs().Peek(name)
	if text == nil {
		return byDefault, nil
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil || n < least || n > most {
		return 0, engine.ErrBadRequest.In(name)
	}
	return n, nil
}
