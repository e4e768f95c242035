package router

import (
	"fmt"
	"testing"

	"github.com/gotars/tars/contract"
)

// probable is what somebody said who has probably finished. The next final is its own.
func (h *household) probable(room, text string) {
	p := contract.ProbableTranscript{Text: text, UttID: fmt.Sprint("utt", h.n+1), Over: 0.8}
	h.take(h.c.probable(p, origin{room: room}, h.now))
}

// timersAreThere lets the service of the timers be ready.
func (h *household) timersAreThere() {
	h.take(h.c.health(contract.HealthPing{Name: contract.TimerClient, OK: true}))
}

// timersAnswer has the timers answer the turn that goes on.
func (h *household) timersAnswer(text string) {
	for _, t := range h.c.turnsByAge() {
		h.take(h.c.timersAnswered(contract.TimerReply{Handled: text != "", Text: text}, t.cause, h.now))
	}
}

func TestTheModelIsAskedAheadOfTheEndOfATurn(t *testing.T) {
	const question = "what does a lighthouse keeper do all day"
	wakeMode := func(c *Config) { c.LiveModeDefault = false }
	tests := map[string]struct {
		change func(*Config)
		do     func(h *household)
		want   []string
	}{
		"and goes on when the turn is over": {nil, func(h *household) { h.probable("hall", question); h.final("hall", question) },
			[]string{"ahead " + question, "ask " + question}},
		"and is asked again for what was added, which takes the place of the first": {nil, func(h *household) {
			h.probable("hall", "what does a lighthouse keeper do")
			h.probable("hall", question)
			h.final("hall", question)
		}, []string{"ahead what does a lighthouse keeper do", "ahead " + question, "ask " + question}},
		"and forgets it when somebody goes on": {nil, func(h *household) {
			h.probable("hall", question)
			h.voice("hall")
			h.quiet("hall")
			h.final("hall", question+" long")
		},
			[]string{"ahead " + question, "withdraw", "ask " + question + " long"}},
		"and forgets it when it was nothing": {nil, func(h *household) { h.probable("hall", question); h.dropped("hall", "echo") },
			[]string{"ahead " + question, "withdraw"}},
		"and forgets it when the transcript is an order": {nil, func(h *household) { h.probable("hall", question); h.final("hall", "hello") },
			[]string{"ahead " + question, "say Hello! How can I help?", "withdraw"}},
		"and forgets it when the timers answer": {nil, func(h *household) {
			h.timersAreThere()
			h.probable("hall", "wake me at seven")
			h.final("hall", "wake me at seven")
			h.timersAnswer("Seven it is.")
		}, []string{"ahead wake me at seven", "", "withdraw", "say Seven it is."}},
		"and goes on when the timers do not answer": {nil, func(h *household) {
			h.timersAreThere()
			h.probable("hall", question)
			h.final("hall", question)
			h.timersAnswer("")
		}, []string{"ahead " + question, "", "ask " + question}},
		"and forgets it when somebody types": {nil, func(h *household) { h.probable("hall", question); h.typed("hall", "how are you today") }, []string{"ahead " + question, "ask how are you today", "withdraw"}},
		"but not for what needs no model": {nil, func(h *household) {
			h.probable("hall", "hello")
			h.probable("hall", "enter live mode")
			h.probable("hall", "speak louder")
		}, nil},
		"but not for what steers": {nil, func(h *household) {
			h.probable("hall", "stop")
			h.probable("hall", "hold on")
			h.probable("hall", "mm-hm")
		}, nil},
		"but not for what is not meant for it": {wakeMode, func(h *household) { h.probable("hall", question) }, nil},
		"with what follows the wake phrase":    {wakeMode, func(h *household) { h.probable("hall", "hey tars, "+question) }, []string{"ahead " + question}},
		"but not into an answer":               {nil, func(h *household) { h.final("hall", question); h.probable("hall", "and what does he eat") }, []string{"ask " + question}},
		"but not where that is not wanted":     {func(c *Config) { c.AskAhead = false }, func(h *household) { h.probable("hall", question) }, nil},
		"for each room apart":                  {nil, func(h *household) { h.probable("kitchen", question); h.final("hall", "how are you today") }, []string{"kitchen: ahead " + question, "ask how are you today"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHousehold(t, func(c *Config) {
				if c.AskAhead, c.LiveModeEnterPhrase = true, "enter live mode"; tt.change != nil {
					tt.change(c)
				}
			})
			tt.do(h)
			h.expect(tt.want...)
		})
	}
}

// typed is what somebody wrote.
func (h *household) typed(room, text string) {
	f := contract.FinalTranscript{Text: text, UttID: new("typed"), TS: *unixSeconds(h.now)}
	f.MessageID = "typed"
	h.take(h.c.heard(f, origin{room: room, typed: true}, h.now))
}
