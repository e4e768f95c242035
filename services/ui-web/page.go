package uiweb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

const (
	frameLimit   = 32 << 10              // bytes of one frame from a page
	sayLimit     = 4000                  // characters of one typed text
	idLimit      = 128                   // bytes of an answer's id
	writeTimeout = 10 * time.Second      // for one frame; a page that is away longer is dropped
	pingEvery    = 20 * time.Second      // so that a page that vanished is noticed
	sayTimeout   = 5 * time.Second       // for the broker to take what was typed
	refusalPause = 20 * time.Millisecond // after a frame that was not served
)

// page is one connected browser. Its outbox is guarded by the lock of Pages, the
// rest belongs to the goroutine that reads from it.
type page struct {
	room   string
	from   netip.Prefix  // whose it is; not valid: of this machine
	wake   chan struct{} // capacity 1: there is something in the outbox
	outbox outbox
	budget *budget

	streaming bool // the microphone is on
	seq       int  // of its next chunk
}

// push queues f. It returns how many frames were lost for it, and whether the
// page began to lose frames by it.
func (p *page) push(f frame) (lost int, first bool) {
	if f.room == p.room {
		f.rank = rankOwnRoom
	}
	lost, first = p.outbox.push(f)
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return lost, first
}

// talk serves the socket of p until either side ends it.
func (s *Server) talk(ctx context.Context, c *websocket.Conn, p *page) {
	ctx, end := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer end()
	wg.Go(func() { defer end(); s.write(ctx, c, p) })
	wg.Go(func() { defer end(); keepAlive(ctx, c) })
	c.SetReadLimit(frameLimit)
	for {
		kind, data, err := c.Read(ctx)
		if err != nil {
			break
		}
		if kind == websocket.MessageBinary {
			err = s.listen(ctx, p, data)
		} else {
			err = s.obey(ctx, p, data)
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		if s.complaints.allow() {
			s.log.WarnContext(ctx, "frame of a page not served", "id", p.room, "err", err)
		}
		pause(ctx, refusalPause)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if s.pages.replaced(p) { // the page is back already, on another connection
		return
	}
	_ = s.hush(last, p) // a closed page does not listen; offline, there is nobody to tell
}

// write sends what is queued for p.
func (s *Server) write(ctx context.Context, c *websocket.Conn, p *page) {
	for {
		f, ok := s.pages.next(p)
		if !ok {
			select {
			case <-p.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		short, cancel := context.WithTimeout(ctx, writeTimeout)
		err := c.Write(short, f.kind, f.data)
		cancel()
		if err != nil {
			return
		}
	}
}

// pause reads nothing for a time, which a page that floods feels: its frames wait
// in its own browser.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func keepAlive(ctx context.Context, c *websocket.Conn) {
	t := time.NewTicker(pingEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		short, cancel := context.WithTimeout(ctx, writeTimeout)
		err := c.Ping(short)
		cancel()
		if err != nil {
			return
		}
	}
}

// obey does what a text frame says.
func (s *Server) obey(ctx context.Context, p *page, data []byte) error {
	if !p.budget.commands.allow() {
		return s.refuse(p, "command", "This page sends too much at once. Wait a moment.")
	}
	var c command
	if err := json.Unmarshal(data, &c); err != nil {
		return fmt.Errorf("text frame: %w", err)
	}
	s.pages.used(p)
	ctx = kit.WithBaggage(ctx, "room", p.room)
	switch {
	case c.Say != nil:
		return s.say(ctx, p, *c.Say)
	case c.Stop != nil:
		return s.stop(ctx, *c.Stop)
	case c.Mic != nil && *c.Mic:
		p.streaming, p.seq = true, 0
	case c.Mic != nil:
		return s.hush(ctx, p)
	}
	return nil
}

// say puts typed text where the recogniser puts what it hears. The bus does not
// send a service its own messages, so the pages are told from here.
func (s *Server) say(ctx context.Context, p *page, text string) error {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil
	}
	if n := utf8.RuneCountInString(text); n > sayLimit {
		s.pages.Tell(p, refusalFrame("say", fmt.Sprintf("The text has %d characters, and may have %d.", n, sayLimit)))
		return fmt.Errorf("typed text has %d characters, at most %d", n, sayLimit)
	}
	if !p.budget.says.allow() {
		return s.refuse(p, "say", "That was too much text at once. It was not sent: wait a few seconds and try again.")
	}
	f := contract.FinalTranscript{Text: text, UttID: new(p.room + "-" + kit.NewID()[:8]), TS: float64(time.Now().UnixMicro()) / 1e6}
	f.MessageID = kit.NewID()
	id := kit.NewID()
	payload, err := seal(id, f)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(kit.WithBaggage(ctx, "typed", "1"), sayTimeout)
	defer cancel()
	if err := s.bus.Publish(ctx, f, kit.ID(id)); err != nil {
		return err
	}
	s.pages.Show(textFrame(f.Route().Topic, payload, p.room))
	return nil
}

// stop ends the answer called id, or whatever is spoken when it is empty.
func (s *Server) stop(ctx context.Context, id string) error {
	if len(id) > idLimit {
		return fmt.Errorf("the id of an answer has %d bytes, at most %d", len(id), idLimit)
	}
	ctx, cancel := context.WithTimeout(ctx, sayTimeout)
	defer cancel()
	c := contract.TtsControl{Action: contract.TtsStop, Reason: new("user")}
	if id == "" {
		return s.bus.Publish(ctx, c)
	}
	c.ID = &id
	return errors.Join(s.bus.Publish(ctx, c), s.bus.Publish(ctx, contract.LLMCancel{ID: id}))
}

// listen passes on what the microphone of p hears. An empty frame ends it.
func (s *Server) listen(ctx context.Context, p *page, pcm []byte) error {
	if len(pcm) == 0 {
		return s.hush(ctx, p)
	}
	if !p.streaming {
		p.streaming, p.seq = true, 0
		s.pages.used(p)
	}
	if !p.budget.chunks.allow() || !p.budget.samples.take(float64(len(pcm)/2)) {
		p.seq++ // so that the gap is seen
		return s.refuse(p, "mic", "The microphone sends faster than anybody speaks. Some of it was not heard.")
	}
	a := contract.MicAudio{Source: p.room, Seq: p.seq, Rate: contract.AudioRate, PCM: pcm}
	took := time.Duration(len(pcm)/2) * time.Second / contract.AudioRate
	a.TS = float64(time.Now().Add(-took).UnixMicro()) / 1e6
	p.seq++ // also of one that is lost, so that the gap is seen
	err := s.bus.Publish(ctx, a)
	if errors.Is(err, kit.ErrOffline) { // the page shows it, and the next chunk comes at once
		return nil
	}
	return err
}

// refuse tells the person at p why something has no effect, and the log. Of a
// typed text that is told each time, for it is seen on the page; of the rest at
// most once in two seconds.
func (s *Server) refuse(p *page, what, why string) error {
	if what == "say" || p.budget.refusals.allow() {
		s.pages.Tell(p, refusalFrame(what, why))
	}
	return fmt.Errorf("%s refused: the page sends faster than it may", what)
}

// hush ends the stream of the microphone.
func (s *Server) hush(ctx context.Context, p *page) error {
	if !p.streaming {
		return nil
	}
	p.streaming = false
	return s.bus.Publish(ctx, contract.MicAudio{Source: p.room, Seq: p.seq, Rate: contract.AudioRate})
}
