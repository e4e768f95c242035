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

// ReasonWithdrawn is the reason code with which a suspect leaves the session, so that
// its sender publishes it again. No broker sends it.
const ReasonWithdrawn = 0xFF

// maxClosingDelay is the longest time after which a broker closes the link for a
// packet. A link that is lost later than that is lost for another reason.
const maxClosingDelay = 2 * time.Second

// blamingReasons are the reason codes of a DISCONNECT that blame a packet: malformed,
// protocol error, topic name, packet too large, payload format, retain, QoS,
// and those that name nothing.
var blamingReasons = []byte{0x80, 0x81, 0x82, 0x83, 0x90, 0x94, 0x95, 0x99, 0x9A, 0x9B}

// poisonDetector finds a poison message: a publication that the broker answers by
// closing the link, and that would otherwise be sent again on each new link for ever.
//
// A broker reads in order, so it closes the link for the oldest publication that it
// has not acknowledged, and soon after it got it. A publication that was the oldest
// when two links in a row were lost like that is the suspect. It leaves the session,
// and its sender is held back on the third link: that is the test. If this link is
// lost as soon, the network is to blame. If it lasts, the publication is sent once
// more, and is poison when that ends the link too. Without this second half a network
// that recovered during the test would make the publication look guilty.
type poisonDetector struct {
	sent *packetStore // publications without an answer

	mu          sync.Mutex
	linkedAt    time.Time // of the link; zero when there is none
	suspect     *packets.Publish
	strikes     int              // links in a row that were lost while the suspect was the oldest
	failedTests int              // tests of lastCleared in a row that ended with a lost link
	lastCleared *packets.Publish // the last suspect that a test did not convict
	verdict     chan struct{}    // closed when the test is over; nil when there is none
	retested    *packets.Publish // sent again on a link that had lasted without it
	found       *packets.Publish // the last poison message
	timer       *time.Timer
}

// linkUp begins with a fresh link, before anything is sent again on it.
func (t *poisonDetector) linkUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.linkedAt = time.Now()
	if !t.mustTest() {
		return
	}
	t.verdict = make(chan struct{})
	t.timer = time.AfterFunc(maxClosingDelay, t.linkLasts)
}

// mustTest reports whether the suspect has ended enough links for a test: two, and
// twice as many after each test that ended with a lost link.
func (t *poisonDetector) mustTest() bool { return t.strikes >= 2<<min(t.failedTests, 10) }

// linkLost notes how a link ended. It returns a suspect that is to leave the
// session, or nil. It may be called again.
func (t *poisonDetector) linkLost(d *packets.Disconnect) *packets.Publish {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.linkedAt.IsZero() {
		return nil
	}
	begin := t.linkedAt
	t.linkedAt = time.Time{}
	if t.verdict != nil { // this link did not last either
		t.failedTests++
		t.lastCleared = t.suspect
		t.endTest()
		return nil
	}
	oldest, at := t.sent.oldest()
	if at.Before(begin) {
		at = begin // it was sent again
	}
	proof := t.retested
	t.retested = nil
	switch {
	case oldest == nil, d != nil && !slices.Contains(blamingReasons, d.ReasonCode), time.Since(at) > maxClosingDelay:
		t.suspect, t.strikes, t.failedTests = nil, 0, 0
	case proof != nil && samePublish(oldest, proof):
		t.found, t.suspect, t.strikes, t.failedTests = oldest, nil, 0, 0
		return oldest
	case t.suspect != nil && samePublish(oldest, t.suspect):
		t.strikes++
		if t.mustTest() {
			return oldest
		}
	default:
		t.suspect, t.strikes = oldest, 1
		if t.lastCleared == nil || !samePublish(oldest, t.lastCleared) {
			t.lastCleared, t.failedTests = nil, 0
		}
	}
	return nil
}

// linkLasts ends the test on a link that has lasted without the suspect, which is sent
// again.
func (t *poisonDetector) linkLasts() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.verdict != nil && !t.linkedAt.IsZero() {
		t.retested = t.suspect
		t.endTest()
	}
}

// endTest lets the sender of the suspect go on.
func (t *poisonDetector) endTest() {
	t.timer.Stop()
	close(t.verdict)
	t.verdict, t.suspect, t.strikes = nil, nil, 0
}

// awaitVerdict holds a suspect back that is published again. It returns nil for all
// others, and at once.
func (t *poisonDetector) awaitVerdict(ctx context.Context, p *packets.Publish) error {
	t.mu.Lock()
	held := t.verdict
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
	case t.found != nil && samePublish(p, t.found):
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

// noteLinkEnd notes how a link ended. It may be called again.
func (s *State) noteLinkEnd(d *packets.Disconnect) {
	if p := s.poison.linkLost(d); p != nil {
		s.withdraw(p)
	}
}

// withdraw takes a publication out of the session.
func (s *State) withdraw(p *packets.Publish) {
	s.waitersMu.Lock()
	delete(s.waiters, p.PacketID)
	s.waitersMu.Unlock()
	_ = s.State.PacketReceived(&packets.ControlPacket{FixedHeader: packets.FixedHeader{Type: packets.PUBACK},
		Content: &packets.Puback{PacketID: p.PacketID, ReasonCode: ReasonWithdrawn, Properties: &packets.Properties{}}}, nil)
}
