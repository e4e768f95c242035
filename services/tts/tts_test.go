package tts_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/tts"
	"github.com/gotars/tars/services/tts/engine"
)

// talker is an engine that takes 100 ms to begin a sentence and says a word in
// 200 ms. It makes nothing of a sentence with "fail" in it, and breaks at the word "break".
type talker struct {
	mu   *sync.Mutex
	made *[]string
}

func (e talker) Synthesize(ctx context.Context, l engine.Line) iter.Seq2[engine.Chunk, error] {
	return func(yield func(engine.Chunk, error) bool) {
		select {
		case <-time.After(100 * ms):
		case <-ctx.Done():
			yield(engine.Chunk{}, context.Cause(ctx))
			return
		}
		e.mu.Lock()
		*e.made = append(*e.made, l.Text)
		e.mu.Unlock()
		if strings.Contains(l.Text, "silent") {
			yield(engine.Chunk{}, fmt.Errorf("try: %w", engine.ErrNone))
			return
		}
		if strings.Contains(l.Text, "fail") {
			yield(engine.Chunk{}, errors.New("out of breath"))
			return
		}
		for _, word := range strings.Fields(l.Text) {
			if word == "break" {
				yield(engine.Chunk{}, errors.New("out of breath"))
				return
			}
			c := ramp(200*ms, 16000)
			c.Kept = strings.Contains(l.Text, "kept")
			if !yield(c, nil) {
				return
			}
		}
	}
}

// stage is a bench with a voice on it and everything it does.
type stage struct {
	*kittest.Harness
	begun  time.Time
	made   []string // sentences the engine made
	status *kittest.Watcher[contract.TtsStatus]
	audio  *kittest.Watcher[contract.SpeakerAudio]
	health *kittest.Watcher[contract.HealthPing]
}

func perform(t *testing.T, name string, f func(*testing.T, *stage), settings ...string) {
	t.Helper()
	s := &stage{}
	kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
		s.Harness, s.made = b, nil
		s.status, s.audio, s.health = kittest.Watch[contract.TtsStatus](b), kittest.Watch[contract.SpeakerAudio](b), kittest.Watch[contract.HealthPing](b)
		for _, set := range settings {
			k, v, _ := strings.Cut(set, "=")
			t.Setenv(k, v)
		}
		b.Add(t, tts.Module.With(fx.Replace(fx.Annotate(talker{new(sync.Mutex), &s.made}, fx.As(new(engine.Synthesizer))))))
		s.begun = time.Now()
		f(t, s)
	})
}

// say has utt say text.
func (s *stage) say(t *testing.T, utt, text string) {
	t.Helper()
	m := contract.TtsSay{Text: text}
	if utt != "" {
		m.UttID = &utt
	}
	s.Publish(t, m)
}

func (s *stage) control(t *testing.T, action, id string) {
	t.Helper()
	c := contract.TtsControl{Action: action, Reason: new("test")}
	if id != "" {
		c.ID = &id
	}
	s.Publish(t, c)
}

// story is what the voice told so far, as "u1 speaking_start Hello".
func (s *stage) story(t *testing.T) string {
	t.Helper()
	s.Settle()
	var all []string
	for _, m := range s.status.All() {
		line := m.Event
		if m.UttID != nil {
			line = *m.UttID + " " + line
		}
		if m.Text != "" {
			line += " " + m.Text
		}
		if m.Reason != nil {
			line += " (" + *m.Reason + ")"
		}
		all = append(all, line)
	}
	return strings.Join(all, "\n")
}

func (s *stage) heard() (d time.Duration) {
	for _, a := range s.audio.All() {
		d += engine.Chunk{Rate: a.Rate, PCM: a.PCM}.Duration()
	}
	return d
}

