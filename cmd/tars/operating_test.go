package main

import (
	"strings"
	"testing"

	"github.com/gotars/tars/contract"
)

func TestTopShowsWhereTheTimeOfATurnWent(t *testing.T) {
	at := func(s float64) *float64 { return new(1_700_000_000 + s) }
	spoken := contract.TurnRecord{TurnID: "0123456789", Room: new("hall"), Outcome: contract.TurnDone, SpeechEnd: at(0.26), LastWord: at(0), Endpoint: at(0.4),
		Reading: new(contract.ReadingRunning), Final: at(0.6), Request: at(0.6), FirstDelta: at(1.5), FirstSay: at(1.6), FirstAudio: at(1.9), End: at(4)}
	typed := contract.TurnRecord{TurnID: "typed", Outcome: contract.TurnFailed, Reason: new("the model did not answer"), Final: at(0), FirstSay: at(2), FirstAudio: at(2.5)}
	for name, tt := range map[string]struct {
		turns []contract.TurnRecord
		want  string
	}{
		"no turns": {},
		"a spoken and a typed one, the newest first": {[]contract.TurnRecord{spoken, typed}, `
turns
  turn room wait recognised thinking voice first sound end outcome
  typed - - - 2.0s 500.0ms 2.5s - failed (the model did not answer)
  01234567 hall 400.0ms 200.0ms (running) 1.0s 300.0ms 1.9s 4.0s done
`},
	} {
		var out strings.Builder
		printTurns(&out, tt.turns)
		var got []string
		for line := range strings.Lines(out.String()) {
			got = append(got, strings.TrimRight(line[:len(line)-len(strings.TrimLeft(line, " "))]+strings.Join(strings.Fields(line), " "), " "))
		}
		if text := strings.Join(got, "\n"); text != strings.TrimSuffix(tt.want, "\n") {
			t.Errorf("%s: printed\n%s\nwant\n%s", name, text, tt.want)
		}
	}
}
