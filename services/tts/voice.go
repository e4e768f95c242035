package tts

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/services/tts/engine"
)

const (
	stopsFor       = 10 * time.Second // how long a stop ends what its answer is still sending
	maxAhead       = 10 * time.Second // audio of a line that is kept beyond what its channel holds
	maxChunksAhead = 64               // chunks that an engine may be ahead
)

// line is one say on its way to the speaker.
type line struct {
	at        time.Time // when it came
	say       contract.TtsSay
	sentences []string
	sink      string
	tell      func(msg.Message) error // publishes in the chain of the say

	chunks chan engine.Chunk // what the engine made; closed at the end; nil until it begins
	err    error             // why the engine ended early; read after chunks is closed
	made   bool              // the engine made some of it: not all was kept from earlier lines; as err
	cancel context.CancelFunc
	ended  bool // chunks is closed and empty
	pacer  Pacer
	paused bool // a status said so
}

func (l *line) utt() string { return answerOf(l.say) }

// is tells whether a control with this id means l.
func (l *line) is(id *string) bool { return id == nil || *id == l.utt() }

// voice is what the loop owns: the line that is spoken, the one that is made
// meanwhile, and those that wait. It is used by one goroutine.
type voice struct {
	engine  engine.Synthesizer
	program *Player
	sink    string // that the program plays
	log     *slog.Logger
	report  func(error) // nil: the last line went well

	now, next *line
	last      *line // that was spoken before now; nil after a stop
	queue     lineQueue
	muted     bool
	stops     map[string]*stop // by the utt_id that was stopped
	stopAll   stop             // the last one that named no answer
	cancelled []*line          // ended before they came here; the control that did it is still to come
	wg        sync.WaitGroup   // engines at work
}

// voice returns a silent voice.
func (s *Service) voice() (*voice, error) {
	v := &voice{engine: s.engine, sink: s.cfg.DefaultSink, log: s.log, stops: map[string]*stop{}}
	v.report = func(err error) {
		if err == nil {
			s.trouble.Store(nil)
			return
		}
		s.trouble.Store(&err)
	}
	var err error
	if s.cfg.Player != "" {
		v.program, err = NewPlayer(s.cfg.Player)
	}
	return v, err
}

// prepare lets the engine work: on what is to be said now, and once that is
// made on what comes next.
func (v *voice) prepare(ctx context.Context) {
	for {
		switch {
		case v.now == nil && v.next != nil:
			v.follow(v.next)
			v.next = nil
		case v.now == nil && len(v.queue.lines) > 0:
			v.follow(v.shift(ctx))
		case v.now != nil && v.now.ended && v.next == nil && len(v.queue.lines) > 0:
			v.next = v.shift(ctx)
		default:
			return
		}
	}
}

// follow makes l what is said now. Its speaker may still play what came before.
func (v *voice) follow(l *line) {
	v.now = l
	if v.last != nil && v.last.sink == l.sink {
		l.pacer.After(v.last.pacer.Over())
	}
}

// shift takes the line whose turn it is and begins to make it.
func (v *voice) shift(ctx context.Context) *line {
	l := v.queue.shift()
	l.chunks = make(chan engine.Chunk, maxChunksAhead)
	ctx, l.cancel = context.WithCancel(ctx)
	v.wg.Go(func() {
		defer close(l.chunks)
		l.err = v.make(ctx, l)
	})
	return l
}

// make has the engine say l.
func (v *voice) make(ctx context.Context, l *line) error {
	for _, sentence := range l.sentences {
		text := engine.Line{Text: sentence, Voice: orEmpty(l.say.Voice), Lang: orEmpty(l.say.Lang)}
		for c, err := range v.engine.Synthesize(ctx, text) {
			if err != nil {
				return err
			}
			l.made = l.made || !c.Kept
			select {
			case l.chunks <- c:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
	return nil
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// made is where the audio of the line comes from that is spoken now.
func (v *voice) made() <-chan engine.Chunk {
	if v.now == nil || v.now.ended || v.now.pacer.Waiting() > maxAhead {
		return nil
	}
	return v.now.chunks
}

// add takes audio, or its end.
func (v *voice) add(c engine.Chunk, more bool) {
	l := v.now
	if more {
		l.pacer.Add(c)
		return
	}
	l.ended = true
	l.pacer.End()
	if l.err != nil || l.made {
		v.report(l.err)
	}
	if l.err != nil {
		v.log.Error("line not made", "id", l.say.MessageID, "text_len", len(l.say.Text), "err", l.err)
	}
}

// due tells when send is to be called.
func (v *voice) due() <-chan time.Time {
	if v.now == nil {
		return nil
	}
	if wait, ok := v.now.pacer.Wait(time.Now()); ok {
		return time.After(wait)
	}
	return nil
}

// send hands over what is due.
func (v *voice) send() {
	l, now := v.now, time.Now()
	for p, ok := l.pacer.Next(now); ok; p, ok = l.pacer.Next(now) {
		if p.Seq == 0 {
			v.status(l, contract.TtsSpeakingStart, nil)
		}
		v.play(l, p)
	}
	if !l.pacer.Done(now) {
		return
	}
	var why *string
	switch {
	case l.err != nil:
		why = new("failed")
	case len(l.sentences) == 0:
		why = new("nothing to say")
	}
	v.end(why)
}

// play hands p to whoever plays it. Speech that finds no ear goes on: what it
// says is on the screen as well.
func (v *voice) play(l *line, p Piece) {
	var err error
	switch {
	case v.muted:
	case v.plays(l):
		err = v.program.Play(p.Chunk)
	default:
		err = l.tell(contract.SpeakerAudio{Sink: l.sink, UttID: l.utt(), Say: l.say.MessageID, Seq: p.Seq, Last: p.Last, Rate: p.Rate, PCM: p.PCM})
	}
	if err != nil && !errors.Is(err, kit.ErrOffline) {
		v.log.Warn("audio not played", "id", l.say.MessageID, "err", err)
	}
}

// plays tells whether the program plays l.
func (v *voice) plays(l *line) bool { return v.program != nil && l.sink == v.sink }

// end says that the line is over, and makes room for the next one. Who waits
// for the end of a line of which nothing was heard is told its start as well.
func (v *voice) end(why *string) {
	l := v.now
	if !l.pacer.Started() {
		v.status(l, contract.TtsSpeakingStart, why)
	}
	v.status(l, contract.TtsSpeakingEnd, why)
	v.now, v.last = nil, l
	l.cancel()
	if v.program != nil && v.next == nil && len(v.queue.lines) == 0 {
		v.program.Finish()
	}
}

// status tells what happens to l.
func (v *voice) status(l *line, event string, why *string) {
	m := contract.TtsStatus{Event: event, UttID: l.say.UttID, Reason: why}
	if event == contract.TtsSpeakingStart || event == contract.TtsSpeakingEnd {
		yes := func(b *bool) *bool { return new(b != nil && *b) }
		m.Text, m.WakeAck, m.SystemAnnounce = l.say.Text, yes(l.say.WakeAck), yes(l.say.SystemAnnounce)
	}
	if err := l.tell(m); err != nil && !errors.Is(err, kit.ErrOffline) {
		v.log.Warn("status not published", "id", l.say.MessageID, "err", err)
	}
}

// leave ends what is said because the service does.
func (v *voice) leave() {
	if v.now != nil && v.now.pacer.Started() {
		v.end(new("shutdown"))
	}
	for _, l := range []*line{v.now, v.next} {
		if l != nil {
			l.cancel()
		}
	}
	v.wg.Wait()
	if v.program != nil {
		v.program.Close()
	}
}
