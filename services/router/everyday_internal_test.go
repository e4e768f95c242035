package router

import (
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

// What goes wrong in a household within a day, one case for each.

func TestAnAnnouncementThatSomebodySpeaksIntoIsNotForgotten(t *testing.T) {
	h := newHousehold(t, nil)
	h.status("hall", "timer", contract.TtsSpeakingStart, "Your tea is ready.")
	h.voice("hall")
	h.pass(time.Second)
	h.expect("duck", "pause")
	h.status("hall", "timer", contract.TtsPaused, "") // as the voice tells of the pause
	h.pass(time.Second)
	h.quiet("hall")
	h.dropped("hall", "no_words")
	h.expect("resume", "unduck")
}
