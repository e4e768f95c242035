package kit

import (
	"strings"
	"unicode/utf8"
)

// maxText is the longest string of MQTT, in bytes.
const maxText = 65535

// validText reports whether brokers take s as a string: UTF-8 without what
// MQTT 5 lets them refuse (1.5.4), which Mosquitto does by closing the link.
func validText(s string) bool {
	return len(s) <= maxText && utf8.ValidString(s) && !strings.ContainsFunc(s, isRefused)
}

// isRefused reports whether a broker may refuse a string for r: control
// characters and the code points that Unicode gives to nobody.
func isRefused(r rune) bool {
	return r <= 0x1F || r >= 0x7F && r <= 0x9F || r >= 0xFDD0 && r <= 0xFDEF || r&0xFFFE == 0xFFFE
}
