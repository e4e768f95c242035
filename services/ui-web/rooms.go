package uiweb

import (
	"math/bits"
	"time"
)

const (
	maxRooms     = 128              // that are counted
	roomIdle     = 10 * time.Minute // after which a room is the first to be forgotten
	rankNoRoom   = 32               // of what is about no room: health, and the turns of old services
	rankOwnRoom  = 33               // of what is about the room of the page itself
	rankStranger = 0                // of what names nothing that is known here
)

// roomCounts tells rooms that are in use from names that a flood makes up: it
// counts what is heard of each, and when there are too many forgets the one
// heard of least. The caller holds the lock of Pages.
type roomCounts struct {
	all map[string]*roomCount
}

type roomCount struct {
	n    uint32
	last time.Time
}

// note counts a message about a room and returns how useful such a message is:
// twice as many messages are one more.
func (r *roomCounts) note(room string) (rank int) {
	if room == "" {
		return rankNoRoom
	}
	now := time.Now()
	c := r.all[room]
	if c == nil {
		if len(r.all) >= maxRooms {
			r.forgetOne(now)
		}
		c = &roomCount{}
		r.all[room] = c
	}
	c.n, c.last = min(c.n+1, 1<<30), now
	return bits.Len32(c.n)
}

func (r *roomCounts) forgetOne(now time.Time) {
	worst, found := "", (*roomCount)(nil)
	for name, c := range r.all {
		if now.Sub(c.last) > roomIdle {
			delete(r.all, name)
			return
		}
		if found == nil || c.n < found.n || c.n == found.n && c.last.Before(found.last) {
			worst, found = name, c
		}
	}
	delete(r.all, worst)
}
