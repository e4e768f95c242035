package kit

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// maxText is the longest string of MQTT, in bytes.
	maxText = 65535
	// maxLevels is how many levels Mosquitto takes in a topic or a filter.
	maxLevels = 200
)

// checkText reports why a broker may refuse s as a string. MQTT 5 lets it close
// the link for characters that are legal UTF-8 (1.5.4), and Mosquitto does.
func checkText(s string) error {
	if len(s) > maxText {
		return fmt.Errorf("is longer than %d bytes", maxText)
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("is no UTF-8")
	}
	if i := strings.IndexFunc(s, isRefused); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		return fmt.Errorf("holds the character %U, for which brokers close the link", r)
	}
	return nil
}

// validText reports whether every broker takes s as a string.
func validText(s string) bool { return checkText(s) == nil }

// isRefused reports whether brokers may refuse a string for r: control
// characters, and code points that Unicode will never use for anything.
func isRefused(r rune) bool {
	return r <= 0x1F || r >= 0x7F && r <= 0x9F || r >= 0xFDD0 && r <= 0xFDEF || r&0xFFFE == 0xFFFE
}

// checkLevels reports whether a topic or a filter has more levels than
// Mosquitto takes.
func checkLevels(name string) error {
	if n := strings.Count(name, "/") + 1; n > maxLevels {
		return fmt.Errorf("has %d levels, more than %d, for which brokers close the link", n, maxLevels)
	}
	return nil
}

// cleanText is s with room for at most max bytes, as a string that every broker
// takes. Control characters become the pictures that Unicode has of them, so
// that a person sees where lines end.
func cleanText(s string, max int) string {
	s = strings.ToValidUTF8(s[:min(len(s), max)], "?")
	s = strings.Map(func(r rune) rune {
		switch {
		case r <= 0x1F:
			return '␀' + r
		case r == 0x7F:
			return '␡'
		case isRefused(r):
			return utf8.RuneError
		}
		return r
	}, s)
	return strings.ToValidUTF8(s[:min(len(s), max)], "")
}

// maxErrorText bounds the text of an error in a payload, in bytes.
const maxErrorText = 4096

// errorText is the text of an error as a payload can carry it: UTF-8, and no more
// of it than a person reads or a packet holds. What an engine or a server answered
// may be a whole page, or no text at all.
func (b *Bus) errorText(text string) string {
	limit := b.cfg.MaxPacket
	if broker := b.conns.maxPacket.Load(); broker > 0 {
		limit = min(limit, broker)
	}
	if room := min(maxErrorText, int(limit/8)); len(text) > room { // JSON may need six bytes for one
		text = strings.ToValidUTF8(text[:room], "") + "…"
	}
	return strings.ToValidUTF8(text, "?")
}
