package eval

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/room"
	"github.com/gotars/tars/contract"
)

// Yield is what the assistant did when somebody made a sound while it spoke. Times are
// seconds after the first voiced sample.
type Yield struct {
	File, Kind, Text, Speaker string
	Echo                      float64  `json:",omitempty"` // share of the assistant's voice in the microphone
	Duck                      *float64 // its voice was lowered
	Silence                   *float64 // it was heard for the last time, when it was silenced for good
	Gap                       float64  // the longest silence in an answer that went on
	Whole                     bool     // the answer went on, at full voice
	Heard                     string   // what was understood; in brackets, what was not answered
	Story                     string   // what happened, in the order of seconds after the first voiced sample
	Typed                     *float64 `json:",omitempty"` // seconds from a typed stop to silence
}

const (
	answerTimeout = 20 * time.Second        // for the first sound of an answer
	verdictTime   = 4500 * time.Millisecond // after a clip, in which the assistant decides
	detailTime    = 200 * time.Millisecond  // after a verdict, in which its detail comes
	quietTime     = 600 * time.Millisecond  // without a sound, after which a room is idle
	minGap        = 60 * time.Millisecond   // shorter holes are not heard
)

// interruptOnce has the assistant tell a story, plays a clip into it, and looks at what
// happens. limit is how long it is watched after the clip.
func (e *Evaluation) interruptOnce(ctx context.Context, r *room.Room, clip Clip, story int) (y Yield, err error) {
	y = Yield{File: clip.File, Kind: clip.Kind, Text: clip.Text, Speaker: clip.Speaker}
	samples, err := e.corpus.Samples(clip)
	if err != nil {
		return y, err
	}
	asked := r.Now()
	turn, err := e.house.Type(ctx, r, fmt.Sprintf("%s %d", askStory, story))
	if err != nil {
		return y, err
	}
	utt, ok := e.awaitVoice(ctx, r, asked, seconds(1.2+1.3*rand.New(rand.NewPCG(uint64(story), 3)).Float64()))
	if !ok {
		return y, fmt.Errorf("room %s: no answer was heard within %s; what happened: %s", r.Name(), answerTimeout, storyOf(r.Since(max(0, asked-10*time.Second)), asked))
	}
	begun := r.Say(samples)
	voice := begun + seconds(clip.Begin)
	over := func(m any) bool { t, ok := m.(contract.TurnRecord); return ok && t.TurnID == turn }
	record, ended := r.Await(ctx, asked, seconds(clip.End-clip.Begin)+seconds(clip.Begin)+verdictTime, over)
	if left := begun + time.Duration(len(samples))*time.Second/room.Rate - r.Now(); left > 0 && !sleep(ctx, left) { // the clip is heard to its end
		return y, ctx.Err()
	}
	states := r.Played(voice)
	y.Duck = firstTime(states, func(s room.State) bool { return s.Gain < 0.3 || s.Held })
	interrupted := ended && record.Message.(contract.TurnRecord).Outcome == contract.TurnInterrupted
	held := !ended && len(states) > 0 && states[len(states)-1].Held // "wait" keeps the rest for later
	if interrupted || held && clip.Kind == KindStop {
		y.Silence = lastHeard(states, utt)
	} else {
		y.Gap = longestGap(states, utt)
		y.Whole = ended || !held && len(states) > 0 && states[len(states)-1].Gain > 0.9
	}
	if wasHeard(r, begun) {
		r.Await(ctx, begun+seconds(clip.Begin), verdictTime, isVerdict) // or it would be taken for what is said next
		r.Await(ctx, begun+seconds(clip.Begin), detailTime, isDetail)
	}
	y.Heard, y.Story = heardSince(r, begun), storyOf(r.Since(begun), voice)
	y.Typed, err = e.hush(ctx, r)
	return y, err
}

// wasHeard reports whether somebody was heard to speak from a time on.
func wasHeard(r *room.Room, from time.Duration) bool {
	return slices.ContainsFunc(r.Since(from), func(ev room.Event) bool {
		w, ok := ev.Message.(contract.WakeEvent)
		return ok && w.Type == contract.WakeEventSpeechStart
	})
}

// isVerdict reports whether a message says what was heard of somebody who spoke.
func isVerdict(message any) bool {
	switch message.(type) {
	case contract.FinalTranscript, contract.SpeechDropped:
		return true
	}
	return false
}

// isDetail reports whether a message says how something was heard.
func isDetail(message any) bool {
	_, is := message.(contract.SpeechDetail)
	return is
}

// awaitVoice waits until the assistant's voice was heard for a time.
func (e *Evaluation) awaitVoice(ctx context.Context, r *room.Room, from, heard time.Duration) (utt string, ok bool) {
	for r.Now() < from+answerTimeout && sleep(ctx, room.Frame) {
		states := r.Played(from)
		n := 0
		for _, s := range states {
			if s.Playing {
				n++
				utt = s.UttID
			}
		}
		if time.Duration(n)*room.Frame >= heard {
			return utt, true
		}
	}
	return "", false
}

