package stt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/engines/wyoming"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/speech/pcm"
)

const (
	maxWakeBacklog = 64               // chunks of a room that may wait for the server; more are dropped and counted
	wakeDebounce   = 2 * time.Second  // servers tell a phrase several times
	minWakeBackoff = time.Second      // before a lost server is tried again; doubles
	maxWakeBackoff = 30 * time.Second // at most
	wakeCheckEvery = 10 * time.Second // between two questions whether a server is well, and for its answer
)

// wakeListener has a Wyoming server listen for wake words, in every room that has a
// microphone which is not muted. It never holds up who listens. A nil watch
// hears nothing.
type wakeListener struct {
	cfg  Config
	home kit.Home
	log  *slog.Logger

	checkEvery time.Duration // wakeCheckEvery

	detections chan detection // unbuffered
	newRooms   chan string    // rooms that audio came from for the first time
	trouble    atomic.Pointer[error]

	mu    sync.Mutex
	rooms map[string]chan []byte
}

// detection is a wake phrase that was heard in a room.
type detection struct{ room, phrase string }

// newWakeListener returns the listener that c asks for, nil for none.
func newWakeListener(c Config, home kit.Home, log *slog.Logger) *wakeListener {
	if c.WakeEngine != "wyoming" && (c.WakeEngine != "auto" || c.WakeURI == "" && !failover.DiscoveryEnabled(c.Hosts)) {
		return nil
	}
	return &wakeListener{
		cfg: c, home: home, log: log, checkEvery: wakeCheckEvery, detections: make(chan detection), newRooms: make(chan string, maxSources), rooms: map[string]chan []byte{},
	}
}

// hear passes on audio of a room.
func (w *wakeListener) hear(room string, pcm []byte) error {
	if w == nil || len(pcm) == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	in := w.rooms[room]
	if in == nil {
		if len(w.rooms) == maxSources {
			return nil // as many rooms as there can be sources
		}
		in = make(chan []byte, maxWakeBacklog)
		w.rooms[room] = in
		w.newRooms <- room // has room for all
	}
	select {
	case in <- bytes.Clone(pcm):
		return nil
	default:
		return kit.Drop("wake_backlog")
	}
}

// run listens in every room that has audio, as long as ctx runs.
func (w *wakeListener) run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		select {
		case <-ctx.Done():
			return nil
		case room := <-w.newRooms:
			w.mu.Lock()
			in := w.rooms[room]
			w.mu.Unlock()
			wg.Go(func() { w.listenInRoom(ctx, room, in) })
		}
	}
}

// listenInRoom listens in one room until its microphone is gone.
func (w *wakeListener) listenInRoom(ctx context.Context, room string, in chan []byte) {
	wait, last := minWakeBackoff, time.Now()
	for ctx.Err() == nil {
		begun := time.Now()
		err := w.listen(ctx, room, in)
		switch {
		case err == nil:
			if w.forgetRoom(room, in) {
				return
			}
			continue
		case ctx.Err() != nil:
			return
		case time.Since(begun) > maxWakeBackoff:
			wait = minWakeBackoff
		}
		if old := w.trouble.Swap(&err); err != errNoWake && (old == nil || (*old).Error() != err.Error()) {
			w.log.Warn("no wake words", "source", room, "err", err)
		}
		if drainAudio(ctx, in, wait) {
			last = time.Now()
		}
		if time.Since(last) >= sourceTTL && w.forgetRoom(room, in) {
			return
		}
		wait = min(2*wait, maxWakeBackoff)
	}
}

// forgetRoom forgets a room without audio, and reports whether there is none.
func (w *wakeListener) forgetRoom(room string, in chan []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(in) > 0 {
		return false
	}
	delete(w.rooms, room)
	return true
}

// drainAudio throws away audio for d, and reports whether there was any.
func drainAudio(ctx context.Context, in chan []byte, d time.Duration) (any bool) {
	over := time.After(d)
	for {
		select {
		case <-in:
			any = true
		case <-over:
			return any
		case <-ctx.Done():
			return any
		}
	}
}

// errNoWake is a room without a server to listen in it.
var errNoWake = errors.New("no server answers that hears wake words: set STT_WAKE_URI")

