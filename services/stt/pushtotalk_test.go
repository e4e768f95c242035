package stt_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/stt"
	"github.com/gotars/tars/test/sound"
)

func TestPushToTalk(t *testing.T) {
	word := func() *sound.Room { return sound.NewRoom(20).Silence(400 * ms).Voice(time.Second).Silence(time.Second) }
	in := func(t *testing.T, h *house, room string, m roomMessage) {
		t.Helper()
		m.publish(t, h, room)
		h.Settle()
	}
	const kitchen = "STT_PUSH_TO_TALK=attic,kitchen"
	speaks, ends := status(contract.TtsSpeakingStart), status(contract.TtsSpeakingEnd)

	listen(t, "hears nothing while the assistant speaks, and what is said when its voice has faded", func(t *testing.T, h *house) {
		in(t, h, "kitchen", speaks)
		h.play(t, word(), "kitchen")
		expectAll(t, "events", h.edges())
		in(t, h, "kitchen", ends)
		time.Sleep(700 * ms)
		h.play(t, word(), "kitchen")
		expectAll(t, "finals", h.texts(), "1.7 seconds")
	}, kitchen)
	listen(t, "listens in other rooms, and when the assistant speaks elsewhere", func(t *testing.T, h *house) {
		in(t, h, "office", speaks)
		h.play(t, word(), "office")
		h.play(t, word(), "kitchen")
		expectAll(t, "finals", h.texts(), "1.7 seconds", "1.7 seconds")
	}, kitchen)
	listen(t, "is in all rooms with a star, also for what is said to all", func(t *testing.T, h *house) {
		in(t, h, "", speaks)
		h.play(t, word(), "office")
		expectAll(t, "events", h.edges())
	}, "STT_PUSH_TO_TALK=*")
	listen(t, "is opened while the assistant speaks", func(t *testing.T, h *house) {
		in(t, h, "kitchen", command{contract.MicUnmute, 0}) // an earlier one does not count
		time.Sleep(time.Second)
		in(t, h, "kitchen", speaks)
		h.play(t, word(), "kitchen")
		expectAll(t, "events", h.edges())
		in(t, h, "kitchen", command{contract.MicUnmute, 0})
		h.play(t, word(), "kitchen")
		expectAll(t, "finals", h.texts(), "1.7 seconds")
		in(t, h, "kitchen", command{contract.MicMute, 0})
		h.play(t, word(), "kitchen")
		expectAll(t, "finals", h.texts())
	}, kitchen)
	listen(t, "is opened for a time, which may have begun before, and hears a word to its end", func(t *testing.T, h *house) {
		in(t, h, "kitchen", command{contract.MicUnmute, 2000})
		in(t, h, "kitchen", speaks)
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(2*time.Second).Silence(time.Second), "kitchen")
		expectAll(t, "finals", h.texts(), "2.7 seconds")
		h.play(t, word(), "kitchen")
		expectAll(t, "finals", h.texts())
		in(t, h, "kitchen", ends)
		time.Sleep(700 * ms)
		h.play(t, word(), "kitchen") // the opposite of that unmute is not a deaf room
		expectAll(t, "finals", h.texts(), "1.7 seconds")
	}, kitchen)
	listen(t, "is deaf after an unmute for a time when it was muted before", func(t *testing.T, h *house) {
		in(t, h, "kitchen", command{contract.MicMute, 0})
		in(t, h, "kitchen", command{contract.MicUnmute, 1000})
		time.Sleep(2 * time.Second)
		h.play(t, word(), "kitchen")
		expectAll(t, "finals", h.texts())
	}, kitchen)
	listen(t, "reads what was said before the assistant began", func(t *testing.T, h *house) {
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(time.Second), "kitchen")
		in(t, h, "kitchen", speaks)
		h.play(t, word(), "kitchen")
		h.Settle()
		if got := h.texts(); len(got) != 1 {
			t.Errorf("finals %q, want one", got)
		}
		expectAll(t, "events", h.edges(), "speech_start", "speech_sustained", "speech_end")
	}, kitchen)
	listen(t, "opens when the end of a text is never told", func(t *testing.T, h *house) {
		in(t, h, "kitchen", speaks)
		time.Sleep(2*time.Minute + time.Second)
		h.play(t, word(), "kitchen")
		expectAll(t, "finals", h.texts(), "1.7 seconds")
	}, kitchen)
}

func TestPushToTalkRoomsHaveNames(t *testing.T) {
	for list, refused := range map[string]string{"": "", "*": "", "hall,web-1": "", "hall, attic": "", "a/b": `"a/b"`, "Hall": `"Hall"`} {
		t.Setenv("STT_PUSH_TO_TALK", list)
		_, err := kit.FromEnv[stt.Config]("stt")
		if (err == nil) != (refused == "") || err != nil && !strings.Contains(err.Error(), "STT_PUSH_TO_TALK names "+refused) {
			t.Errorf("%q: error %v, want one about %s", list, err, refused)
		}
	}
}

// roomMessage is something that is published in a room, "" for all.
type roomMessage interface {
	publish(t *testing.T, h *house, room string)
}

// status is an event of the voice.
type status string

func (s status) publish(t *testing.T, h *house, room string) {
	h.publishIn(t, room, contract.TtsStatus{Event: string(s), Text: "Nothing that sounds like that.", UttID: new("answer")})
}

// command is one to a microphone, with the milliseconds after which the opposite happens.
type command struct {
	action string
	ttl    int
}

func (c command) publish(t *testing.T, h *house, room string) {
	m := contract.WakeMicCommand{Action: c.action}
	if c.ttl > 0 {
		m.TTLMS = &c.ttl
	}
	ctx := t.Context()
	if room != "" {
		ctx = kit.WithBaggage(ctx, "room", room)
	}
	if err := h.Bus.Publish(ctx, m); err != nil {
		t.Fatal(err)
	}
}

func (h *house) publishIn(t *testing.T, room string, m contract.TtsStatus) {
	t.Helper()
	ctx := t.Context()
	if room != "" {
		ctx = kit.WithBaggage(ctx, "room", room)
	}
	if err := h.Bus.Publish(ctx, m); err != nil {
		t.Fatal(err)
	}
}
