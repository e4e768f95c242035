// Package room simulates a room in which a person talks to the assistant: a microphone
// and a loudspeaker on the bus, in real time, with the sound of the one in the other.
// What the loudspeaker plays is kept, so that what the assistant does can be measured
// from the sound alone.
package room

import (
	"context"
	"sync"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

const (
	// Rate is samples per second of all sound here.
	Rate = 16000
	// Frame is the grain in which a room lives.
	Frame = 20 * time.Millisecond

	samplesPerFrame = Rate / 50
	framesPerChunk  = 2 // of microphone audio: 40 ms
)

// Event is a message about the room, and when it came.
type Event struct {
	At      time.Duration // since the room began
	Message any
}

// Room is one room. It is safe for concurrent use, but for Listen.
type Room struct {
	name string
	send func(context.Context, contract.MicAudio) error

	mu      sync.Mutex
	begun   time.Time
	frames  int // lived so far
	person  []playing
	bed     []float32 // background that is heard all the time, in a loop
	bedAt   int
	echo    *Path // from the loudspeaker to the microphone; nil: headphones
	listen  func(State, []float32)
	speaker *player
	events  []Event
	changed chan struct{} // closed and replaced when an event came
}

// playing is a sound that is not over.
type playing struct {
	samples []float32
	at      int
}

// New returns a room called name, whose microphone sends with send; nil is a room without
// one. A name that begins with web- is that of a page: the assistant's voice is heard there.
func New(name string, send func(context.Context, contract.MicAudio) error) *Room {
	return &Room{name: name, send: send, speaker: newPlayer(), changed: make(chan struct{})}
}

// Name is the name of the room.
func (r *Room) Name() string { return r.name }

// Run lives until ctx ends, in real time.
func (r *Room) Run(ctx context.Context) error {
	ctx = kit.WithBaggage(ctx, "room", r.name)
	r.mu.Lock()
	r.begun = time.Now()
	r.mu.Unlock()
	tick := time.NewTicker(Frame)
	defer tick.Stop()
	var chunk []byte
	for seq := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for time.Since(r.begun) >= time.Duration(r.frames+1)*Frame { // a late tick makes up for itself
			chunk = append(chunk, Encode(r.live())...)
			if r.send == nil {
				chunk = nil
				continue
			}
			if r.frames%framesPerChunk != 0 {
				continue
			}
			if err := r.send(ctx, contract.MicAudio{Source: r.name, Seq: seq, PCM: chunk}); err != nil && ctx.Err() == nil {
				return err
			}
			seq, chunk = seq+1, nil
		}
	}
}

// live lives for one frame and returns what the microphone heard.
func (r *Room) live() []float32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	heard := make([]float32, samplesPerFrame)
	played := r.speaker.play(r.frames)
	if r.echo != nil {
		r.echo.Process(played, heard)
	}
	if r.listen != nil {
		r.listen(r.speaker.states[len(r.speaker.states)-1], played)
	}
	for i := range r.person {
		p := &r.person[i]
		p.at += add(heard, p.samples[p.at:])
	}
	left := r.person[:0]
	for _, p := range r.person {
		if p.at < len(p.samples) {
			left = append(left, p)
		}
	}
	r.person = left
	for i := range heard {
		if len(r.bed) > 0 {
			heard[i] += r.bed[r.bedAt]
			r.bedAt = (r.bedAt + 1) % len(r.bed)
		}
	}
	r.frames++
	return heard
}

// add adds what fits of more to sum and returns how much that was.
func add(sum, more []float32) int {
	n := min(len(sum), len(more))
	for i := range n {
		sum[i] += more[i]
	}
	return n
}

// Say has a person make a sound now, and returns when it begins.
func (r *Room) Say(samples []float32) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.person = append(r.person, playing{samples: samples})
	return time.Duration(r.frames) * Frame
}

// Background has samples be heard in a loop from now on; nil is silence.
func (r *Room) Background(samples []float32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bed, r.bedAt = samples, 0
}

// Echo has the microphone hear the loudspeaker through p; nil is not at all.
func (r *Room) Echo(p *Path) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.echo = p
}

// Listen has f hear what the loudspeaker plays, frame by frame. It is for before Run.
func (r *Room) Listen(f func(State, []float32)) { r.listen = f }

// Clock is when the room began.
func (r *Room) Clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.begun
}

// Now is the time in the room.
func (r *Room) Now() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.begun.IsZero() {
		return 0
	}
	return time.Since(r.begun)
}

// Note takes a message about the room.
func (r *Room) Note(message any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch m := message.(type) {
	case contract.SpeakerAudio:
		r.speaker.take(m, r.frames)
		return
	case contract.TtsStatus:
		r.speaker.obey(m)
	case contract.SpeechDuck:
		r.speaker.duck(m)
	}
	r.events = append(r.events, Event{At: time.Since(r.begun), Message: message})
	close(r.changed)
	r.changed = make(chan struct{})
}

// Since returns the events that came at from or later.
func (r *Room) Since(from time.Duration) (all []Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.At >= from {
			all = append(all, e)
		}
	}
	return all
}

// Await waits for an event, at from or later, that is wanted. It reports false after
// limit, and when ctx ends.
func (r *Room) Await(ctx context.Context, from, limit time.Duration, wanted func(message any) bool) (Event, bool) {
	late := time.NewTimer(limit)
	defer late.Stop()
	for seen := 0; ; {
		r.mu.Lock()
		events, changed := r.events, r.changed
		r.mu.Unlock()
		for ; seen < len(events); seen++ {
			if events[seen].At >= from && wanted(events[seen].Message) {
				return events[seen], true
			}
		}
		select {
		case <-changed:
		case <-late.C:
			return Event{}, false
		case <-ctx.Done():
			return Event{}, false
		}
	}
}
