package kit

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/fifo"
	"github.com/gotars/tars/kit/internal/topic"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
)

const (
	// maxKeptLetters is how many letters one process keeps with the broker; beyond
	// it the oldest makes room.
	maxKeptLetters = 1000
	// letterExpiry is how long the broker keeps one.
	letterExpiry = 7 * 24 * time.Hour
	// maxReason bounds the reason of a letter, which may hold a stack.
	maxReason = 4096
)

// letterKeys are the user properties of a dead letter, beside those the message
// had.
var letterKeys = []string{"reason", "handler", "topic", "id", "attempts"}

// deadLetters owns what is known of the letters that the broker keeps for this
// process. mu guards kept.
type deadLetters struct {
	replays string // topic on which tools give letters back to this service; empty for a tool

	mu   sync.Mutex
	kept fifo.Queue[string] // their topics, the oldest first
}

// publishDeadLetter sends a message that could not be handled to the dead letters, its bytes
// untouched: once on system/dead/<client id> for those who watch, and once
// retained below it, where tools find it until it is replayed or dropped.
func (b *Bus) publishDeadLetter(ctx context.Context, h *registration, d *Delivery, reason error) error {
	to := b.ownTopic("dead")
	var p *paho.Publish
	for _, room := range []int{maxReason, 256, 0} { // a letter is longer than its message, which may have just fitted
		if p = newDeadLetter(to, h, d, reason.Error(), room); b.validatePublish(p) == nil {
			break
		}
	}
	if err := b.publishPacket(ctx, p); err != nil && !errors.Is(err, ErrNobody) { // nobody needs to watch
		return err
	}
	h.meter.Dead.Add(1)
	kept := *p
	kept.Topic, kept.Retain = to+"/"+wire.NewID(), true
	life := uint32(letterExpiry / time.Second)
	props := *p.Properties
	props.MessageExpiry = &life
	kept.Properties = &props
	if err := b.publishPacket(ctx, &kept); err != nil {
		return err
	}
	if oldest := b.letters.keepTopic(kept.Topic); oldest != "" {
		return b.publishPacket(ctx, &paho.Publish{Topic: oldest, QoS: byte(msg.AtLeastOnce), Retain: true, Properties: &paho.PublishProperties{}})
	}
	return nil
}

// newDeadLetter is d with what became of it; the reason has at most room bytes.
func newDeadLetter(to string, h *registration, d *Delivery, reason string, room int) *paho.Publish {
	p := &paho.Publish{Topic: to, QoS: byte(msg.AtLeastOnce), Payload: d.Payload, Properties: &paho.PublishProperties{}}
	if d.props != nil {
		p.Properties.ContentType = cleanText(d.props.ContentType, maxText)
		for _, u := range d.props.User {
			if !slices.Contains(letterKeys, u.Key) {
				p.Properties.User.Add(cleanText(u.Key, maxText), cleanText(u.Value, maxText))
			}
		}
	}
	for i, value := range []string{cleanText(reason, room), h.name, d.Topic, cleanText(d.ID, maxTrace), strconv.Itoa(d.Attempt)} {
		p.Properties.User.Add(letterKeys[i], cleanText(value, maxText))
	}
	return p
}

// restoreReplayed reports whether d is a dead letter that is given back to this service
// alone. If so, d gets the topic back on which it came first.
func (l *deadLetters) restoreReplayed(d *Delivery) bool {
	if d.Topic != l.replays || !topic.Valid(d.Header.User["topic"]) {
		return false
	}
	d.Topic = d.Header.User["topic"]
	delete(d.Header.User, "topic")
	return true
}

// keepTopic remembers the topic of a letter that the broker keeps. When there are too many
// it returns the topic of the oldest, which has to be cleared; else "".
func (l *deadLetters) keepTopic(name string) (oldest string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept.Push(name)
	if l.kept.Len() > maxKeptLetters {
		oldest = l.kept.Pop()
	}
	return oldest
}

// deadLettered sends a failed AtLeastOnce message to the dead letters, and reports whether
// it may be acknowledged.
func (a *attempt) deadLettered(err error) bool {
	if a.d == nil || a.isQoS0() || a.b.tool || a.b.seam.AllowUndeclared {
		return true
	}
	lost := a.b.publishDeadLetter(a.workCtx, a.h, a.d, err)
	if lost != nil {
		a.b.log.Error("no dead letter", "handler", a.h.name, "topic", a.d.Topic, "id", a.d.ID, "err", lost)
	}
	return lost == nil || a.workCtx.Err() == nil // what no letter can carry would come for ever
}