// hush types stop, and waits until the room is idle. It returns the seconds until the
// voice was silent, if there was one.
func (e *Evaluation) hush(ctx context.Context, r *room.Room) (silent *float64, err error) {
	typed := r.Now()
	before := r.Played(max(0, typed-2*room.Frame))
	if _, err := e.house.Type(ctx, r, "stop"); err != nil {
		return nil, err
	}
	for idle := 0; idle < int(quietTime/room.Frame) && sleep(ctx, room.Frame); {
		states := r.Played(typed)
		idle = 0
		for _, s := range slices.Backward(states) {
			if s.Playing {
				break
			}
			idle++
		}
		if len(states) > int(10*time.Second/room.Frame) {
			return nil, fmt.Errorf("room %s: the voice goes on 10 s after a typed stop", r.Name())
		}
	}
	if len(before) > 0 && before[len(before)-1].Playing {
		silent = firstTime(r.Played(typed), func(s room.State) bool { return !s.Playing })
	}
	return silent, ctx.Err()
}

// firstTime is the time of the first frame for which is holds, in seconds; nil: none.
func firstTime(states []room.State, is func(room.State) bool) *float64 {
	i := slices.IndexFunc(states, is)
	if i < 0 {
		return nil
	}
	return new(float64(i) * room.Frame.Seconds())
}

// lastHeard is the end of the last frame in which utt was heard, in seconds.
func lastHeard(states []room.State, utt string) *float64 {
	last := 0
	for i, s := range states {
		if s.Playing && s.UttID == utt {
			last = i + 1
		}
	}
	return new(float64(last) * room.Frame.Seconds())
}

// longestGap is the longest silence between two sounds of utt, in seconds.
func longestGap(states []room.State, utt string) float64 {
	longest, run := 0, 0
	for _, s := range states {
		if run++; s.Playing && s.UttID == utt {
			longest, run = max(longest, run-1), 0
		}
	}
	return float64(longest) * room.Frame.Seconds()
}

// heardSince is what was understood in a room from a time on, and what was read but not
// answered, with the reason why.
func heardSince(r *room.Room, from time.Duration) string {
	var all []string
	wrote := map[string]string{}
	events := r.Since(from)
	for _, ev := range events {
		if d, ok := ev.Message.(contract.SpeechDetail); ok && d.Text != nil {
			wrote[d.UttID] = ": " + *d.Text
		}
	}
	for _, ev := range events {
		switch m := ev.Message.(type) {
		case contract.FinalTranscript:
			all = append(all, m.Text)
		case contract.SpeechDropped:
			all = append(all, "("+m.Reason+wrote[orEmpty(m.UttID)]+")")
		}
	}
	return strings.Join(all, " ")
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// storyOf is what happened in a room, in short, in seconds after a time. The sound itself
// is left out.
func storyOf(events []room.Event, start time.Duration) string {
	var all []string
	for _, ev := range events {
		what := strings.TrimPrefix(fmt.Sprintf("%T", ev.Message), "contract.")
		switch m := ev.Message.(type) {
		case contract.SpeakerAudio:
			continue
		case contract.SpeechDuck:
			what += fmt.Sprintf(" %v", m.On)
		case contract.SpeechDetail:
			what += fmt.Sprintf(" %q", orEmpty(m.Text))
		case contract.TtsStatus:
			what += " " + m.Event
		case contract.TtsControl:
			what += " " + m.Action
		case contract.WakeEvent:
			what += " " + m.Type
		case contract.FinalTranscript:
			what += fmt.Sprintf(" %q", m.Text)
		case contract.PartialTranscript:
			what += fmt.Sprintf(" %q", m.Text)
		case contract.TurnRecord:
			what += " " + m.Outcome
			if m.Reason != nil {
				what += " " + *m.Reason
			}
		case contract.SpeechDropped:
			what += " " + m.Reason
		case contract.LLMRequest:
			what += fmt.Sprintf(" %q", m.Text)
		case contract.LLMResponse:
			if m.Error != nil {
				what += " " + *m.Error
			}
		}
		all = append(all, fmt.Sprintf("%.2f %s", (ev.At-start).Seconds(), what))
	}
	return strings.Join(all, ", ")
}

// sleep waits, and reports false when ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// yields plays each of clips into the assistant's voice. echoes, if there are any, are
// the shares of its voice that the microphones of different rooms hear.
func (e *Evaluation) yields(ctx context.Context, name string, clips []Clip, echoes ...float64) (all []Yield, err error) {
	if len(echoes) == 0 {
		return e.yieldsIn(ctx, name, clips, 0)
	}
	for k, share := range echoes {
		some, err := e.yieldsIn(ctx, fmt.Sprintf("%s-%.0f", name, 100*share), clips[k*len(clips)/len(echoes):(k+1)*len(clips)/len(echoes)], share)
		if all = append(all, some...); err != nil {
			return all, err
		}
	}
	return all, nil
}

func (e *Evaluation) yieldsIn(ctx context.Context, name string, clips []Clip, share float64) ([]Yield, error) {
	all := make([]Yield, len(clips))
	err := e.inRooms(ctx, name, len(clips), func(ctx context.Context, r *room.Room, i int) (err error) {
		r.Echo(nil)
		if share > 0 {
			r.Echo(room.NewPath(pathOf(i, share)))
		}
		all[i], err = e.interruptOnce(ctx, r, clips[i], i)
		all[i].Echo = share
		return err
	})
	return all, err
}

// pathOf is the path of the i-th trial: late by 80 to 250 ms, dull, with reverberation,
// in a microphone that clips.
func pathOf(i int, share float64) room.PathSettings {
	random := rand.New(rand.NewPCG(uint64(i), 4))
	return room.PathSettings{
		Gain: share, Delay: seconds(0.08 + 0.17*random.Float64()), Reverb: seconds(0.2 + 0.4*random.Float64()),
		LowPass: 2500 + 3000*random.Float64(), Clip: 0.5, Seed: uint64(i),
	}
}
