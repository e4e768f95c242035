package stt

import (
	"slices"
	"sync"
	"time"
)

// mics knows which microphones are muted. It is safe for concurrent use.
type mics struct {
	used       func(room string) bool // somebody speaks there; nil: nobody does
	pushToTalk []string               // rooms that are closed while the assistant speaks; "*" is all

	mu    sync.Mutex
	rooms map[string]switching // "" is every room that was not told otherwise since
}

// switching is what was said last about a microphone.
type switching struct {
	muted    bool
	wasMuted bool      // before it was said
	until    time.Time // when the opposite begins; zero: never
	at       time.Time // it was said
	kept     bool      // the room is in use
}

// mute is how a microphone is.
type mute struct {
	on     bool
	lapsed bool // because the time of an unmute is over
	keep   bool // what was said before it was closed is read
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
	s.at, s.wasMuted = time.Now(), m.stateAt(room, time.Now()).on
	if room == "" {
		clear(m.rooms)
	}
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
	return m.stateAt(room, time.Now())
}

// stateWhileSpeaking is how it is while the assistant speaks there, which it does since a
// time: where it is push-to-talk only an unmute that came since, or that has an end,
// opens it.
func (m *mics) stateWhileSpeaking(room string, since time.Time) mute {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	is, s := m.stateAt(room, now), m.said(room)
	switch {
	case !m.isPushToTalk(room) || is.on:
		return is
	case s.until.IsZero() && s.at.After(since), now.Before(s.until):
		return is
	}
	return mute{on: true, lapsed: !s.until.IsZero() && s.until.After(since), keep: true}
}

// stateAt is state. A push-to-talk microphone that was open before it was unmuted for a
// time stays so. The caller holds the lock.
func (m *mics) stateAt(room string, now time.Time) mute {
	s := m.said(room)
	switch {
	case s.until.IsZero() || now.Before(s.until):
		return mute{on: s.muted}
	case !s.muted && !s.wasMuted && m.isPushToTalk(room):
		return mute{}
	}
	return mute{on: !s.muted, lapsed: !s.muted}
}

// said is what was said last about a microphone. The caller holds the lock.
func (m *mics) said(room string) switching {
	if s, ok := m.rooms[room]; ok {
		return s
	}
	return m.rooms[""]
}

func (m *mics) isPushToTalk(room string) bool {
	return slices.Contains(m.pushToTalk, "*") || slices.Contains(m.pushToTalk, room)
}
