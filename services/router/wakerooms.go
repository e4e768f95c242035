package router

import (
	"slices"
	"time"
)

// echoFades is how long the assistant's voice is heard in a room after its end: what the
// loudspeaker has on its way, and the reverberation. It is that of stt.
const echoFades = 600 * time.Millisecond

// wantsWake reports whether a room is one in which, while the assistant speaks, only a
// wake word or a phrase such as "stop" is obeyed: its microphone hears the assistant, and
// nothing takes that out of it.
func (c *conversation) wantsWake(name string) bool {
	return slices.Contains(c.cfg.WakeToInterrupt, "*") || name != "" && slices.Contains(c.cfg.WakeToInterrupt, name)
}

// sounds reports whether the assistant's voice is in a room now, or just was.
func (c *conversation) sounds(name string, r *room, now time.Time) bool {
	return c.audible(name) && r.held == nil || now.Before(r.voiceEnded.Add(echoFades))
}

// noteVoice notes that the assistant's voice began in a room, "" for all: what is heard
// there now may be that.
func (c *conversation) noteVoice(name string) {
	for room, r := range c.rooms {
		if name == "" || room == name {
			r.overVoice = r.overVoice || r.speechStart != nil && r.speechEnd == nil
		}
	}
}

// noteVoiceEnded notes that it ended there.
func (c *conversation) noteVoiceEnded(name string, now time.Time) {
	for room, r := range c.rooms {
		if name == "" || room == name {
			r.voiceEnded = now
		}
	}
}

// mayBeOwnVoice reports whether words without a wake phrase are ignored in a room, as the
// assistant spoke there while they were said, and nobody had woken it.
func (c *conversation) mayBeOwnVoice(name string, r *room, now time.Time) bool {
	if !c.wantsWake(name) || r.woken && now.Before(r.windowEnd) {
		return false
	}
	return r.overVoice || r.speechStart == nil && c.sounds(name, r, now)
}
