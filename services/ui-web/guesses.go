package uiweb

import (
	"net/netip"
	"sync"
	"time"
)

const (
	maxTries     = 5               // wrong tokens in a row from one address
	tryEvery     = 5 * time.Second // after those, one more
	maxAddresses = 4096            // that are remembered
)

// guessLimiter slows down who guesses the token, each network by itself, so that a
// guesser does not lock out the owner. For each network it keeps one time, the
// theoretical arrival time of GCRA (generic cell rate algorithm). It is safe for
// concurrent use.
type guessLimiter struct {
	mu    sync.Mutex
	until map[netip.Prefix]time.Time // when all tries of the address are back
}

func newGuessLimiter() *guessLimiter { return &guessLimiter{until: map[netip.Prefix]time.Time{}} }

// try runs check, unless the address has guessed too often: then it reports how
// long to wait. A check that succeeds costs nothing.
func (t *guessLimiter) try(from netip.Addr, check func() bool) (ok bool, wait time.Duration) {
	key, now := networkOf(from), time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	until := t.until[key]
	if until.Before(now) {
		until = now
	}
	if wait = until.Sub(now) - (maxTries-1)*tryEvery; wait > 0 {
		return false, wait
	}
	if check() {
		return true, 0
	}
	if _, known := t.until[key]; !known && len(t.until) >= maxAddresses {
		t.dropOne(now)
	}
	t.until[key] = until.Add(tryEvery)
	return false, 0
}

// dropOne makes room for an address: those whose tries are all back go, else
// the one that guessed least. Who guesses from many addresses does not get the
// tries of the first ones back by it. The caller holds the lock.
func (t *guessLimiter) dropOne(now time.Time) {
	var least netip.Prefix
	for key, until := range t.until {
		if !until.After(now) {
			delete(t.until, key)
		} else if !least.IsValid() || until.Before(t.until[least]) {
			least = key
		}
	}
	if len(t.until) >= maxAddresses {
		delete(t.until, least)
	}
}

// networkOf is what one guesser has: an IPv4 address, or the /64 of an IPv6 one,
// of which every customer owns 2^64 addresses.
func networkOf(ip netip.Addr) netip.Prefix {
	ip = ip.Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits) // the zero Prefix for what is no address
	return p
}
