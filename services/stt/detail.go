package stt

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/stt/turnend"
	"github.com/gotars/tars/services/stt/vad"
)

// pauseNote is what a pause of an utterance was taken for. Its times are of the source's
// audio.
type pauseNote struct {
	from, to time.Duration
	pause    turnend.Pause // as it was judged last
	wait     time.Duration
	ended    bool // the turn ended in it
}

// pauseLog keeps the pauses of the utterance that is being heard.
type pauseLog struct {
	all  []pauseNote
	open bool // the last one goes on
}

// begin notes that nobody speaks since a time.
func (l *pauseLog) begin(since time.Duration) {
	if l.open || len(l.all) == contract.DetailPauses {
		return
	}
	l.all, l.open = append(l.all, pauseNote{from: since}), true
}

// judge notes what the pause is taken for.
func (l *pauseLog) judge(p turnend.Pause, wait time.Duration) {
	if l.open {
		n := &l.all[len(l.all)-1]
		n.pause, n.wait = p, wait
	}
}

// end notes that the pause is over: somebody went on, or the turn ended.
func (l *pauseLog) end(at time.Duration, ended bool) {
	if l.open {
		n := &l.all[len(l.all)-1]
		n.to, n.ended, l.open = at, ended, false
	}
}

// take returns the pauses and forgets them.
func (l *pauseLog) take() []pauseNote {
	all := l.all
	*l = pauseLog{}
	return all
}

// heardDetail is how the sound of an utterance was heard.
type heardDetail struct {
	begun  time.Time     // by the clock of its audio
	offset time.Duration // of its begin, of the source's audio
	levels []float64     // of each frame
	voices []bool        // whether a frame holds voice
	pauses []pauseNote

	read     time.Time // the recogniser began to write its text; zero: it did not
	readTook time.Duration
	wrote    string // by the recogniser
}

// detailOf is the detail of the utterance that v completes.
func (e *audioSource) detailOf(v vad.Event) heardDetail {
	return heardDetail{begun: e.clock.at(v.Begun), offset: v.Begun, levels: v.Levels, voices: v.Voices, pauses: e.pauseLog.take()}
}

// publishDetail publishes how u was heard, for who wants to know why. Nobody waits for it.
func (s *Service) publishDetail(ctx context.Context, u utterance) {
	d := u.detail
	if len(d.levels) == 0 {
		return
	}
	m := contract.SpeechDetail{UttID: u.id, Begun: unixSeconds(d.begun), Voice: voicedSpans(d.voices), Pauses: []contract.SpeechPause{}}
	m.Levels, m.StepMS = levelSteps(d.levels)
	for _, p := range d.pauses {
		m.Pauses = append(m.Pauses, p.message(d.offset))
	}
	if !d.read.IsZero() {
		from := d.read.Sub(d.begun).Seconds()
		m.Text, m.Read = new(beginOf(d.wrote)), &contract.SpeechSpan{From: round3(from), To: round3(from + d.readTook.Seconds())}
	}
	if err := s.bus.Publish(ctx, m); err != nil && !errors.Is(err, kit.ErrOffline) {
		s.log.DebugContext(ctx, "detail of an utterance not published", "id", u.id, "err", err)
	}
}

// message is the pause with times of the utterance, which begins at an offset of the
// source's audio.
func (n pauseNote) message(offset time.Duration) contract.SpeechPause {
	m := contract.SpeechPause{From: round3((n.from - offset).Seconds()), To: round3((n.to - offset).Seconds()), Wait: round3(n.wait.Seconds()), Ended: n.ended}
	if p := n.pause; p.TextKnown {
		m.Over, m.Text = new(round3(p.Likelihood())), new(beginOf(p.Text))
	}
	if p := n.pause; p.FinishedKnown && !math.IsNaN(p.Finished) {
		m.Sound = new(round3(min(1, max(0, p.Finished))))
	}
	return m
}

// levelSteps are the levels of frames, at most as many as a detail has, and how many
// milliseconds each stands for: the loudest frame of each step.
func levelSteps(frames []float64) (levels []int, stepMS float64) {
	per := (len(frames) + contract.DetailLevels - 1) / contract.DetailLevels
	for from := 0; from < len(frames); from += per {
		loudest := 1.0 // the least step of 16 bits
		for _, l := range frames[from:min(len(frames), from+per)] {
			loudest = max(loudest, l)
		}
		levels = append(levels, int(math.Round(20*math.Log10(loudest))))
	}
	return levels, float64(per) * float64(vad.FrameDuration.Milliseconds())
}

// voicedSpans are the stretches with a voice. Frames without one between them, as short
// as the gap in a word, belong to them.
func voicedSpans(voices []bool) []contract.SpeechSpan {
	const gap = 0.06 // seconds: a plosive
	all, frame := []contract.SpeechSpan{}, vad.FrameDuration.Seconds()
	for i, voiced := range voices {
		from := float64(i) * frame
		switch n := len(all); {
		case !voiced:
		case n > 0 && from-all[n-1].To <= gap:
			all[n-1].To = round3(from + frame)
		default:
			all = append(all, contract.SpeechSpan{From: round3(from), To: round3(from + frame)})
		}
	}
	return all
}

func beginOf(text string) string {
	if r := []rune(text); len(r) > contract.DetailText {
		return string(r[:contract.DetailText])
	}
	return text
}

// round3 rounds to milliseconds, or to thousandths.
func round3(x float64) float64 { return math.Round(1000*x) / 1000 }
