package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/parleyhq/parley/engine"
)

// FileLink is where a file's bytes go or come from.
type FileLink struct {
	ID      string    `json:"file_id"`
	Upload  string    `json:"upload_url"` // of file.begin
	URL     string    `json:"url"`        // of file.get
	Expires time.Time `json:"expires"`
}

// Upload announces a file, sends its bytes, and makes it a message. media is its
// type, such as "image/png". It waits until the message is durable.
func (c *Client) Upload(ctx context.Context, session engine.SessionID, name, media string, content []byte) (engine.FileID, Result, error) {
	link, id, err := c.BeginFile(ctx, session, name, media, content)
	if err != nil {
		return id, Result{}, err
	}
	if err := c.PutFile(ctx, link, content); err != nil {
		return id, Result{}, err
	}
	result, err := c.SendFile(ctx, session, id)
	return id, result, err
}

// BeginFile is the first step of Upload.
func (c *Client) BeginFile(ctx context.Context, session engine.SessionID, name, media string, content []byte) (link FileLink, id engine.FileID, err error) {
	frame, err := c.Do(ctx, engine.Draft{Op: engine.OpFile, Session: session, ClientID: c.Key(), File: &engine.File{
		Name: engine.BodyOf(name), Bytes: int64(len(content)), Media: media, Sum: sha256.Sum256(content),
	}})
	if err != nil {
		return link, id, err
	}
	if err = frame.Read(&link); err == nil {
		id, err = engine.ParseFileID(link.ID)
	}
	return link, id, err
}

// PutFile is the second step of Upload. It may be repeated.
func (c *Client) PutFile(ctx context.Context, link FileLink, content []byte) error {
	answer, err := c.exchange(ctx, http.MethodPut, link.Upload, bytes.NewReader(content))
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// SendFile is the third step of Upload.
func (c *Client) SendFile(ctx context.Context, session engine.SessionID, id engine.FileID) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpMessage, Session: session, ClientID: c.Key(), Format: engine.FormatFile, File: &engine.File{ID: id}})
}

// Download asks for a link to a message's file and opens its bytes. The caller
// closes them, and compares their sum with the message's.
func (c *Client) Download(ctx context.Context, session engine.SessionID, id engine.FileID) (io.ReadCloser, error) {
	frame, err := c.Do(ctx, engine.Draft{Op: engine.OpFetch, Session: session, File: &engine.File{ID: id}})
	if err != nil {
		return nil, err
	}
	var link FileLink
	if err := frame.Read(&link); err != nil {
		return nil, err
	}
	answer, err := c.exchange(ctx, http.MethodGet, link.URL, http.NoBody)
	if err != nil {
		return nil, err
	}
	return answer.Body, nil
}

// exchange makes one request beside the socket, to the same server, on a connection
// of its own. A refusal is an *engine.Error.
func (c *Client) exchange(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	addr, secure := strings.CutPrefix(c.options.Addr, "wss://")
	addr = strings.TrimSuffix(strings.TrimPrefix(addr, "ws://"), "/")
	scheme := "http://"
	if secure {
		scheme = "https://"
	}
	request, err := http.NewRequestWithContext(ctx, method, scheme+addr+path, body)
	if err != nil {
		return nil, errors.New("the address of a file is malformed") // err holds it, and it holds a token
	}
	if c.options.Origin != "" {
		request.Header.Set("Origin", c.options.Origin)
	}
	one := &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: c.options.TLS,
		DialContext: (&net.Dialer{LocalAddr: c.options.LocalAddr}).DialContext,
	}
	answer, err := one.RoundTrip(request)
	if err != nil {
		return nil, fmt.Errorf("the bytes of a file: %w", err)
	}
	if answer.StatusCode < 300 {
		return answer, nil
	}
	defer answer.Body.Close() //nolint:errcheck // it is refused already
	var problem struct {
		Code  string `json:"code"`
		Title string `json:"title"`
		Retry int64  `json:"retry_after_ms"`
		Max   int64  `json:"max"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 4096)).Decode(&problem); err != nil || problem.Code == "" {
		return nil, fmt.Errorf("the bytes of a file: %s", answer.Status)
	}
	return nil, &engine.Error{Code: problem.Code, Message: problem.Title, Retry: time.Duration(problem.Retry) * time.Millisecond, Max: problem.Max}
}
