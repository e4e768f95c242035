package broker

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// validText reports whether b may be a string in a packet. It refuses what
// Mosquitto refuses (lib/utf8_mosq.c): MQTT allows a broker to close the link on
// control characters and on what is no character, and Mosquitto does.
func validText(b []byte) bool {
	for len(b) > 0 {
		r, n := rune(b[0]), 1
		if r >= utf8.RuneSelf {
			if r, n = utf8.DecodeRune(b); r == utf8.RuneError && n == 1 { // surrogates, overlong forms and cut sequences
				return false
			}
		}
		switch {
		case r <= 0x1F, r >= 0x7F && r <= 0x9F:
			return false
		case r >= 0xFDD0 && r <= 0xFDEF, r&0xFFFE == 0xFFFE:
			return false
		}
		b = b[n:]
	}
	return true
}

// hasWildcard reports whether b could only be a filter.
func hasWildcard(b []byte) bool { return bytes.ContainsAny(b, "+#") }

// sharePrefix is how the filter of a shared subscription begins.
const sharePrefix = "$share/"

// validFilter reports whether wildcards stand where they may, and whether a
// shared subscription names its group and a filter. mochi accepts more, and
// takes $SHARE for $share.
func validFilter(filter string) bool {
	first, _, _ := strings.Cut(filter, "/")
	if strings.EqualFold(first, "$share") {
		rest, shared := strings.CutPrefix(filter, sharePrefix)
		group, inner, ok := strings.Cut(rest, "/")
		if !shared || !ok || group == "" || strings.ContainsAny(group, "+#") {
			return false
		}
		filter = inner
	}
	for filter != "" {
		level, rest, more := strings.Cut(filter, "/")
		if strings.ContainsAny(level, "+#") && (len(level) > 1 || level == "#" && more) {
			return false
		}
		if !more {
			return true
		}
		if rest == "" { // "a/" ends in an empty level
			return true
		}
		filter = rest
	}
	return false
}
