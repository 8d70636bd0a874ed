//go:build !linux

package transport

import (
	"errors"
	"syscall"
)

const hasRawWrite = false

// rawWriter exists on Linux only; elsewhere every connection writes by its socket.
type rawWriter struct{}

func (*rawWriter) write(syscall.RawConn, []byte) (int, error) { return 0, errors.ErrUnsupported }
