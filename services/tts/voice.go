package tts

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/tts/engine"
	"github.com/gotars/tars/speech/pcm"
)

const (
	stopsFor       = 10 * time.Second // how long a stop ends what its answer is still sending
	maxAhead       = 10 * time.Second // audio of a line that is kept beyond what its channel holds
	maxChunksAhead = 64               // chunks that an engine may be ahead
	maxWorking     = 4                // lines that engines make at the same time; on two cores more would all come late
	maxSpeaking    = 16               // speakers that hear something at the same time; names of rooms can be made up
	mouthTTL       = time.Minute      // how long a speaker that hears nothing is remembered
)

// voice is what the loop owns: a mouth for each speaker, which speaks at the same
// time as the others. It is used by one goroutine.
type voice struct {
	engine  engine.Synthesizer
	program *Player
	sink    string                 // that the program plays
	owned   func(sink string) bool // sinks that do not lower the voice themselves
	log     *slog.Logger
	report  func(error) // nil: the last line went well

	mouths    []*mouth      // the one that began to speak longest ago is first
	waiting   int           // lines in their queues
	chunks    chan struct{} // capacity 1: an engine made something
	muted     bool
	stops     map[string]*stop // by the utt_id that was stopped
	stopAll   stop             // the last one that named no answer
	cancelled []*line          // ended before they came here; the control that did it is still to come
	wg        sync.WaitGroup   // engines at work
}

