package uiweb

import "github.com/coder/websocket"

const (
	maxWaiting      = 512       // frames that wait for one page
	maxWaitingBytes = 1 << 20   // and what they hold together: 20 s of speech
	maxShownBytes   = 256 << 10 // bytes of one message that is shown; a longer one is dropped and counted
)

// outbox is what waits for one page. It is bounded in frames and in bytes.
// Beyond that the least useful frame is lost: sound before text, for late sound
// is not heard anyway; then text of rooms that are seldom heard of, and of those
// the oldest. The caller holds the lock of Pages.
type outbox struct {
	frames []frame
	bytes  int
	behind bool  // frames were lost since it was last empty
	lost   int64 // how many
}

// push queues f. It returns how many frames were lost for it, and whether those
// are the first since the page had caught up.
func (o *outbox) push(f frame) (lost int, first bool) {
	o.frames = append(o.frames, f)
	o.bytes += len(f.data)
	for len(o.frames) > maxWaiting || o.bytes > maxWaitingBytes {
		o.remove(o.leastUseful())
		lost++
	}
	if lost > 0 {
		first, o.behind = !o.behind, true
		o.lost += int64(lost)
	}
	return lost, first
}

// leastUseful is the index of the frame to lose.
func (o *outbox) leastUseful() int {
	worst := 0
	for i, f := range o.frames {
		if f.kind == websocket.MessageBinary {
			return i
		}
		if f.rank < o.frames[worst].rank {
			worst = i
		}
	}
	return worst
}

func (o *outbox) remove(i int) {
	o.bytes -= len(o.frames[i].data)
	copy(o.frames[i:], o.frames[i+1:])
	o.frames[len(o.frames)-1] = frame{} // let go of its data
	o.frames = o.frames[:len(o.frames)-1]
}

func (o *outbox) pop() (frame, bool) {
	if len(o.frames) == 0 {
		return frame{}, false
	}
	f := o.frames[0]
	o.remove(0)
	return f, true
}
