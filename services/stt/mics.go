package stt

import (
	"sync"
	"time"
)

// mics knows which microphones are muted. It is safe for concurrent use.
type mics struct {
	used func(room string) bool // somebody speaks there; nil: nobody does

	mu    sync.Mutex
	rooms map[string]switching // "" is every room that was not told otherwise since
}

// switching is what was said last about a microphone.
type switching struct {
	muted bool
	until time.Time // when the opposite begins; zero: never
	at    time.Time // it was said
	kept  bool      // the room is in use
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
	s.at = time.Now()
	if _, known := m.rooms[room]; !known && len(m.rooms) > maxSources {
		m.forgetOne()
	}
	m.rooms[room] = s
}

// forgetOne makes room for what is said of another room. What is said of a room
// in use is kept, so that a flood of names opens no microphone that somebody
// muted; of the others an unmute goes before a mute, and the older one first.
// The caller holds the lock.
func (m *mics) forgetOne() {
	victim, found := "", switching{}
	worse := func(s switching) bool {
		if s.kept != found.kept {
			return found.kept
		}
		if s.muted != found.muted {
			return found.muted
		}
		return s.at.Before(found.at)
	}
	for room, s := range m.rooms {
		if room == "" {
			continue
		}
		s.kept = m.used != nil && m.used(room)
		if victim == "" || worse(s) {
			victim, found = room, s
		}
	}
	delete(m.rooms, victim)
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
