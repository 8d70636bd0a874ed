package wire

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// AppendBye appends the server's last word before it closes: why, and whether
// to come back. A retry of 0 is left out.
func AppendBye(dst []byte, reason, reconnect string, retry time.Duration) []byte {
	dst = append(dst, `{"k":"ctl","t":"bye","d":{"reason":`...)
	dst = appendString(dst, reason)
	dst = appendField(dst, "reconnect", reconnect)
	if retry > 0 {
		dst = appendRetry(dst, retry)
	}
	return append(dst, '}', '}')
}

// AppendPerson appends a people frame that names one operator.
func AppendPerson(dst []byte, id engine.OperatorID, name string) []byte {
	dst = append(dst, `{"k":"eph","t":"people","d":{"people":[{"kind":"operator","id":`...)
	dst = appendString(dst, string(id))
	dst = append(dst, `,"name":`...)
	return append(appendString(dst, name), '}', ']', '}', '}')
}

// AppendRenewed appends the result of auth.refresh.
func AppendRenewed(dst []byte, request string, r engine.Renewed) []byte {
	dst = appendTimeField(appendResult(dst, request), "expires", r.Expires)
	return append(appendField(dst, "token", r.Token), '}', '}')
}
