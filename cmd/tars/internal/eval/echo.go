package eval

import (
	"context"
	"fmt"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/room"
	"github.com/gotars/tars/contract"
)

// Echo is what the assistant made of its own voice, in one answer.
type Echo struct {
	Share  float64  // of its voice in the microphone
	Finals []string // taken for a person's words
	Woken  bool     // by itself
	Gap    float64  // seconds of silence in the answer
	Broken bool     // the answer was not spoken to its end
}

// echoShares are the shares of the assistant's voice in the microphone, by turns.
var echoShares = []float64{0.05, 0.1, 0.2}

// echoes has the assistant speak n answers into its own microphone.
func (e *Evaluation) echoes(ctx context.Context, n int) ([]Echo, error) {
	all := make([]Echo, n)
	err := e.inRooms(ctx, "echo", n, func(ctx context.Context, r *room.Room, i int) error {
		all[i].Share = echoShares[i%len(echoShares)]
		r.Echo(room.NewPath(pathOf(i, all[i].Share)))
		asked := r.Now()
		turn, err := e.house.Type(ctx, r, fmt.Sprintf("%s %d", askQuote, i))
		if err != nil {
			return err
		}
		over := func(m any) bool { t, ok := m.(contract.TurnRecord); return ok && t.TurnID == turn }
		record, ended := r.Await(ctx, asked, time.Minute, over)
		if !ended {
			return fmt.Errorf("room %s: the answer did not end within a minute", r.Name())
		}
		all[i].Broken = record.Message.(contract.TurnRecord).Outcome != "done"
		if !sleep(ctx, settleTime) {
			return ctx.Err()
		}
		utt := ""
		for _, ev := range r.Since(asked) {
			switch m := ev.Message.(type) {
			case contract.FinalTranscript:
				all[i].Finals = append(all[i].Finals, m.Text)
			case contract.WakeEvent:
				all[i].Woken = all[i].Woken || m.Type == contract.WakeEventWake
			case contract.TtsSay:
				if m.UttID != nil {
					utt = *m.UttID
				}
			}
		}
		all[i].Gap = longestGapAfterFirst(r.Played(asked), utt)
		if len(all[i].Finals) > 0 { // it answers them
			_, err = e.hush(ctx, r)
		}
		return err
	})
	return all, err
}

// longestGapAfterFirst is [longestGap] from the first sound on.
func longestGapAfterFirst(states []room.State, utt string) float64 {
	for i, s := range states {
		if s.Playing && s.UttID == utt {
			return longestGap(states[i:], utt)
		}
	}
	return 0
}
