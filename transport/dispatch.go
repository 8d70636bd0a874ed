package transport

import (
	"errors"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/internal/rfc6455"
	"github.com/parleyhq/parley/transport/wire"
)

// dispatch carries out one good frame of a seated connection.
func (c *conn) dispatch(frame *wire.Frame) {
	switch frame.Kind {
	case wire.FrameRequest:
		if err := c.post(&frame.Draft); err != nil {
			c.refuse(frame.Request, err)
		}
	case wire.FrameTyping:
		c.seat.Signal(frame.Session, engine.Typing{Session: frame.Session, On: frame.On})
	case wire.FramePeek:
		if c.side == visitorSide && c.rules.Peek && frame.Body.Len() <= c.rules.Limits.MessageBytes {
			c.seat.Signal(frame.Session, engine.Peek{Session: frame.Session, Body: frame.Body})
		}
	case wire.FrameAuth:
		c.refuse(frame.Request, engine.ErrBadRequest.Because("this connection is authenticated already"))
	case wire.FrameRefresh:
		c.refresh(frame)
	case wire.FrameAlive:
		if frame.Counted {
			c.ack(frame.Count)
		}
	case wire.FrameBye:
		if frame.Counted {
			c.ack(frame.Count)
		}
		c.end(endBye, 0)
	}
}

func (c *conn) post(draft *engine.Draft) *engine.Error {
	switch draft.Op {
	case engine.OpStart, engine.OpContinue, engine.OpRate, engine.OpLeaveQueue, engine.OpDepartments:
		if c.side != visitorSide {
			return engine.ErrForbidden
		}
	case engine.OpAccept, engine.OpReject, engine.OpIntent, engine.OpAway, engine.OpEdit,
		engine.OpPick, engine.OpRelease, engine.OpTransfer, engine.OpTransferCancel, engine.OpJoin, engine.OpLeave, engine.OpTakeover,
		engine.OpSet, engine.OpWrapUpExtend, engine.OpWrapUpDone, engine.OpNote, engine.OpExplain, engine.OpTargets, engine.OpWatch, engine.OpUnwatch, engine.OpBan, engine.OpVisitor, engine.OpSessions:
		if c.side != operatorSide {
			return engine.ErrForbidden
		}
	}
	if draft.Body.Len() > c.rules.Limits.MessageBytes {
		return engine.ErrTooLarge.In("text")
	}
	return c.seat.Post(*draft)
}

func (c *conn) malformed(frame *wire.Frame, err *engine.Error) {
	c.refuse(frame.Request, err)
	if !errors.Is(err, engine.ErrBadFrame) {
		return
	}
	c.server.metrics.badFrames.Inc()
	if c.bad++; c.bad >= c.server.options.BadFrames {
		c.end(endBadFrames, 0)
	}
}

// refuse answers a request that goes no further.
func (c *conn) refuse(request string, err *engine.Error) {
	c.send(outFrame{wire.AppendRefusal(nil, request, err), rfc6455.OpText})
}

const (
	maxPauses = 5
	pauseStep = 50 * time.Millisecond
)

// tooFast refuses what is over the rate. Who goes on is not read for a while,
// so that TCP pushes back on that one; who persists is closed.
func (c *conn) tooFast(frame *wire.Frame, wait time.Duration) {
	c.server.metrics.limited.Inc()
	if frame.Kind == wire.FrameRequest || frame.Kind == wire.FrameRefresh {
		c.refuse(frame.Request, engine.ErrRateLimited.After(wait))
	}
	c.strikes++
	if c.strikes < int(burstSeconds*c.rules.Limits.MessagesPerSecond) {
		return
	}
	c.strikes = 0
	if c.pauses++; c.pauses > maxPauses {
		c.end(endRateLimited, 0)
		return
	}
	// Rare, so no timer and channel are kept in every connection for it.
	for left := c.server.options.pause; left > 0 && !c.isEnding(); left -= pauseStep {
		time.Sleep(min(left, pauseStep))
	}
}
