package stt

import (
	"sync"
	"time"
)

// mics knows which microphones are muted. It is safe for concurrent use.
type mics struct {
	mu    sync.Mutex
	rooms map[string]switching // "" is every room that was not told otherwise since
}

// switching is what was said last about a microphone.
type switching struct {
	muted bool
	until time.Time // when the opposite begins; zero: never
}

// mute is how a microphone is.
type mute struct {
	on     bool
	lapsed bool // because the time of an unmute is over
}

func newMics(muted bool) *mics { return &mics{rooms: map[string]switching{"": {muted: muted}}} }

// set mutes or unmutes a room, "" for all; after ttl the opposite happens, 0
// for never.
func (m *mics) set(room string, muted bool, ttl time.Duration) {
	s := switching{muted: muted}
	if ttl > 0 {
		s.until = time.Now().Add(ttl)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if room == "" {
		clear(m.rooms)
	}
	if len(m.rooms) <= earsMost {
		m.rooms[room] = s
	}
}

// state is how the microphone of a room is.
func (m *mics) state(room string) mute {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.rooms[room]
	if !ok {
		s = m.rooms[""]
	}
	if !s.until.IsZero() && !time.Now().Before(s.until) {
		return mute{on: !s.muted, lapsed: !s.muted}
	}
	return mute{on: s.muted}
}
