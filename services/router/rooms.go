package router

import (
	"cmp"
	"time"
)

const (
	maxRooms        = 64 // that are remembered
	maxTurns        = 64 // that are not over; what is said beyond them fails
	maxOthers       = 64 // utterances without a turn that are heard at the same time
	maxNewRoomTurns = 16 // of them in rooms where nothing was answered before
)

// roomAt returns the room called name. When there are too many rooms, one is
// forgotten in which no turn is running: rather a name that somebody made up than a
// room that is in use.
func (c *conversation) roomAt(name string, now time.Time) *room {
	r := c.rooms[name]
	if r == nil {
		for len(c.rooms) >= maxRooms && c.forgetRoom(now) {
		}
		r = &room{}
		c.rooms[name] = r
	}
	r.lastUsed = now
	return r
}

// forgetRoom forgets the room with the least history, of those the one unused
// for longest. It reports false when something is going on in all of them, which
// maxTurns bounds.
func (c *conversation) forgetRoom(now time.Time) bool {
	victim, found := "", (*room)(nil)
	for name, r := range c.rooms {
		if r.running == nil && r.waiting == nil && (found == nil || r.lessUsed(found, now)) {
			victim, found = name, r
		}
	}
	delete(c.rooms, victim)
	return found != nil
}

// lessUsed reports whether r is to be forgotten before other.
func (r *room) lessUsed(other *room, now time.Time) bool {
	waits := func(r *room) int { // 1 while its window is open
		if now.Before(r.windowEnd) {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(len(r.history), len(other.history)), cmp.Compare(waits(r), waits(other)), r.lastUsed.Compare(other.lastUsed)) < 0
}

// tooManyTurns reports whether no turn may begin in r. Rooms where nothing was
// answered before share a few, so that a flood of names does not fill the queue
// of the model, in which the others wait as well.
func (c *conversation) tooManyTurns(r *room) bool {
	if len(r.history) > 0 {
		return len(c.turns) >= maxTurns
	}
	strangers := 0
	for _, t := range c.turns {
		if x := c.rooms[t.room]; x == nil || len(x.history) == 0 {
			strangers++
		}
	}
	return strangers >= maxNewRoomTurns
}