// voice returns a silent voice.
func (s *Service) voice() (*voice, error) {
	v := &voice{engine: s.engine, sink: s.cfg.DefaultSink, owned: s.ownsSink, log: s.log, stops: map[string]*stop{}, chunks: make(chan struct{}, 1)}
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

// mouthOf returns the mouth for a sink, and whether it had to be made.
func (v *voice) mouthOf(sink string) *mouth {
	for _, m := range v.mouths {
		if m.sink == sink {
			return m
		}
	}
	m := &mouth{sink: sink, gain: 1}
	v.mouths = append(v.mouths, m)
	return m
}

// prepare lets the engine work: for each speaker on what is to be said now, and once
// that is made on what comes next. A speaker that hears nothing comes before what is
// made in advance for another.
func (v *voice) prepare(ctx context.Context) {
	for _, m := range v.mouths {
		if m.now == nil && m.next != nil {
			m.follow(m.next)
			m.next = nil
		}
	}
	for v.working() < maxWorking {
		m, ahead := v.nextToMake()
		switch {
		case m == nil:
			return
		case ahead:
			m.next = v.shift(ctx, m)
		default:
			m.follow(v.shift(ctx, m))
			v.mouths = append(slices.DeleteFunc(v.mouths, func(x *mouth) bool { return x == m }), m)
		}
	}
}

// nextToMake returns the mouth for which a line is to be made next, and whether that
// is in advance. It is nil when there is none.
func (v *voice) nextToMake() (who *mouth, ahead bool) {
	speaking := 0
	for _, m := range v.mouths {
		if m.now != nil {
			speaking++
		}
	}
	for _, m := range v.mouths {
		if m.now == nil && len(m.queue) > 0 && speaking < maxSpeaking {
			return m, false
		}
	}
	for _, m := range v.mouths {
		if m.now != nil && m.now.ended && m.next == nil && len(m.queue) > 0 {
			return m, true
		}
	}
	return nil, false
}

// working is how many lines engines are making now. One of which enough is there
// for a while takes no time.
func (v *voice) working() (n int) {
	for _, m := range v.mouths {
		if m.now != nil && !m.now.ended && m.now.pacer.Waiting() <= maxAhead {
			n++
		}
		if m.next != nil && len(m.next.chunks) < cap(m.next.chunks) && !m.next.isMade() {
			n++
		}
	}
	return n
}

// forgetIdle forgets speakers that have had nothing to say for long.
func (v *voice) forgetIdle(now time.Time) {
	v.mouths = slices.DeleteFunc(v.mouths, func(m *mouth) bool {
		switch {
		case !m.idle():
			m.quietAt = time.Time{}
		case m.quietAt.IsZero():
			m.quietAt = now
		}
		return !m.quietAt.IsZero() && now.Sub(m.quietAt) >= mouthTTL
	})
}

// shift takes the next line of m and begins to make it.
func (v *voice) shift(ctx context.Context, m *mouth) *line {
	l := m.queue[0]
	m.queue = slices.Delete(m.queue, 0, 1)
	v.waiting--
	l.chunks = make(chan madeChunk, maxChunksAhead)
	l.complete = make(chan struct{})
	ctx, l.cancel = context.WithCancel(ctx)
	v.wg.Go(func() {
		defer v.wake()
		defer close(l.chunks)
		defer close(l.complete)
		l.err = v.make(ctx, l)
	})
	return l
}

// wake has the loop look what engines made.
func (v *voice) wake() {
	select {
	case v.chunks <- struct{}{}:
	default:
	}
}

// make has the engine say l.
func (v *voice) make(ctx context.Context, l *line) error {
	l.asked.Store(time.Now().UnixMicro())
	for i, sentence := range l.sentences {
		text := engine.Line{Text: sentence, Voice: orEmpty(l.say.Voice), Lang: orEmpty(l.say.Lang)}
		for c, err := range trimmed(v.engine.Synthesize(ctx, text), pauseAfter(sentence)) {
			if err != nil {
				l.failedAt = i
				return err
			}
			l.made = l.made || !c.Kept
			l.first.CompareAndSwap(0, time.Now().UnixMicro())
			select {
			case l.chunks <- madeChunk{c, i}:
				v.wake()
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

// listen takes what engines made, for speakers that do not have enough of it. It
// reports whether some line is made, so that the engine can go on with the next.
func (v *voice) listen() (made bool) {
	for _, m := range v.mouths {
		for m.now != nil && !m.now.ended && m.now.pacer.Waiting() <= maxAhead {
			c, more, some := m.now.receive()
			if !some {
				break
			}
			v.add(m.now, c, more)
			made = made || !more
		}
	}
	return made
}

// add takes audio, or its end.
func (v *voice) add(l *line, c madeChunk, more bool) {
	switch {
	case more && !l.replaced:
		l.note(c)
		l.pacer.Add(c.Chunk)
		return
	case more:
		return
	}
	l.ended = true
	l.pacer.End()
	if l.replaced { // and its engine was stopped
		return
	}
	if l.err != nil || l.made {
		v.report(l.err)
	}
	if l.err != nil {
		v.log.Error("line not made", "id", l.say.MessageID, "text_len", len(l.say.Text), "err", l.err)
	}
}

// due tells when send is to be called.
func (v *voice) due() <-chan time.Time {
	soonest, any := time.Duration(0), false
	for _, m := range v.mouths {
		if m.now == nil {
			continue
		}
		if wait, ok := m.now.pacer.Wait(time.Now()); ok && (!any || wait < soonest) {
			soonest, any = wait, true
		}
	}
	if !any {
		return nil
	}
	return time.After(soonest)
}

// send hands over what is due.
func (v *voice) send() {
	for _, m := range slices.Clone(v.mouths) {
		if m.now != nil {
			v.sendTo(m)
		}
	}
	v.forgetIdle(time.Now())
}

// sendTo hands over what is due for one speaker.
func (v *voice) sendTo(m *mouth) {
	l, now := m.now, time.Now()
	for p, ok := l.pacer.Next(now); ok; p, ok = l.pacer.Next(now) {
		if p.Seq == 0 {
			l.begunAt = now
			v.status(l, contract.TtsSpeakingStart, nil)
		}
		v.play(m, l, p)
	}
	if !l.pacer.Done(now) {
		return
	}
	var why *string
	switch {
	case l.replaced:
		why = new(replacedReason)
	case errors.Is(l.err, engine.ErrNone):
		why = new(contract.TtsNoVoice)
	case l.err != nil:
		why = new("failed")
	case len(l.sentences) == 0:
		why = new("nothing to say")
	}
	v.end(m, why)
}

// play hands p to whoever plays it. Speech that finds no ear goes on: what it
// says is on the screen as well.
func (v *voice) play(m *mouth, l *line, p Piece) {
	if gain := m.gain * l.volume; gain < 1 {
		p.PCM = pcm.Scale(p.PCM, gain)
	}
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
func (v *voice) end(m *mouth, why *string) {
	l := m.now
	if !l.pacer.Started() {
		v.status(l, contract.TtsSpeakingStart, why)
	}
	if unsaid := why != nil && *why != contract.TtsNoVoice; unsaid && len(l.sentences) > 0 { // who remembers what was said has to know that not all of it was
		v.tellHeard(l, l.pacer.sent) // its speaker plays what it has
	}
	v.tellDetail(l, why)
	v.status(l, contract.TtsSpeakingEnd, why)
	m.now, m.last = nil, l
	if l.cancel != nil { // the engine was asked for it
		l.cancel()
	}
	if v.plays(l) && m.idle() {
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

// tellHeard tells what was heard of l, which ends here, in the time that it was played. An acknowledgement or an
// announcement is no part of a conversation.
func (v *voice) tellHeard(l *line, played time.Duration) {
	if l.say.WakeAck != nil && *l.say.WakeAck || l.say.SystemAnnounce != nil && *l.say.SystemAnnounce {
		return
	}
	m := contract.SpeechHeard{UttID: l.say.UttID, Say: l.say.MessageID, Text: l.heard(played)}
	if err := l.tell(m); err != nil && !errors.Is(err, kit.ErrOffline) {
		v.log.Warn("what was heard not published", "id", l.say.MessageID, "err", err)
	}
}

// leave ends what is said because the service does.
func (v *voice) leave() {
	for _, m := range v.mouths {
		left := append([]*line{m.now, m.next}, m.queue...)
		m.next, m.queue = nil, nil
		for _, l := range left {
			if l != nil {
				m.now = l
				v.end(m, new("shutdown")) // nobody would wait for the end of those of which nothing was heard
			}
		}
	}
	v.wg.Wait()
	if v.program != nil {
		v.program.Close()
	}
}