// inUse is the server of the settings. One that is found by itself is in this house.
func (w *wakeListener) inUse() (now failover.InUse, ok bool) {
	if w == nil || w.cfg.WakeURI == "" {
		return now, false
	}
	return failover.InUse{Name: "Wyoming", From: "STT_WAKE_URI", Cloud: failover.CloudHost(w.cfg.WakeURI)}, true
}

// client is the server to ask.
func (w *wakeListener) client(ctx context.Context) (*wyoming.Client, error) {
	uri := w.cfg.WakeURI
	if uri == "" {
		found := failover.Look(ctx, w.cfg.Hosts, string(w.home), discovery.Wake)
		if len(found) == 0 {
			return nil, errNoWake
		}
		uri = found[0].URL
	}
	return wyoming.NewClient(uri)
}

// listen sends audio to the server and tells of what it hears. It returns nil
// when the room has been silent for long.
func (w *wakeListener) listen(ctx context.Context, room string, in chan []byte) error {
	c, err := w.client(ctx)
	if err == nil && w.trouble.Load() != nil { // one that hangs takes a connection
		if err = w.checkServer(ctx, c); err != nil {
			err = fmt.Errorf("wake words at %s: %w", c.Addr(), err)
		}
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil) // which closes the connection
	d, err := c.Detect(ctx, wyoming.Format{Rate: pcm.Rate, Width: 2, Channels: 1}, w.cfg.WakeWords)
	if err != nil {
		return fmt.Errorf("wake words at %s: %w", c.Addr(), err)
	}
	wg.Go(func() { cancel(w.forwardDetections(ctx, d, room)) })
	wg.Go(func() { cancel(w.checkStream(ctx, d)) })
	for {
		select {
		case pcm := <-in:
			err = d.Hear(pcm)
		case <-ctx.Done():
			err = context.Cause(ctx)
		case <-time.After(sourceTTL):
			return nil
		}
		if err != nil {
			return fmt.Errorf("wake words at %s: %w", c.Addr(), err)
		}
		w.trouble.Store(nil)
	}
}

// checkStream asks a server now and then whether it still hears what d sends. One that
// hangs takes audio for minutes before its connection is full.
func (w *wakeListener) checkStream(ctx context.Context, d *wyoming.Detector) error {
	for {
		select {
		case <-time.After(w.checkEvery):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err := w.inTime(ctx, d.Check); err != nil {
			return err
		}
	}
}

// checkServer asks a server whether it is well.
func (w *wakeListener) checkServer(ctx context.Context, c *wyoming.Client) error {
	return w.inTime(ctx, func(ctx context.Context) error {
		_, err := c.Describe(ctx)
		return err
	})
}

// inTime has ask end within the time that a server has for an answer.
func (w *wakeListener) inTime(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, w.checkEvery, fmt.Errorf("it does not answer within %v", w.checkEvery))
	defer cancel()
	return ask(ctx)
}

// forwardDetections hands on what d hears, each phrase once.
func (w *wakeListener) forwardDetections(ctx context.Context, d *wyoming.Detector, room string) error {
	var last time.Time
	for {
		h, err := d.Next()
		if err != nil {
			return err
		}
		if time.Since(last) < wakeDebounce {
			continue
		}
		last = time.Now()
		w.log.DebugContext(ctx, "woken", "source", room, "phrase", h.Name)
		select {
		case w.detections <- detection{room, h.Name}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// woken publishes that a wake phrase was heard in a room, unless the assistant says it
// there itself, or something that sounds as if it did.
func (s *Service) woken(ctx context.Context, d detection) error {
	now := time.Now()
	if s.echoes.saysPhrase(d.room, d.phrase, now.Add(-wakeDebounce), now) || s.isWokenByItself(d.room) {
		return kit.Drop("echo")
	}
	return s.bus.Publish(kit.WithBaggage(ctx, "room", d.room), contract.WakeEvent{Type: contract.WakeEventWake, Cause: new("wake_phrase")})
}

// health is why wake words that the settings ask for are not heard.
func (w *wakeListener) health() error {
	if w == nil || w.cfg.WakeEngine == "auto" && w.cfg.WakeURI == "" {
		return nil
	}
	if err := w.trouble.Load(); err != nil {
		return *err
	}
	return nil
}
