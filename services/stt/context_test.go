package stt_test

import (
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/speech/pcm"
	"github.com/gotars/tars/test/sound"
)

// says has the assistant say a line in a room.
func (h *house) says(t *testing.T, room, text string, wakeAck bool) {
	t.Helper()
	for _, event := range []string{contract.TtsSpeakingStart, contract.TtsSpeakingEnd} {
		if err := h.Bus.Publish(kit.WithBaggage(t.Context(), "room", room), contract.TtsStatus{Event: event, Text: text, UttID: new("u"), WakeAck: &wakeAck}); err != nil {
			t.Fatal(err)
		}
	}
	h.Settle()
	time.Sleep(2 * time.Second)
}

func TestARecogniserIsToldWhatWasSaidBefore(t *testing.T) {
	tests := map[string]struct {
		before   func(*testing.T, *house)
		settings []string
		want     string
	}{
		"nothing was said": {want: "Hey Tars, what time is it?"},
		"a question and its answer": {before: func(t *testing.T, h *house) {
			h.ask(t, "kitchen", "where is Ann")
			h.says(t, "kitchen", "Ann is at home.", false)
			h.says(t, "kitchen", "She came at noon.", false)
		}, want: "Hey Tars. Where is Ann. Ann is at home. She came at noon."},
		"only the last question": {before: func(t *testing.T, h *house) {
			h.ask(t, "kitchen", "where is Ann")
			h.says(t, "kitchen", "Ann is at home.", false)
			h.ask(t, "kitchen", "and Bob?")
		}, want: "Hey Tars. And Bob?"},
		"an acknowledgement of the wake word": {before: func(t *testing.T, h *house) { h.says(t, "kitchen", "Hmm?", true) }, want: "Hey Tars, what time is it?"},
		"in another room": {before: func(t *testing.T, h *house) {
			h.ask(t, "office", "where is Ann")
			h.says(t, "office", "Ann is at home.", false)
		}, want: "Hey Tars, what time is it?"},
		"long ago": {before: func(t *testing.T, h *house) {
			h.ask(t, "kitchen", "where is Ann")
			time.Sleep(3 * time.Minute)
		}, want: "Hey Tars, what time is it?"},
		"a long answer, of which the end is told": {before: func(t *testing.T, h *house) {
			h.says(t, "kitchen", "It begins in the morning and goes on for a long time, over hills and through valleys, until at last it comes to the sea.", false)
		}, want: "Hey Tars. And goes on for a long time, over hills and through valleys, until at last it comes to the sea."},
		"another phrase": {settings: []string{"WAKE_PHRASES=hey jarvis|computer"}, want: "Hey Jarvis, what time is it?"},
		"a language of which no example is known": {settings: []string{"STT_LANG=fi"}},
		"no wake phrase": {before: func(t *testing.T, h *house) { h.ask(t, "kitchen", "where is Ann") },
			settings: []string{"STT_WAKE_PHRASES=|"}, want: "Where is Ann."},
		"it is turned off": {before: func(t *testing.T, h *house) { h.ask(t, "kitchen", "where is Ann") }, settings: []string{"STT_CONTEXT=no"}},
	}
	for name, tt := range tests {
		listen(t, name, func(t *testing.T, h *house) {
			if tt.before != nil {
				tt.before(t, h)
			}
			h.ask(t, "kitchen", "hello there")
			h.engine.mu.Lock()
			defer h.engine.mu.Unlock()
			if got := h.engine.told[len(h.engine.told)-1]; got != tt.want {
				t.Errorf("told %q, want %q", got, tt.want)
			}
		}, append([]string{"STT_PARTIALS=no"}, tt.settings...)...)
	}
}

// ask has somebody say text in a room.
func (h *house) ask(t *testing.T, room, text string) {
	t.Helper()
	h.engine.saying(text, 0.9)
	h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(time.Second).Silence(time.Second), room)
	h.Settle()
}

func TestWhatARecogniserWasToldIsNotHeard(t *testing.T) {
	tests := map[string]struct {
		text     string
		voice    time.Duration
		noSpeech float64
		want     []string // finals
	}{
		"its whole context in a moment of voice":               {"Hey Tars, what time is it?", 240 * ms, 0, nil},
		"its words in another order, again and again":          {"Time is it time. Hey, time. Hey, time.", 400 * ms, 0, nil},
		"its words, of which the model says that nobody spoke": {"What time is it?", 2 * time.Second, 0.5, nil},
		"a part of it": {"what time is it", 240 * ms, 0, nil},
		"the same words when somebody has spoken so long": {"Hey Tars, what time is it?", time.Second, 0.1, []string{"Hey Tars, what time is it?"}},
		"other words in a moment of voice":                {"lamp on", 240 * ms, 0.5, []string{"lamp on"}},
	}
	for name, tt := range tests {
		listen(t, name, func(t *testing.T, h *house) {
			h.engine.count(func() {
				h.engine.says = func(pcm.Audio) engine.Result {
					return engine.Result{Text: tt.text, Confidence: new(0.9), NoSpeech: tt.noSpeech}
				}
			})
			h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(tt.voice).Silence(time.Second), "kitchen")
			expectAll(t, "finals", h.texts(), tt.want...)
			if tt.want == nil {
				expectAll(t, "dropped", h.reasons(), "no_words")
			}
		})
	}
	listen(t, "a stop that was said before is heard again", func(t *testing.T, h *house) {
		h.ask(t, "kitchen", "stop")
		h.engine.saying("Stop.", 0.9)
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(140*ms).Silence(time.Second), "kitchen")
		expectAll(t, "finals", h.texts(), "stop", "Stop.")
	})
}
