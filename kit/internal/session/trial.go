package session

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/packets"
	paho "github.com/eclipse/paho.golang/paho/session"
)

// ErrClosesLink reports a publication that the broker answers by closing the
// link.
var ErrClosesLink = errors.New("the broker closed two links in a row when it got this message, kept the next one without it, and closed that when it got it again: it is given up")

// Withdrawn is the reason code with which a suspect leaves the session, so that
// its sender publishes it again. No broker sends it.
const Withdrawn = 0xFF

// closingTime is how soon a broker closes the link for a packet. A link that is
// lost later than that after the packet was sent is lost for another reason.
const closingTime = 2 * time.Second

// broken are the reasons of a DISCONNECT that blame a packet: malformed,
// protocol error, topic name, packet too large, payload format, retain, QoS,
// and those that name nothing.
var broken = []byte{0x80, 0x81, 0x82, 0x83, 0x90, 0x94, 0x95, 0x99, 0x9A, 0x9B}

// trial finds the publication that a broker answers by closing the link, which
// otherwise would be sent again on each new link for ever.
//
// A broker reads in order, so it closes for the oldest publication that it has
// not acknowledged, and soon after it got it. One that was the oldest when two
// links in a row were lost like that leaves the session, and its sender is held
// back on the third. If that one is lost as soon, the network is to blame. If it
// lasts, the publication is sent again, and is guilty when that ends the link:
// else a network that was mended in this moment would make it look so.
type trial struct {
	sent *store // publications without an answer

	mu      sync.Mutex
	begin   time.Time // of the link; zero when there is none
	suspect *packets.Publish
	strikes int              // links that it ended, in a row
	doubts  int              // trials of cleared in a row that ended with a loss
	cleared *packets.Publish // the last one of which a trial found nothing
	held    chan struct{}    // closed when the verdict is known; nil when nothing is held back
	proof   *packets.Publish // sent again on a link that had lasted without it
	convict *packets.Publish // the last one found guilty
	timer   *time.Timer
}

// linked begins with a fresh link, before anything is sent again on it.
func (t *trial) linked() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begin = time.Now()
	if !t.accused() {
		return
	}
	t.held = make(chan struct{})
	t.timer = time.AfterFunc(closingTime, t.stands)
}

// accused reports whether the suspect has ended enough links: two, and twice as
// many after each trial that ended with a loss.
func (t *trial) accused() bool { return t.strikes >= 2<<min(t.doubts, 10) }

// lost notes how a link ended. It returns a suspect that is to leave the
// session, or nil. It may be called again.
func (t *trial) lost(d *packets.Disconnect) *packets.Publish {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.begin.IsZero() {
		return nil
	}
	begin := t.begin
	t.begin = time.Time{}
	if t.held != nil { // this link did not last either
		t.doubts++
		t.cleared = t.suspect
		t.end()
		return nil
	}
	oldest, at := t.sent.oldest()
	if at.Before(begin) {
		at = begin // it was sent again
	}
	proof := t.proof
	t.proof = nil
	switch {
	case oldest == nil, d != nil && !slices.Contains(broken, d.ReasonCode), time.Since(at) > closingTime:
		t.suspect, t.strikes, t.doubts = nil, 0, 0
	case proof != nil && samePublish(oldest, proof):
		t.convict, t.suspect, t.strikes, t.doubts = oldest, nil, 0, 0
		return oldest
	case t.suspect != nil && samePublish(oldest, t.suspect):
		t.strikes++
		if t.accused() {
			return oldest
		}
	default:
		t.suspect, t.strikes = oldest, 1
		if t.cleared == nil || !samePublish(oldest, t.cleared) {
			t.cleared, t.doubts = nil, 0
		}
	}
	return nil
}

// stands tells that the link has lasted without what was held back, which is
// sent again.
func (t *trial) stands() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held != nil && !t.begin.IsZero() {
		t.proof = t.suspect
		t.end()
	}
}

// end makes the verdict known.
func (t *trial) end() {
	t.timer.Stop()
	close(t.held)
	t.held, t.suspect, t.strikes = nil, nil, 0
}

// wait holds a suspect back that is published again. It returns nil for all
// others, and at once.
func (t *trial) wait(ctx context.Context, p *packets.Publish) error {
	t.mu.Lock()
	held := t.held
	mine := held != nil && samePublish(p, t.suspect)
	t.mu.Unlock()
	if mine {
		select {
		case <-held:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.convict != nil && samePublish(p, t.convict):
		return ErrClosesLink
	case mine:
		return paho.ErrNoConnection
	}
	return nil
}

// samePublish reports whether a and b are one publication, which has another packet
// each time it is published again.
func samePublish(a, b *packets.Publish) bool {
	if a == b {
		return true
	}
	if a.Topic != b.Topic || a.Retain != b.Retain || len(a.Payload) != len(b.Payload) {
		return false
	}
	return len(a.Payload) == 0 || &a.Payload[0] == &b.Payload[0]
}

// ended notes how a link ended. It may be called again.
func (s *State) ended(d *packets.Disconnect) {
	if p := s.trial.lost(d); p != nil {
		s.withdraw(p)
	}
}

// withdraw takes a publication out of the session.
func (s *State) withdraw(p *packets.Publish) {
	s.waits.Lock()
	delete(s.waiting, p.PacketID)
	s.waits.Unlock()
	_ = s.State.PacketReceived(&packets.ControlPacket{FixedHeader: packets.FixedHeader{Type: packets.PUBACK},
		Content: &packets.Puback{PacketID: p.PacketID, ReasonCode: Withdrawn, Properties: &packets.Properties{}}}, nil)
}
