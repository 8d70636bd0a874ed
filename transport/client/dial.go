package client

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/internal/rfc6455"
	"github.com/parleyhq/parley/transport/wire"
)

// Options says where to connect and as whom.
type Options struct {
	Addr   string      // host:port, or a URL ws://host:port or wss://host:port
	TLS    *tls.Config // of wss; nil means the system's roots
	Origin string      // the web origin to claim; visitors need one
	Tenant engine.TenantID
	Token  string        // an operator's, or a visitor's of an earlier Welcome; a visitor without one is new
	JWT    string        // a visitor's, signed by the tenant; Token may then be one it had before
	Device string        // an operator's
	Intent engine.Intent // an operator's
	Have   []engine.Have // what is held already
	Resume string        // the resume token of an earlier connection
	// Raw gets every message but pings, on the reading goroutine; the bytes are
	// valid during the call. Requests must then be sent with Post, and Frames stays
	// empty.
	Raw func(message []byte)
	// Buffer is how many frames may wait in Frames; when it is full, reading
	// stops. 0 means 1,024.
	Buffer int
	// LocalAddr is the address to connect from; nil lets the system choose.
	LocalAddr net.Addr
	// ReadBytes is the size of the read buffer. 0 means 4,096.
	ReadBytes int
}

// DialVisitor connects and authenticates as a visitor.
func DialVisitor(ctx context.Context, o Options) (*Client, error) { return dial(ctx, "/v1/visitor", o) }

// DialOperator connects and authenticates as an operator.
func DialOperator(ctx context.Context, o Options) (*Client, error) {
	return dial(ctx, "/v1/operator", o)
}

const maxMessage = 16 << 20 // bytes of one message from the server

func dial(ctx context.Context, path string, o Options) (*Client, error) {
	if o.Buffer == 0 {
		o.Buffer = 1024
	}
	if o.ReadBytes == 0 {
		o.ReadBytes = 4096
	}
	socket, host, err := connect(ctx, o)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = socket.SetDeadline(time.Unix(1, 0)) })
	c, err := open(socket, host, path, o)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = socket.Close()
		if ctx.Err() != nil {
			err = errors.Join(ctx.Err(), err)
		}
		return nil, fmt.Errorf("connect to %s%s: %w", host, path, err)
	}
	c.begin()
	return c, nil
}

func connect(ctx context.Context, o Options) (net.Conn, string, error) {
	addr, secure := strings.CutPrefix(o.Addr, "wss://")
	addr = strings.TrimSuffix(strings.TrimPrefix(addr, "ws://"), "/")
	var socket net.Conn
	var err error
	if secure {
		d := tls.Dialer{NetDialer: &net.Dialer{LocalAddr: o.LocalAddr}, Config: o.TLS}
		socket, err = d.DialContext(ctx, "tcp", addr)
	} else {
		d := net.Dialer{LocalAddr: o.LocalAddr}
		socket, err = d.DialContext(ctx, "tcp", addr)
	}
	if err != nil {
		return nil, "", fmt.Errorf("connect: %w", err)
	}
	return socket, addr, nil
}

// open makes the handshake and the auth request.
func open(socket net.Conn, host, path string, o Options) (*Client, error) {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:])
	key := base64.StdEncoding.EncodeToString(nonce[:])
	var b strings.Builder
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: parley.v1+json\r\n", path, host, key)
	if o.Origin != "" {
		fmt.Fprintf(&b, "Origin: %s\r\n", o.Origin)
	}
	b.WriteString("\r\n")
	if _, err := socket.Write([]byte(b.String())); err != nil {
		return nil, err
	}
	br := bufio.NewReaderSize(socket, o.ReadBytes)
	res, err := http.ReadResponse(br, nil) //nolint:bodyclose // a 101 has none
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("Sec-WebSocket-Accept") != rfc6455.Accept(key) {
		return nil, fmt.Errorf("the handshake was answered with %s", res.Status)
	}
	c := newClient(socket, o)
	// The handshake's reader is the frames' as well: its bytes are read ahead.
	c.reader = rfc6455.NewReader(br, rfc6455.ClientSide, 128, maxMessage, c.control)
	return c, c.authenticate(path, o)
}

func newClient(socket net.Conn, o Options) *Client {
	var seed [8]byte
	_, _ = rand.Read(seed[:])
	return &Client{
		options: o, socket: socket, raw: o.Raw, prefix: hex.EncodeToString(seed[:]), frames: make(chan *wire.Server, o.Buffer),
		done: make(chan struct{}), writing: make(chan struct{}, 1), waiting: map[string]chan *wire.Server{}, seqs: map[engine.SessionID]engine.Seq{},
	}
}

// authenticate sends auth and reads until its result came.
func (c *Client) authenticate(path string, o Options) error {
	a := wire.Auth{Tenant: o.Tenant, Token: o.Token, JWT: o.JWT, Device: o.Device, Intent: o.Intent, Have: o.Have, Resume: o.Resume}
	a.Anonymous = path == "/v1/visitor" && o.Token == "" && o.JWT == ""
	for _, h := range o.Have {
		c.seqs[h.Session] = h.Seq
	}
	if err := c.write(rfc6455.OpText, wire.AppendAuth(nil, "auth", &a)); err != nil {
		return err
	}
	for {
		message, err := c.reader.Next(c.borrow)
		if err != nil {
			return err
		}
		frame, err := wire.DecodeServer(*message)
		if err != nil {
			return err
		}
		if frame.Kind == "evt" {
			c.came.Add(1)
		}
		if frame.Kind != "res" {
			continue
		}
		if !frame.OK {
			return frame.Refusal.Err()
		}
		return frame.Read(&c.Welcome)
	}
}
