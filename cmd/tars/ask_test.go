package main

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotars/tars/contract"
)

// TestAskPrintsTheAnswer has what several services say of one turn come in the orders in
// which it may.
func TestAskPrintsTheAnswer(t *testing.T) {
	ctx := context.Background()
	request := func(a *asker) error { return a.request(ctx, contract.LLMRequest{ID: "utt"}) }
	delta := func(a *asker) error {
		return a.delta(ctx, contract.LLMStreamDelta{ID: "utt", Delta: new("It is ")})
	}
	rest := func(a *asker) error {
		return a.delta(ctx, contract.LLMStreamDelta{ID: "utt", Delta: new("noon.")})
	}
	response := func(a *asker) error {
		return a.response(ctx, contract.LLMResponse{ID: "utt", Reply: new("It is noon.")})
	}
	say := func(a *asker) error {
		return a.say(ctx, contract.TtsSay{UttID: new("utt"), Text: "It is noon."})
	}
	record := func(a *asker) error {
		return a.record(ctx, contract.TurnRecord{TurnID: "turn", Outcome: contract.TurnDone})
	}
	tests := map[string]struct {
		come []func(*asker) error
		want string
		took time.Duration
	}{
		"as the model writes it":                   {[]func(*asker) error{request, delta, rest, response, record}, "It is noon.\n", 0},
		"when all of it comes at once":             {[]func(*asker) error{request, response, record}, "It is noon.\n", 0},
		"when the record of the turn comes first":  {[]func(*asker) error{record, request, response}, "It is noon.\n", 0},
		"when the record comes before the request": {[]func(*asker) error{record, say}, "It is noon.\n", 0},
		"when the record comes before the rest":    {[]func(*asker) error{request, delta, record, rest, response}, "It is noon.\n", 0},
		"of a rule":                                {[]func(*asker) error{say, record}, "It is noon.\n", 0},
		"and ends where there is none":             {[]func(*asker) error{record}, "", answerGrace},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out strings.Builder
				a := &asker{utt: "utt", turn: "turn", out: &out, alive: make(chan struct{}, 1), over: make(chan struct{}, 1), done: make(chan error, 1)}
				began, ended := time.Now(), make(chan error)
				go func() { ended <- a.wait(ctx, nil, time.Minute) }()
				for i, come := range tt.come {
					if i > 0 && tt.took == 0 {
						time.Sleep(time.Millisecond) // so that what comes first is acted on first
					}
					if err := come(a); err != nil {
						t.Fatal(err)
					}
				}
				if err := <-ended; err != nil {
					t.Error(err)
				}
				if out.String() != tt.want {
					t.Errorf("printed %q, want %q", out.String(), tt.want)
				}
				if took := time.Since(began).Truncate(time.Second); took != tt.took {
					t.Errorf("it took %s, want %s", took, tt.took)
				}
			})
		})
	}
}
