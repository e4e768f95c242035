package tts_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/gotars/tars/services/tts"
	"github.com/gotars/tars/services/tts/engine"
	"github.com/gotars/tars/test/sound"
)

const ms = time.Millisecond

// ramp is d of audio of which no two samples are alike.
func ramp(d time.Duration, rate int) engine.Chunk {
	return engine.Chunk{Rate: rate, PCM: sound.Ramp(d, rate)}
}

// player listens to a pacer. Time passes in steps of a millisecond.
type player struct {
	t      *testing.T
	now    time.Time
	pacer  tts.Pacer
	pcm    []byte
	heard  time.Duration // of pcm, by the time that passed
	sent   time.Duration
	pieces []tts.Piece
	gap    time.Duration // time in which there was nothing to hear
}

// pass lets time pass, in which what is due is sent and what was sent is heard.
func (p *player) pass(d time.Duration) *player {
	for range d / ms {
		for {
			piece, ok := p.pacer.Next(p.now)
			if !ok {
				break
			}
			if n := len(piece.PCM); n > 8<<10 || piece.Duration() > 100*ms {
				p.t.Errorf("a piece of %d bytes, %v", n, piece.Duration())
			}
			p.pieces, p.pcm, p.sent = append(p.pieces, piece), append(p.pcm, piece.PCM...), p.sent+piece.Duration()
			if ahead := p.sent - p.heard; ahead > 300*ms {
				p.t.Errorf("%v is sent ahead", ahead)
			}
		}
		p.now = p.now.Add(ms)
		if !p.pacer.Held() {
			if p.sent > p.heard {
				p.heard += ms
			} else if len(p.pieces) > 0 {
				p.gap += ms
			}
		}
	}
	return p
}

func TestAudioGoesOutInRealTime(t *testing.T) {
	for name, rate := range map[string]int{"16 kHz": 16000, "22 kHz": 22050, "48 kHz": 48000} {
		t.Run(name, func(t *testing.T) {
			p := player{t: t, now: time.Unix(0, 0)}
			want := ramp(2*time.Second, rate)
			p.pacer.Add(engine.Chunk{Rate: rate, PCM: bytes.Clone(want.PCM)})
			p.pacer.End()
			if d, ok := p.pacer.Wait(p.now); d != 0 || !ok {
				t.Errorf("the first piece waits %v, %v", d, ok)
			}
			done := time.Duration(0)
			for ; !p.pacer.Done(p.now) && done < 5*time.Second; done += ms {
				p.pass(ms)
			}
			if !bytes.Equal(p.pcm, want.PCM) {
				t.Errorf("%d bytes went out, want the %d that came in", len(p.pcm), len(want.PCM))
			}
			if p.gap > 0 {
				t.Errorf("%v of silence", p.gap)
			}
			if done < 1700*ms || done > 2*time.Second {
				t.Errorf("done after %v, want a little before 2s: the last piece's sending and length", done)
			}
			for i, piece := range p.pieces {
				if piece.Seq != i || piece.Last != (i == len(p.pieces)-1) {
					t.Errorf("piece %d of %d has seq %d, last %v", i, len(p.pieces), piece.Seq, piece.Last)
				}
			}
		})
	}
}

func TestSmallChunksAreJoinedAndTheLastIsMarked(t *testing.T) {
	p := player{t: t, now: time.Unix(0, 0)}
	want := ramp(time.Second, 16000)
	for rest := want.PCM; len(rest) > 0; rest = rest[min(len(rest), 160):] { // 5ms, made twice as fast as it is heard
		p.pacer.Add(engine.Chunk{Rate: 16000, PCM: bytes.Clone(rest[:min(len(rest), 160)])})
		if len(rest)%320 == 0 {
			p.pass(5 * ms)
		}
	}
	p.pass(300 * ms)
	p.pacer.End()
	p.pass(190 * ms)
	if !bytes.Equal(p.pcm, want.PCM) {
		t.Errorf("%d bytes went out, want the %d that came in", len(p.pcm), len(want.PCM))
	}
	if n := len(p.pieces); n > 30 || !p.pieces[n-1].Last || p.pieces[n-2].Last {
		t.Errorf("%d pieces for a second, the last one is %+v", n, p.pieces[n-1].Last)
	}
	if p.gap > 0 {
		t.Errorf("%v of silence", p.gap)
	}
}

func TestAPauseKeepsThePosition(t *testing.T) {
	for name, forgets := range map[string]bool{"a sink that holds": false, "a sink that forgets": true} {
		t.Run(name, func(t *testing.T) {
			p := player{t: t, now: time.Unix(0, 0)}
			want := ramp(2*time.Second, 16000)
			p.pacer.Add(engine.Chunk{Rate: 16000, PCM: bytes.Clone(want.PCM)})
			p.pacer.End()
			p.pass(730 * ms)
			p.pacer.Hold(p.now)
			before := len(p.pieces)
			p.pass(10 * time.Second)
			if len(p.pieces) != before || p.pacer.Done(p.now) {
				t.Error("audio went out while it was held")
			}
			if forgets {
				p.pacer.Rewind()
				n := int(p.heard.Seconds()*16000) * 2
				p.pcm, p.sent = p.pcm[:n], p.heard
			}
			p.pacer.Release(p.now)
			p.pass(2 * time.Second)
			if !bytes.Equal(p.pcm, want.PCM) {
				t.Errorf("%d bytes were heard, want the %d that came in, in order", len(p.pcm), len(want.PCM))
			}
			if !p.pacer.Done(p.now) {
				t.Error("not done")
			}
		})
	}
}

func TestLateAudioGoesOutAtOnce(t *testing.T) {
	p := player{t: t, now: time.Unix(0, 0)}
	p.pacer.Add(ramp(500*ms, 16000))
	p.pass(2 * time.Second)
	p.pacer.Add(ramp(500*ms, 24000))
	p.pacer.End()
	sent := len(p.pieces)
	p.pass(ms)
	if got := len(p.pieces) - sent; got != 3 {
		t.Errorf("%d pieces went out at once, want 3, which is 300ms", got)
	}
	p.pass(time.Second)
	if !p.pacer.Done(p.now) || p.sent != time.Second {
		t.Errorf("done is %v after %v of 1s", p.pacer.Done(p.now), p.sent)
	}
}

func TestSpeechWithoutAudioIsDone(t *testing.T) {
	var p tts.Pacer
	now := time.Unix(0, 0)
	if _, ok := p.Wait(now); ok || p.Done(now) {
		t.Error("done before it ended")
	}
	p.End()
	if _, ok := p.Next(now); ok || !p.Done(now) {
		t.Error("not done")
	}
}
