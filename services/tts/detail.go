package tts

import (
	"errors"
	"math"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// tellDetail tells when l was made and spoken, for who wants to know why it took so long.
// why is the reason with which it ends; nil: it was spoken.
func (v *voice) tellDetail(l *line, why *string) {
	m := contract.VoiceDetail{UttID: l.say.UttID, Say: l.say.MessageID, Asked: secondsOf(l.asked.Load()), First: secondsOf(l.first.Load()),
		Ended: *secondsOf(time.Now().UnixMicro()), Made: math.Round(1000*l.pacer.sent.Seconds()) / 1000, Error: why}
	if !l.begunAt.IsZero() {
		m.Begun = secondsOf(l.begunAt.UnixMicro())
	}
	if why != nil && *why == "failed" { // then the engine is done with it
		m.Error = new(beginOf(l.err.Error()))
	}
	if err := l.tell(m); err != nil && !errors.Is(err, kit.ErrOffline) {
		v.log.Debug("detail of a line not published", "id", l.say.MessageID, "err", err)
	}
}

// secondsOf are the Unix seconds of microseconds; nil of none.
func secondsOf(micro int64) *float64 {
	if micro == 0 {
		return nil
	}
	return new(float64(micro) / 1e6)
}

func beginOf(text string) string {
	if r := []rune(text); len(r) > contract.DetailText {
		return string(r[:contract.DetailText])
	}
	return text
}
