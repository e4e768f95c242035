package stt

import (
	"context"
	"slices"
	"sync"
)

const (
	maxWaitingOfRoom = 4  // utterances of one room that wait for the engine; the oldest is dropped for a newer one
	maxUnderstood    = 64 // rooms that are remembered because something was understood there
)

// turnQueue holds complete utterances until the engine is free. Rooms are served
// in turn, so that one that talks without end does not make another wait for all
// of it; and rooms in which something was understood take turns with all others
// together, so that names which somebody makes up do not either. It is safe for
// concurrent use.
type turnQueue struct {
	mu         sync.Mutex
	rooms      []*roomTurns  // with something to read; the one served longest ago is first
	waiting    int           // utterances in all of them
	strangers  bool          // it is the turn of rooms in which nothing was understood
	understood []string      // the one understood last is at the end
	some       chan struct{} // capacity 1: there is something to read
}

type roomTurns struct {
	name string
	all  []utterance
}

func newTurnQueue() *turnQueue { return &turnQueue{some: make(chan struct{}, 1)} }

// push queues u and returns the utterances that were dropped for it, which may be u
// itself.
func (q *turnQueue) push(u utterance) (dropped []utterance) {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.IndexFunc(q.rooms, func(r *roomTurns) bool { return r.name == u.room })
	switch {
	case i >= 0 && len(q.rooms[i].all) >= maxWaitingOfRoom:
		dropped = append(dropped, q.rooms[i].all[0])
		q.rooms[i].all = slices.Delete(q.rooms[i].all, 0, 1)
		q.waiting--
	case q.waiting >= maxWaiting:
		victim, ok := q.makeRoom(u.room)
		if !ok {
			return []utterance{u}
		}
		dropped = append(dropped, victim)
		i = slices.IndexFunc(q.rooms, func(r *roomTurns) bool { return r.name == u.room })
	}
	if i < 0 {
		i = len(q.rooms)
		q.rooms = append(q.rooms, &roomTurns{name: u.room})
	}
	q.rooms[i].all = append(q.rooms[i].all, u)
	q.waiting++
	select {
	case q.some <- struct{}{}:
	default:
	}
	return dropped
}

// makeRoom drops an utterance for one of the room called name: the oldest of the
// room with most of them, or when each has one, the newest of the strangers. It
// reports false when name has no better claim. The caller holds the lock.
func (q *turnQueue) makeRoom(name string) (dropped utterance, ok bool) {
	victim := -1
	for i, r := range q.rooms {
		if len(r.all) > 1 && (victim < 0 || len(r.all) > len(q.rooms[victim].all)) {
			victim = i
		}
	}
	if victim < 0 && q.knows(name) {
		for i, r := range q.rooms {
			if !q.knows(r.name) {
				victim = i
			}
		}
	}
	if victim < 0 {
		return utterance{}, false
	}
	return q.takeFrom(victim), true
}

// takeFrom removes the oldest utterance of a room. The caller holds the lock.
func (q *turnQueue) takeFrom(i int) utterance {
	r := q.rooms[i]
	u := r.all[0]
	r.all[0] = utterance{} // let go of its audio
	r.all = r.all[1:]
	q.waiting--
	q.rooms = slices.Delete(q.rooms, i, i+1)
	if len(r.all) > 0 {
		q.rooms = append(q.rooms, r)
	}
	return u
}

// next waits for the utterance to read next. It reports false when ctx ends.
func (q *turnQueue) next(ctx context.Context) (utterance, bool) {
	for {
		if u, ok := q.take(); ok {
			return u, true
		}
		select {
		case <-q.some:
		case <-ctx.Done():
			return utterance{}, false
		}
	}
}

func (q *turnQueue) take() (utterance, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.rooms) == 0 {
		return utterance{}, false
	}
	i := max(0, slices.IndexFunc(q.rooms, func(r *roomTurns) bool { return q.knows(r.name) != q.strangers }))
	q.strangers = q.knows(q.rooms[i].name)
	return q.takeFrom(i), true
}

// knows reports whether something was understood in a room lately. The caller
// holds the lock.
func (q *turnQueue) knows(room string) bool { return slices.Contains(q.understood, room) }

// understoodIn reports whether something was understood in a room lately.
func (q *turnQueue) understoodIn(room string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.knows(room)
}

// understand notes that something was understood in a room.
func (q *turnQueue) understand(room string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.understood, room); i >= 0 {
		q.understood = slices.Delete(q.understood, i, i+1)
	} else if len(q.understood) >= maxUnderstood {
		q.understood = slices.Delete(q.understood, 0, 1)
	}
	q.understood = append(q.understood, room)
}
