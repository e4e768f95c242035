package eval

import (
	"context"
	"fmt"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/room"
	"github.com/gotars/tars/services/stt/vad"
	"github.com/gotars/tars/speech/pcm"
)

// Silence is a silence in a turn, or the one behind it, and what could be known in it.
type Silence struct {
	File     string
	At       float64 // seconds of the clip
	Length   float64 // seconds; 0: the turn is over
	Said     string  // the whole turn
	Text     string  // what the engine made of it so far
	Lang     string
	Reading  float64  // seconds that the engine took
	Finished *float64 // probability that the turn is over by its sound
}

// IsEnd reports whether the turn is over.
func (s Silence) IsEnd() bool { return s.Length == 0 }

// hangover is the silence after which speech has ended, as in the settings of stt.
const hangover = 260 * time.Millisecond

// silences finds the silences of turns. They are read by the engine as fast as it goes.
func (e *Evaluation) silences(ctx context.Context, clips []Clip) (all []Silence, err error) {
	for i, clip := range clips {
		samples, err := e.corpus.Samples(clip)
		if err != nil {
			return nil, err
		}
		tone := roomTone(uint64(i))
		for range afterSpeech {
			samples = append(samples, tone())
		}
		found, err := e.silencesOf(ctx, clip, room.Encode(samples))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", clip.File, err)
		}
		all = append(all, found...)
		fmt.Fprintf(e.progress, "\rturns: %d of %d ", i+1, len(clips))
	}
	fmt.Fprintln(e.progress)
	return all, nil
}

func (e *Evaluation) silencesOf(ctx context.Context, clip Clip, sound []byte) (all []Silence, err error) {
	s := vad.NewSegmenter(vad.Segmentation{
		PreRoll: 400 * time.Millisecond, MinSpeech: 120 * time.Millisecond, Hangover: hangover, Endpoint: time.Minute, Longest: 2 * time.Minute,
	}, e.detector())
	const lead = pcm.BytesPerSecond // a second of silence to learn the room
	sound = append(make([]byte, lead), sound...)
	for ; len(sound) >= vad.FrameBytes; sound = sound[vad.FrameBytes:] {
		for _, ev := range s.Hear(-1, sound[:vad.FrameBytes]) {
			at := (ev.At - time.Second - hangover).Seconds() // where the silence began
			switch {
			case ev.Edge == vad.Started && len(all) > 0 && all[len(all)-1].Length == 0:
				begun := at + hangover.Seconds() - 0.12 // it is known after this much voice
				all[len(all)-1].Length = begun - all[len(all)-1].At
			case ev.Edge == vad.Ended && len(ev.Audio) > 0:
				one := Silence{File: clip.File, At: at, Said: clip.Text, Lang: clip.Lang}
				begun := time.Now()
				if one.Text, err = e.transcribe(ctx, ev.Audio); err != nil {
					return nil, err
				}
				one.Reading = time.Since(begun).Seconds()
				if e.finished != nil {
					p, err := e.finished(ev.Audio[max(0, len(ev.Audio)-8*pcm.BytesPerSecond):])
					if err != nil {
						return nil, err
					}
					one.Finished = &p
				}
				all = append(all, one)
			}
		}
	}
	for i := range all { // the labels know better than the detector
		for _, p := range clip.Pauses {
			if all[i].At >= p.From-0.1 && all[i].At <= p.To {
				all[i].Length = p.Length()
			}
		}
		if all[i].At >= clip.End-0.15 {
			all[i].Length = 0
		}
	}
	return all, nil
}

// Rule decides after how much silence a turn is over.
type Rule struct {
	Name string
	Wait func(Silence) time.Duration
}

// Point is what a rule does with the silences of a corpus.
type Point struct {
	Rule         string
	Pauses       int // silences inside of turns
	CutOffs      int // that it took for the end
	Short        int // pauses of 0.75 to 0.85 s
	ShortCutOffs int // that it took for the end
	Ends         int
	Mean         float64 // seconds from the last voiced sample to the end of the turn
	Median, P90  float64
}

// judge applies a rule to silences.
func judge(rule Rule, silences []Silence) Point {
	p := Point{Rule: rule.Name}
	var waits []float64
	for _, s := range silences {
		wait := rule.Wait(s).Seconds()
		if s.IsEnd() {
			waits = append(waits, wait)
			p.Mean += wait
			continue
		}
		p.Pauses++
		short := s.Length >= 0.75 && s.Length <= 0.85
		if short {
			p.Short++
		}
		if wait < s.Length {
			p.CutOffs++
			if short {
				p.ShortCutOffs++
			}
		}
	}
	p.Ends = len(waits)
	p.Mean /= max(1, float64(p.Ends))
	p.Median, p.P90 = percentile(waits, 0.5), percentile(waits, 0.9)
	return p
}

// peers are rules of others.
func peers() (rules []Rule) {
	for _, tenths := range []int{3, 4, 5, 6, 7, 8, 10, 12, 15} {
		fixed := time.Duration(tenths) * 100 * time.Millisecond
		rules = append(rules, Rule{fmt.Sprintf("fixed %.1f s", fixed.Seconds()), func(Silence) time.Duration { return fixed }})
	}
	for _, least := range []float64{0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98} {
		rules = append(rules, smartTurnAlone(least))
	}
	return rules
}

// Smart Turn is asked after 0.2 s of silence, takes 0.1 s, and who does not get a yes
// waits for a second, as its makers' programs do in some form.
const (
	smartTurnWait     = 300 * time.Millisecond
	smartTurnFallback = time.Second
)

func smartTurnAlone(least float64) Rule {
	return Rule{fmt.Sprintf("Smart Turn alone > %.2f", least), func(s Silence) time.Duration {
		if s.Finished != nil && *s.Finished > least {
			return smartTurnWait
		}
		return smartTurnFallback
	}}
}
