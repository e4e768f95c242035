package uiweb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

const (
	maxFrameBytes = 32 << 10              // bytes of one frame from a page
	maxSayChars   = 4000                  // characters of one typed text
	maxIDBytes    = 128                   // bytes of an answer's id
	writeTimeout  = 10 * time.Second      // for one frame; a page that takes longer is cut off
	pingEvery     = 20 * time.Second      // a page that does not answer within writeTimeout is cut off
	sayTimeout    = 5 * time.Second       // for the broker to take a typed text
	refusalPause  = 20 * time.Millisecond // before the next frame is read, after one that was refused
)

// page is one connected browser. Its outbox is guarded by the lock of [Pages]; the
// rest is used only by the goroutine that reads from the socket.
type page struct {
	room         string
	from         netip.Prefix  // network it comes from; the zero Prefix is this machine
	outboxFilled chan struct{} // capacity 1: there is something in the outbox
	outbox       outbox
	budget       *budget

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
	case p.outboxFilled <- struct{}{}:
	default:
	}
	return lost, first
}

// serveSocket serves the socket of p until either side closes it.
func (s *Server) serveSocket(ctx context.Context, c *websocket.Conn, p *page) {
	ctx, end := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer end()
	wg.Go(func() { defer end(); s.write(ctx, c, p) })
	wg.Go(func() { defer end(); keepAlive(ctx, c) })
	c.SetReadLimit(maxFrameBytes)
	for {
		kind, data, err := c.Read(ctx)
		if err != nil {
			break
		}
		if kind == websocket.MessageBinary {
			err = s.passMicAudio(ctx, p, data)
		} else {
			err = s.runCommand(ctx, p, data)
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		if s.complaints.allow() {
			s.log.WarnContext(ctx, "frame of a page not served", "id", p.room, "err", err)
		}
		sleepContext(ctx, refusalPause)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if s.pages.replaced(p) { // the page is back already, on another connection
		return
	}
	_ = s.endMicStream(last, p) // without a link to the broker nobody hears the microphone either
}

// write sends what is queued for p.
func (s *Server) write(ctx context.Context, c *websocket.Conn, p *page) {
	for {
		f, ok := s.pages.next(p)
		if !ok {
			select {
			case <-p.outboxFilled:
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

// sleepContext waits for d, or until ctx ends. While a page is not read, what it
// sends waits in its own browser, so a page that floods slows itself down.
func sleepContext(ctx context.Context, d time.Duration) {
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

// runCommand decodes a text frame of p and carries it out.
func (s *Server) runCommand(ctx context.Context, p *page, data []byte) error {
	if !p.budget.commands.allow() {
		return s.refuse(p, "command", "", "This page sends too much at once. Wait a moment.")
	}
	var c command
	if err := json.Unmarshal(data, &c); err != nil {
		return fmt.Errorf("text frame: %w", err)
	}
	if c.Ping != nil { // nobody did anything
		s.pages.Tell(p, wordFrame("pong", *c.Ping))
		return nil
	}
	s.pages.markUsed(p)
	ctx = kit.WithBaggage(ctx, "room", p.room)
	switch {
	case c.Say != nil:
		return s.sayOnce(ctx, p, typedText{*c.Say, c.ID, s.langOf(c)})
	case c.Voice != nil:
		return s.chooseVoice(ctx, p, *c.Voice)
	case c.Stop != nil:
		return s.stop(ctx, *c.Stop)
	case c.Mic != nil && *c.Mic:
		p.streaming, p.seq = true, 0
	case c.Mic != nil:
		return s.endMicStream(ctx, p)
	}
	return nil
}

// typedText is a text of a page, with the id that the page gave it and its language.
type typedText struct{ text, id, lang string }

// langOf is the language of a typed text: that which is set, else that of the browser.
// Empty is that of the contract.
func (s *Server) langOf(c command) string {
	if s.lang == "" && browserLang.MatchString(c.Lang) {
		return c.Lang
	}
	return s.lang
}

var browserLang = regexp.MustCompile(`^[a-z]{2}$`)

// sayOnce says a typed text and confirms it. A page whose line was dead sends the text
// again under the same id, and perhaps it had arrived.
func (s *Server) sayOnce(ctx context.Context, p *page, typed typedText) error {
	id := typed.id
	if id == "" {
		return s.say(ctx, p, typed)
	}
	if len(id) > maxIDBytes {
		return fmt.Errorf("the id of a typed text has %d bytes, at most %d", len(id), maxIDBytes)
	}
	switch s.pages.receipts.take(p.room, id) {
	case textUnderWay: // whoever does it confirms it
		return nil
	case textNotSeen:
		err := s.say(ctx, p, typed)
		s.pages.receipts.settle(p.room, id, err == nil)
		if err != nil {
			return err
		}
	}
	s.pages.TellRoom(p.room, wordFrame("took", id))
	return nil
}

// say publishes typed text as a final transcript, as the recogniser does with what it
// hears. A service does not receive its own messages, so the pages get theirs here.
func (s *Server) say(ctx context.Context, p *page, typed typedText) error {
	text, textID := strings.TrimSpace(typed.text), typed.id
	if text == "" {
		return nil
	}
	if n := utf8.RuneCountInString(text); n > maxSayChars {
		s.pages.Tell(p, refusalFrame("say", fmt.Sprintf("The text has %d characters, and may have %d.", n, maxSayChars), textID))
		return fmt.Errorf("typed text has %d characters, at most %d", n, maxSayChars)
	}
	if !p.budget.says.allow() {
		return s.refuse(p, "say", textID, "That was too much text at once. It was not sent: wait a few seconds and try again.")
	}
	f := contract.FinalTranscript{Text: text, Lang: typed.lang, UttID: new(p.room + "-" + kit.NewID()[:8]), TS: float64(time.Now().UnixMicro()) / 1e6}
	f.MessageID = kit.NewID()
	id := kit.NewID()
	payload, err := sealMessage(id, f)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(kit.WithBaggage(ctx, "typed", "1"), sayTimeout)
	defer cancel()
	if err := s.bus.Publish(ctx, f, kit.ID(id)); err != nil {
		return err
	}
	s.noteOwn(ctx, f, id)
	s.pages.Show(textFrame(f.Route().Topic, payload, p.room))
	return nil
}

// stop ends the answer called id, or whatever is spoken when it is empty.
func (s *Server) stop(ctx context.Context, id string) error {
	if len(id) > maxIDBytes {
		return fmt.Errorf("the id of an answer has %d bytes, at most %d", len(id), maxIDBytes)
	}
	ctx, cancel := context.WithTimeout(ctx, sayTimeout)
	defer cancel()
	c := contract.TtsControl{Action: contract.TtsStop, Reason: new("user")}
	if id != "" {
		c.ID = &id
	}
	s.noteOwn(ctx, c, "")
	if id == "" {
		return s.bus.Publish(ctx, c)
	}
	return errors.Join(s.bus.Publish(ctx, c), s.bus.Publish(ctx, contract.LLMCancel{ID: id}))
}

// passMicAudio publishes what the microphone of p records. An empty frame ends the
// stream.
func (s *Server) passMicAudio(ctx context.Context, p *page, pcm []byte) error {
	if len(pcm) == 0 {
		return s.endMicStream(ctx, p)
	}
	if !p.streaming {
		p.streaming, p.seq = true, 0
		s.pages.markUsed(p)
	}
	if !p.budget.chunks.allow() || !p.budget.samples.take(float64(len(pcm)/2)) {
		p.seq++ // so that receivers see the gap
		return s.refuse(p, "mic", "", "The microphone sends faster than anybody speaks. Some of it was not heard.")
	}
	a := contract.MicAudio{Source: p.room, Seq: p.seq, Rate: contract.AudioRate, PCM: pcm}
	took := time.Duration(len(pcm)/2) * time.Second / contract.AudioRate
	a.TS = float64(time.Now().Add(-took).UnixMicro()) / 1e6
	p.seq++ // also when this chunk is lost, so that receivers see the gap
	s.noteOwn(ctx, a, "")
	err := s.bus.Publish(ctx, a)
	if errors.Is(err, kit.ErrOffline) { // the page shows that there is no link, and the next chunk follows at once
		return nil
	}
	return err
}

// refuse tells the person at p why something has no effect, and returns the error for
// the log. For a typed text it tells each time, because the person waits for it; for
// other frames at most once in two seconds.
func (s *Server) refuse(p *page, what, id, why string) error {
	if what == "say" || p.budget.refusals.allow() {
		s.pages.Tell(p, refusalFrame(what, why, id))
	}
	return fmt.Errorf("%s refused: the page sends faster than it may", what)
}

// endMicStream publishes the end of the microphone's stream, if one is open.
func (s *Server) endMicStream(ctx context.Context, p *page) error {
	if !p.streaming {
		return nil
	}
	p.streaming = false
	return s.bus.Publish(ctx, contract.MicAudio{Source: p.room, Seq: p.seq, Rate: contract.AudioRate})
}
