package transport

import (
	"syscall"
	"unsafe"
)

const hasRawWrite = true

// rawWriter writes to sockets without ever waiting: the bare system call, for
// which the runtime need not hand its processor away. The descriptor cannot be
// closed or reused meanwhile: syscall.RawConn holds it. Owned by one goroutine.
type rawWriter struct {
	data  []byte
	n     int
	errno syscall.Errno
	call  func(fd uintptr) bool // made once, so that writing allocates nothing
}

// write writes as much of data as the socket takes now.
func (w *rawWriter) write(to syscall.RawConn, data []byte) (int, error) {
	if w.call == nil {
		w.call = w.once
	}
	w.data, w.n, w.errno = data, 0, 0
	err := to.Write(w.call)
	w.data = nil
	switch {
	case err != nil:
		return 0, err
	case w.errno == syscall.EAGAIN:
		return 0, nil
	case w.errno != 0:
		return 0, w.errno
	default:
		return w.n, nil
	}
}

func (w *rawWriter) once(fd uintptr) bool {
	for {
		n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(unsafe.SliceData(w.data))), uintptr(len(w.data)))
		if errno == syscall.EINTR {
			continue
		}
		if w.errno = errno; errno == 0 {
			w.n = int(n)
		}
		return true // never wait
	}
}
