package persistence

import "github.com/parleyhq/parley/engine"

// An operator's intent, before it is sealed:
//
//	ver 1 | intent 1 | cause 1 | at nanos | operator, by, device strings
//
// Version 2 goes on with
//
//	revoked nanos
//
// and is written for an operator who was signed out by the tenant. Version 3 goes
// on with
//
//	revoked, until nanos | drain 1
//
// and is written for a pause that ends by itself and for a drain. Version 4 goes
// on with
//
//	revoked, until nanos | drain 1 | reason string
//
// and is written where a reason was said.
const (
	intentVersion        = 1
	intentRevokedVersion = 2
	intentUntilVersion   = 3
	intentReasonVersion  = 4
)

func appendIntent(b []byte, operator engine.OperatorID, info engine.IntentInfo) []byte {
	version := byte(intentVersion)
	switch {
	case info.Reason != "":
		version = intentReasonVersion
	case !info.Until.IsZero() || info.Drain:
		version = intentUntilVersion
	case !info.Revoked.IsZero():
		version = intentRevokedVersion
	}
	b = appendTime(append(b, version, byte(info.Intent), byte(info.Cause)), info.At)
	b = appendString(appendString(appendString(b, operator), info.By), info.Device)
	if version >= intentRevokedVersion {
		b = appendTime(b, info.Revoked)
	}
	if version >= intentUntilVersion {
		b = append(appendTime(b, info.Until), flagByte(info.Drain))
	}
	if version >= intentReasonVersion {
		b = appendString(b, info.Reason)
	}
	return b
}

func decodeIntent(plain []byte) (operator engine.OperatorID, info engine.IntentInfo, err error) {
	d := decoder{rest: plain}
	version := byte(intentVersion)
	if len(plain) > 0 && plain[0] > intentVersion && plain[0] <= intentReasonVersion {
		version = plain[0]
	}
	d.version(version)
	info.Intent, info.Cause, info.At = engine.Intent(d.u8()), engine.Cause(d.u8()), d.time()
	operator, info.By, info.Device = engine.OperatorID(d.str()), engine.OperatorID(d.str()), d.str()
	if version >= intentRevokedVersion {
		info.Revoked = d.time()
	}
	if version >= intentUntilVersion {
		info.Until = d.time()
		drain := d.u8()
		if info.Drain = drain == 1; drain > 1 {
			d.fail()
		}
	}
	if version >= intentReasonVersion {
		info.Reason = d.str()
	}
	return operator, info, d.finish("intent")
}
