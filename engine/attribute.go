package engine

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what is held about a visitor.
const (
	MaxAttributes     = 20  // that a tenant may declare
	MaxAttributeName  = 32  // bytes
	MaxAttributeValue = 256 // bytes
	maxEmail          = 254 // bytes: RFC 5321 section 4.5.3.1.3, less the brackets
	maxEmailLocal     = 64  // bytes: section 4.5.3.1.1
	maxName           = 128 // bytes
	maxPhoneDigits    = 15  // ITU-T E.164
	maxPhone          = 32  // bytes, with what people write between the digits
)

// IsAttributeName reports whether a tenant may declare an attribute of this name.
func IsAttributeName(name string) bool {
	if name == "" || len(name) > MaxAttributeName || name[0] < 'a' || name[0] > 'z' || isBuiltIn(name) {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9') })
}

func isBuiltIn(name string) bool { return name == AttrEmail || name == AttrPhone || name == AttrName }

func (t *Tenant) validateAttributes() error {
	if len(t.Attributes) > MaxAttributes {
		return fmt.Errorf("attributes: at most %d", MaxAttributes)
	}
	for i, name := range t.Attributes {
		if !IsAttributeName(name) || slices.Contains(t.Attributes[:i], name) {
			return fmt.Errorf("attributes: attribute %d: want a name of its own of 1 to %d letters a-z, digits and _, none of email, phone and name", i+1, MaxAttributeName)
		}
	}
	return nil
}

// CheckIdentity lists which attributes of a change cannot be held at a tenant
// that declares these: unknown, named twice, or malformed. A missing basis is
// "lawful_basis".
func CheckIdentity(c *IdentityChange, declared []string) (fields []string) {
	if c == nil || c.Basis == BasisNone {
		fields = append(fields, "lawful_basis")
	}
	if c == nil || len(c.Set) == 0 && !c.Whole {
		return append(fields, "set")
	}
	for i, a := range c.Set {
		known := isBuiltIn(a.Name) || slices.Contains(declared, a.Name)
		switch twice := slices.ContainsFunc(c.Set[:i], func(b Attr) bool { return b.Name == a.Name }); {
		case !known: // never by its name: anybody could have typed it
			fields = appendOnce(fields, "set")
		case twice || a.Value.Len() > 0 && !isValue(a.Name, string(a.Value.Reveal())):
			fields = appendOnce(fields, a.Name)
		}
	}
	return fields
}

func appendOnce(list []string, item string) []string {
	if slices.Contains(list, item) {
		return list
	}
	return append(list, item)
}

func isValue(name, value string) bool {
	if !utf8.ValidString(value) || value != strings.TrimSpace(value) || strings.ContainsFunc(value, isUnprintable) {
		return false
	}
	switch name {
	case AttrEmail:
		return isEmail(value)
	case AttrPhone:
		return isPhone(value)
	case AttrName:
		return len(value) <= maxName
	default:
		return len(value) <= MaxAttributeValue
	}
}

// isUnprintable: control characters, and those that turn the direction of a line
// or are not seen at all, with which one value can be made to look like another.
// The two joiners are part of how names are written (U+200C, U+200D).
func isUnprintable(r rune) bool {
	if r == '\u200c' || r == '\u200d' {
		return false
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
}

// isEmail takes a mailbox as people write it: no quoted local part, no comment,
// no address literal (RFC 5321 section 4.1.2), letters beyond ASCII allowed
// (RFC 6531). Whether it exists, only a message tells.
func isEmail(text string) bool {
	at := strings.LastIndexByte(text, '@')
	if len(text) > maxEmail || at < 1 || at > maxEmailLocal {
		return false
	}
	return isDotted(text[:at], isLocalRune) && isDotted(text[at+1:], isDomainRune)
}

// isDotted: parts with one dot between them, none empty.
func isDotted(text string, good func(rune) bool) bool {
	for part := range strings.SplitSeq(text, ".") {
		if part == "" || strings.ContainsFunc(part, func(r rune) bool { return !good(r) }) {
			return false
		}
	}
	return true
}

func isLocalRune(r rune) bool {
	return r > unicode.MaxASCII && !unicode.IsSpace(r) || isAlphanumeric(r) || strings.ContainsRune("!#$%&'*+/=?^_`{|}~-", r)
}

func isDomainRune(r rune) bool {
	return r > unicode.MaxASCII && !unicode.IsSpace(r) || isAlphanumeric(r) || r == '-'
}

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// isPhone takes a number as people write it: three to fifteen digits, a plus in
// front, and blanks, brackets, dots, slashes and dashes between.
func isPhone(text string) bool {
	digits := 0
	for i, r := range text {
		switch {
		case '0' <= r && r <= '9':
			digits++
		case r == '+' && i == 0, strings.ContainsRune(" ()./-", r):
		default:
			return false
		}
	}
	return len(text) <= maxPhone && digits >= 3 && digits <= maxPhoneDigits
}
