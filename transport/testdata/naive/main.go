// Command naive shows what this project's server must not do: it keeps a
// WebSocket of fasthttp's after the handler has returned, with KeepHijackedConns
// off, and writes to it. fasthttp reuses its wrapper for the next connection, so
// the late frame reaches somebody else. It prints how often that happened.
package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/fasthttp/websocket"
	"github.com/valyala/fasthttp"
)

const trials = 200

func main() {
	foreign, panics, failed, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("foreign=%d panics=%d errors=%d trials=%d\n", foreign, panics, failed, trials)
}

func run() (foreign, panics, failed int, err error) {
	conns := make(chan *websocket.Conn, 1)
	stay := make(chan struct{})
	upgrader := websocket.FastHTTPUpgrader{CheckOrigin: func(*fasthttp.RequestCtx) bool { return true }}
	server := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		leaves := string(ctx.Path()) == "/leaves"
		_ = upgrader.Upgrade(ctx, func(c *websocket.Conn) {
			conns <- c
			if !leaves {
				<-stay
			}
		})
	}}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, 0, 0, err
	}
	go server.Serve(ln) //nolint:errcheck // ends with the process
	for range trials {
		first, _, err := websocket.DefaultDialer.Dial("ws://"+ln.Addr().String()+"/leaves", nil)
		if err != nil {
			return foreign, panics, failed, err
		}
		late := <-conns
		_, _, _ = first.ReadMessage() // until the server has closed it
		second, _, err := websocket.DefaultDialer.Dial("ws://"+ln.Addr().String()+"/stays", nil)
		if err != nil {
			return foreign, panics, failed, err
		}
		<-conns
		switch write(late) {
		case wrote:
			_ = second.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
			if _, data, err := second.ReadMessage(); err == nil && bytes.Equal(data, secret) {
				foreign++
			}
		case panicked:
			panics++
		case refused:
			failed++
		}
		_ = first.Close()
		_ = second.Close()
		stay <- struct{}{}
	}
	return foreign, panics, failed, nil
}

var secret = []byte("for the first visitor only")

type result int

const (
	wrote result = iota
	panicked
	refused
)

func write(c *websocket.Conn) (r result) {
	defer func() {
		if recover() != nil {
			r = panicked
		}
	}()
	if c.WriteMessage(websocket.TextMessage, secret) != nil {
		return refused
	}
	return wrote
}
