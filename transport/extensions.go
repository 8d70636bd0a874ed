package transport

import "strings"

// areExtensions reports whether the values of Sec-WebSocket-Extensions keep to
// their grammar (RFC 6455 section 9.1). None is agreed to, whatever its
// parameters; but a malformed offer must fail the handshake and not be guessed at.
func areExtensions(lines [][]byte) bool {
	for _, line := range lines {
		some := false
		for _, offer := range splitOutside(string(line), ',') {
			if strings.Trim(offer, " \t") == "" { // an empty element of a list means nothing (RFC 9110 section 5.6.1)
				continue
			}
			if some = isExtension(offer); !some {
				return false
			}
		}
		if !some {
			return false
		}
	}
	return true
}

// isExtension: a name, then parameters, each with a value or without.
func isExtension(offer string) bool {
	for i, part := range splitOutside(offer, ';') {
		name, value, valued := strings.Cut(part, "=")
		if !isToken(strings.Trim(name, " \t")) || i == 0 && valued {
			return false
		}
		if value = strings.Trim(value, " \t"); valued && !isToken(value) && !isQuotedToken(value) {
			return false
		}
	}
	return true
}

// splitOutside splits text at a separator that is not inside quotes.
func splitOutside(text string, at byte) []string {
	var parts []string
	start, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == '\\' && quoted:
			i++
		case text[i] == at && !quoted:
			parts, start = append(parts, text[start:i]), i+1
		}
	}
	return append(parts, text[start:])
}

// isQuotedToken: a quoted value must be a token once it is unquoted.
func isQuotedToken(value string) bool {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return false
	}
	return isToken(strings.ReplaceAll(value[1:len(value)-1], `\`, ""))
}

// isToken: RFC 9110 section 5.6.2.
func isToken(text string) bool {
	for i := range len(text) {
		c := text[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return false
		}
	}
	return text != ""
}
