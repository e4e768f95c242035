package uiweb

import (
	"encoding/binary"
	"net/http/httptest"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func wrong() bool { return false }
func right() bool { return true }

func TestTriesOfAddresses(t *testing.T) {
	spend := func(tr *guessLimiter, from netip.Addr) {
		for range maxTries {
			tr.try(from, wrong)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		for name, tt := range map[string]struct {
			guesser, owner string
			want           bool // the owner is let in
		}{
			"the same address":             {"192.0.2.1", "192.0.2.1", false},
			"another address":              {"192.0.2.1", "192.0.2.2", true},
			"the same address as IPv6":     {"192.0.2.1", "::ffff:192.0.2.1", false},
			"the same IPv6 network":        {"2001:db8::1", "2001:db8::ffff:1", false},
			"another IPv6 network":         {"2001:db8::1", "2001:db8:0:1::1", true},
			"the same link, another scope": {"fe80::1%eth0", "fe80::1%eth1", false},
		} {
			tr := newGuessLimiter()
			spend(tr, netip.MustParseAddr(tt.guesser))
			if ok, _ := tr.try(netip.MustParseAddr(tt.owner), right); ok != tt.want {
				t.Errorf("%s: let in %v, want %v", name, ok, tt.want)
			}
		}
		tr, one := newGuessLimiter(), netip.MustParseAddr("192.0.2.1")
		spend(tr, one)
		for range 10 * maxTries { // asking too early does not make it worse
			tr.try(one, wrong)
		}
		time.Sleep(tryEvery)
		if ok, wait := tr.try(one, right); !ok {
			t.Errorf("after %s it still has to wait %s", tryEvery, wait)
		}
		if ok, _ := tr.try(one, right); !ok {
			t.Error("a right token was counted")
		}
	})
}

func TestTriesKeepBoundedMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // no time passes
		tr, guilty := newGuessLimiter(), netip.MustParseAddr("192.0.2.1")
		for range maxTries {
			tr.try(guilty, wrong)
		}
		for i := range maxAddresses + 256 {
			var ip [4]byte
			binary.BigEndian.PutUint32(ip[:], 0x0a000000+uint32(i))
			tr.try(netip.AddrFrom4(ip), wrong)
		}
		if len(tr.until) != maxAddresses {
			t.Errorf("%d addresses are kept, want %d", len(tr.until), maxAddresses)
		}
		if ok, _ := tr.try(guilty, right); ok {
			t.Error("guesses from many addresses gave the first one its tries back")
		}
		time.Sleep(tryEvery)
		tr.try(netip.MustParseAddr("198.51.100.1"), wrong)
		if len(tr.until) > 2 {
			t.Errorf("%d addresses are kept when their tries are back", len(tr.until))
		}
	})
}

func TestAddressOfVisitor(t *testing.T) {
	for name, tt := range map[string]struct {
		proxied       bool
		peer, forward string
		want          string
	}{
		"nobody between":             {false, "192.0.2.1:1234", "198.51.100.7", "192.0.2.1"},
		"a proxy on this machine":    {true, "127.0.0.1:1234", "198.51.100.7", "198.51.100.7"},
		"what the browser made up":   {true, "127.0.0.1:1234", "1.2.3.4, 198.51.100.7", "198.51.100.7"},
		"IPv6 with a port":           {true, "[::1]:1234", "[2001:db8::1]:99", "2001:db8::1"},
		"past the proxy":             {true, "192.0.2.1:1234", "198.51.100.7", "192.0.2.1"},
		"a proxy that tells nothing": {true, "127.0.0.1:1234", "", "127.0.0.1"},
		"nonsense":                   {true, "127.0.0.1:1234", "unknown", "127.0.0.1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.peer
		if tt.forward != "" {
			r.Header.Set("X-Forwarded-For", tt.forward)
		}
		if got := (&authenticator{proxied: tt.proxied}).address(r); got.String() != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