func expect(t *testing.T, s *stage, want ...string) {
	t.Helper()
	if got := s.story(t); got != strings.Join(want, "\n") {
		t.Errorf("the voice told:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

// A stop ends all lines that were sent before it, also those that the broker
// still holds, and none that was sent after it.
func TestStopEndsABacklog(t *testing.T) {
	perform(t, "of more lines than the broker may send at once", func(t *testing.T, s *stage) {
		for i := range 3000 {
			s.say(t, fmt.Sprint("u", i%7), "word")
		}
		s.control(t, contract.TtsStop, "")
		s.say(t, "next", "silence ended")
		time.Sleep(time.Minute)
		s.Settle()
		if n := len(s.made); n > 3 || n == 0 || s.made[n-1] != "silence ended" {
			t.Errorf("after the stop the engine made %d lines, the last of them %q", n, s.made[max(0, n-3):])
		}
	}, "TTS_MQTT_INFLIGHT=4")
}

func TestSpeech(t *testing.T) {
	perform(t, "lines are said one after the other", func(t *testing.T, s *stage) {
		s.say(t, "u1", "one two three four five")
		s.say(t, "u1", "six seven")
		s.say(t, "u2", "**eight**")
		time.Sleep(3 * time.Second)
		expect(t, s,
			"u1 speaking_start one two three four five", "u1 speaking_end one two three four five",
			"u1 speaking_start six seven", "u1 speaking_end six seven",
			"u2 speaking_start **eight**", "u2 speaking_end **eight**")
		if got := strings.Join(s.made, "|"); got != "one two three four five|six seven|eight" {
			t.Errorf("the engine said %s", got)
		}
	})
	perform(t, "the first sentence sounds while the others are made", func(t *testing.T, s *stage) {
		s.say(t, "u1", "One. Two three. Four.")
		first, _ := s.audio.Next(t)
		if took := time.Since(s.begun); took > 150*ms {
			t.Errorf("first audio after %v, want that of the first sentence", took)
		}
		last := first
		for !last.Last {
			last, _ = s.audio.Next(t)
		}
		expect(t, s, "u1 speaking_start One. Two three. Four.")
		time.Sleep(200 * ms)
		expect(t, s, "u1 speaking_end One. Two three. Four.")
	})
	perform(t, "there is no gap between lines", func(t *testing.T, s *stage) {
		for range 5 {
			s.say(t, "u1", "one two three")
		}
		at, sent := time.Time{}, time.Duration(0)
		for sent < 3*time.Second {
			a, _ := s.audio.Next(t)
			if at.IsZero() {
				at = time.Now()
			}
			if late := time.Since(at) - sent; late > 0 {
				t.Errorf("audio came %v after the last of it was over", late)
			}
			sent += engine.Chunk{Rate: a.Rate, PCM: a.PCM}.Duration()
			if ahead := sent - time.Since(at); ahead > 301*ms {
				t.Errorf("audio is %v ahead", ahead)
			}
		}
	})
	perform(t, "audio names its say and goes where it was asked", func(t *testing.T, s *stage) {
		for _, room := range []string{"", "web-3f2a", "kitchen", "office"} {
			ctx := kit.WithBaggage(t.Context(), "room", room)
			m := contract.TtsSay{Text: "hi", UttID: new("u-" + room)}
			m.MessageID = "m-" + room
			if err := s.Bus.Publish(ctx, m); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(3 * time.Second)
		s.Settle()
		var got []string
		for _, a := range s.audio.All() {
			if got = append(got, fmt.Sprintf("%s %s %s %d %v %d", a.Sink, a.UttID, a.Say, a.Seq, a.Last, a.Rate)); a.Seq > 0 {
				got = got[:len(got)-1]
			}
		}
		slices.Sort(got) // speakers hear their lines at the same time
		want := []string{"kitchen u-kitchen m-kitchen 0 false 16000", "page u- m- 0 false 16000", "page u-office m-office 0 false 16000", "web-3f2a u-web-3f2a m-web-3f2a 0 false 16000"}
		if !slices.Equal(got, want) {
			t.Errorf("first chunks\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}, "TTS_SINKS=kitchen,hall")
	perform(t, "flags of the say are those of its status", func(t *testing.T, s *stage) {
		s.Publish(t, contract.TtsSay{Text: "yes", WakeAck: new(true)})
		m, meta := s.status.Next(t)
		if m.WakeAck == nil || !*m.WakeAck || m.SystemAnnounce == nil || *m.SystemAnnounce || m.UttID != nil || meta.Source != "tars-tts" {
			t.Errorf("status %+v from %s", m, meta.Source)
		}
	})
	perform(t, "the chain of the say goes on", func(t *testing.T, s *stage) {
		ctx := kit.WithBaggage(t.Context(), "room", "web-1")
		if err := s.Bus.Publish(ctx, contract.TtsSay{Text: "yes"}, kit.ID("chain")); err != nil {
			t.Fatal(err)
		}
		_, meta := s.status.Next(t)
		if meta.Trace != "chain" || meta.Baggage["room"] != "web-1" {
			t.Errorf("trace %q, baggage %v", meta.Trace, meta.Baggage)
		}
	})
}

func TestWhatCannotBeSaidEndsAsWell(t *testing.T) {
	perform(t, "nothing to say", func(t *testing.T, s *stage) {
		s.say(t, "u1", "🎉")
		s.say(t, "u1", "hello")
		time.Sleep(time.Second)
		expect(t, s, "u1 speaking_start 🎉 (nothing to say)", "u1 speaking_end 🎉 (nothing to say)", "u1 speaking_start hello", "u1 speaking_end hello")
	})
	perform(t, "an engine that fails at once", func(t *testing.T, s *stage) {
		s.say(t, "u1", "fail")
		s.say(t, "u1", "hello")
		time.Sleep(time.Second)
		expect(t, s, "u1 speaking_start fail (failed)", "u1 speaking_end fail (failed)", "u1 speaking_start hello", "u1 speaking_end hello")
	})
	perform(t, "no voice is installed, and what is said is read on the page", func(t *testing.T, s *stage) {
		heard := kittest.Watch[contract.SpeechHeard](s.Harness)
		s.say(t, "u1", "silent")
		time.Sleep(time.Second)
		expect(t, s, "u1 speaking_start silent (no voice)", "u1 speaking_end silent (no voice)")
		heard.None(t)
	})
	perform(t, "an engine that fails later", func(t *testing.T, s *stage) {
		s.say(t, "u1", "Hello. Now fail.")
		time.Sleep(2 * time.Second)
		expect(t, s, "u1 speaking_start Hello. Now fail.", "u1 speaking_end Hello. Now fail. (failed)")
		if got := s.heard(); got != 200*ms {
			t.Errorf("%v were heard, want the first sentence, 200ms", got)
		}
	})
	perform(t, "health tells of it until a line succeeds", func(t *testing.T, s *stage) {
		s.say(t, "u1", "fail")
		time.Sleep(6 * time.Second)
		s.say(t, "u1", "kept") // which needs no engine
		time.Sleep(6 * time.Second)
		told := s.health.All()
		if last := told[len(told)-1]; last.OK {
			t.Error("what was kept is taken for an engine that works")
		}
		s.say(t, "u1", "kept. Hello")
		time.Sleep(6 * time.Second)
		var got []string
		for _, h := range append(told, s.health.All()...) {
			if h.Name == "tars-tts" {
				got = append(got, fmt.Sprint(*h.Event, " ", h.OK))
			}
		}
		if want := []string{"ready true", "degraded false", "ready true"}; !slices.Equal(got, want) {
			t.Errorf("health %q, want %q", got, want)
		}
	})
	perform(t, "the service stops", func(t *testing.T, s *stage) {
		s.say(t, "u1", "one two three four five six seven eight nine ten")
		time.Sleep(time.Second)
		begun := time.Now()
		s.Stop(t, "tts")
		if took := time.Since(begun); took > time.Second {
			t.Errorf("stopping took %v", took)
		}
		expect(t, s, "u1 speaking_start one two three four five six seven eight nine ten",
			"u1 speaking_end one two three four five six seven eight nine ten (shutdown)")
	})
}
