package stt_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gotars/tars/speech/smartturn"
	"github.com/gotars/tars/test/need"
	"github.com/gotars/tars/test/sound"
)

// installedTurnModel returns the folder of the installed engines, of which Smart Turn is one.
func installedTurnModel(t *testing.T) string {
	t.Helper()
	engines := need.TurnModel(t)
	if err := smartturn.Installed(engines); errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err) // by the tag static
	}
	return engines
}

// endOfClip plays a recording, and returns how long after its end the final came. The
// words are not known in time, so that the sound alone decides.
func (h *house) endOfClip(t *testing.T, clip sound.Clip) time.Duration {
	t.Helper()
	h.engine.saying("Something.", 0.9)
	room := sound.NewRoom(5).Silence(400 * ms)
	room.PCM = append(room.PCM, clip.Audio...)
	h.play(t, room, "kitchen")
	last := time.Now()
	h.play(t, sound.NewRoom(5).Silence(4*time.Second), "kitchen")
	_, meta := h.finals.Next(t)
	return meta.Sent.Sub(last)
}

func TestARealModelHearsRecordings(t *testing.T) {
	engines := installedTurnModel(t)
	endOf := func(t *testing.T, clip sound.Clip, setting string) (after time.Duration) {
		listen(t, clip.Name+", STT_TURN_MODEL="+setting, func(t *testing.T, h *house) {
			after = h.endOfClip(t, clip)
		}, "STT_PARTIALS=false", "STT_TURN_MODEL="+setting, "STT_TURN_FOLDER="+engines)
		return after
	}
	finished := map[string]bool{"cards-001.wav": true, "cards-003.wav": true, "cards-005.wav": true, "goforward.wav": true, "austen-0880.wav": false}
	for _, clip := range sound.Clips(t, "testdata/speech") {
		with, without := endOf(t, clip, "smart-turn"), endOf(t, clip, "none")
		t.Logf("%s: ends %v after the clip with the model, %v without", clip.Name, with, without)
		switch want, known := finished[clip.Name]; {
		case !known:
			t.Errorf("%s is not in the table", clip.Name)
		case want && with > without-100*ms:
			t.Errorf("%s sounds finished and ends after %v, without the model after %v", clip.Name, with, without)
		case !want && with < without+100*ms:
			t.Errorf("%s sounds unfinished and ends after %v, without the model after %v", clip.Name, with, without)
		}
	}
}

func TestAModelThatIsInstalledMeanwhileIsUsed(t *testing.T) {
	engines, clips := installedTurnModel(t), sound.Clips(t, "testdata/speech")
	clip := clips[slices.IndexFunc(clips, func(c sound.Clip) bool { return c.Name == "cards-001.wav" })]
	folder := filepath.Join(t.TempDir(), "engines")
	listen(t, "without a restart", func(t *testing.T, h *house) {
		before := h.endOfClip(t, clip)
		if err := os.Symlink(engines, folder); err != nil {
			t.Fatal(err)
		}
		if after := h.endOfClip(t, clip); after > before-100*ms {
			t.Errorf("ends %v after the clip with the model, %v without", after, before)
		}
	}, "STT_PARTIALS=false", "STT_TURN_FOLDER="+folder)
}
