package router

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

// toolTurn is a turn whose tools take long, with a voice that begins a while after it is asked
// for and takes its time.
type toolTurn struct {
	*household
	said    []string
	silence time.Duration // longest
	quiet   time.Time     // since when nothing is heard
}

// The voice of a toolTurn: what a small model on a slow machine needs to begin, and how long
// a short sentence is.
const (
	voiceBegins = 200 * time.Millisecond
	voiceTakes  = 800 * time.Millisecond
)

// run lets d pass, in which tools go on and llm tells so every three seconds.
func (h *toolTurn) run(d time.Duration, tools int) {
	var told time.Time
	for end := h.now.Add(d); h.now.Before(end); {
		if h.now.Sub(told) >= 3*time.Second {
			told = h.now
			h.take(h.c.working(contract.LLMProgress{ID: h.asks[len(h.asks)-1].ID, State: contract.LLMThinking, Tools: tools}, h.now))
		}
		h.speakNext()
		h.pass(tickEvery)
	}
}

// speakNext has the voice say what it was asked for last.
func (h *toolTurn) speakNext() {
	i := slices.IndexFunc(h.log, func(s string) bool { return strings.HasPrefix(s, "say ") })
	if i < 0 {
		return
	}
	text := strings.TrimPrefix(h.log[i], "say ")
	h.log = nil
	h.pass(voiceBegins)
	h.silence = max(h.silence, h.now.Sub(h.quiet))
	h.status("hall", h.asks[len(h.asks)-1].ID, contract.TtsSpeakingStart, text)
	h.pass(voiceTakes)
	h.status("hall", h.asks[len(h.asks)-1].ID, contract.TtsSpeakingEnd, text)
	h.said, h.quiet = append(h.said, text), h.now
}

func newToolTurn(t *testing.T) *toolTurn {
	h := &toolTurn{household: newHousehold(t, func(c *Config) { c.Filler = "One moment.|Still at it.|Just a second." })}
	h.final("hall", "What is in my calendar?")
	h.pass(1200 * time.Millisecond)
	h.log, h.quiet = nil, h.now
	return h
}

// TestAToolTurnIsNeverSilentForLong has tools take twelve seconds, as four rounds may.
func TestAToolTurnIsNeverSilentForLong(t *testing.T) {
	h := newToolTurn(t)
	h.run(12*time.Second, 1)
	if h.silence > 1200*time.Millisecond+tickEvery {
		t.Errorf("it was silent for %s", h.silence)
	}
	if len(h.said) < 5 {
		t.Errorf("it said only %q", h.said)
	}
	if len(slices.Compact(slices.Clone(h.said))) != len(h.said) {
		t.Errorf("it repeats itself: %q", h.said)
	}
	h.speakNext()
	h.log = nil
	h.answer("You have none.")
	h.expect("say You have none.")
	h.says("hall", "You have none.", "")
	h.expect("done")
	h.pass(5 * time.Second)
	h.expect()
	for _, e := range h.c.rooms["hall"].history {
		if e.reply != "" && e.reply != "You have none." {
			t.Errorf("the history has %q", e.reply)
		}
	}
}

func TestFillersOfAToolTurn(t *testing.T) {
	tests := map[string]struct {
		happens   func(h *toolTurn)
		min, max  int
		turnsLeft int
	}{
		"are bounded":             {func(h *toolTurn) { h.run(90*time.Second, 1) }, maxToolFillers, maxToolFillers + 3, 1},
		"are rare without a tool": {func(h *toolTurn) { h.run(9*time.Second, 0) }, 1, 1, 1},
		"end when the turn is stopped": {func(h *toolTurn) {
			h.run(3*time.Second, 1)
			h.final("hall", "Stop.")
			h.log = nil
			h.pass(4 * time.Second)
		}, 1, 3, 0},
		"end when nobody tells of work any more": {func(h *toolTurn) {
			h.run(100*time.Millisecond, 1)
			for range 200 {
				h.speakNext()
				h.pass(tickEvery)
			}
		}, 2, 5, 1},
		"wait for the end of what is said": {func(h *toolTurn) {
			h.delta(1, "Let me look. And")
			h.run(2*time.Second, 1)
		}, 1, 3, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newToolTurn(t)
			tt.happens(h)
			if n := len(h.said); n < tt.min || n > tt.max {
				t.Errorf("%d were said, want %d to %d: %q", n, tt.min, tt.max, h.said)
			}
			if len(h.c.turns) != tt.turnsLeft {
				t.Errorf("%d turns go on, want %d", len(h.c.turns), tt.turnsLeft)
			}
		})
	}
}
