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
// and is written for an operator who was signed out by the tenant.
const (
	intentVersion        = 1
	intentRevokedVersion = 2
)

func appendIntent(b []byte, operator engine.OperatorID, info engine.IntentInfo) []byte {
	version := byte(intentVersion)
	if !info.Revoked.IsZero() {
		version = intentRevokedVersion
	}
	b = appendTime(append(b, version, byte(info.Intent), byte(info.Cause)), info.At)
	b = appendString(appendString(appendString(b, operator), info.By), info.Device)
	if version == intentRevokedVersion {
		b = appendTime(b, info.Revoked)
	}
	return b
}

func decodeIntent(plain []byte) (operator engine.OperatorID, info engine.IntentInfo, err error) {
	d := decoder{rest: plain}
	revoked := len(plain) > 0 && plain[0] == intentRevokedVersion
	if revoked {
		d.version(intentRevokedVersion)
	} else {
		d.version(intentVersion)
	}
	info.Intent, info.Cause, info.At = engine.Intent(d.u8()), engine.Cause(d.u8()), d.time()
	operator, info.By, info.Device = engine.OperatorID(d.str()), engine.OperatorID(d.str()), d.str()
	if revoked {
		info.Revoked = d.time()
	}
	return operator, info, d.finish("intent")
}
