package tts

import (
	"context"

	"github.com/gotars/tars/contract"
)

// maxRoomVoices is how many rooms can have a voice of their own. One more takes the place of
// any of them: pages come and go, and say theirs again when they connect.
const maxRoomVoices = 256

// roomVoices are the voices that people chose, by room.
type roomVoices map[string]string

// chooseVoice notes the voice of a room.
func (s *Service) chooseVoice(_ context.Context, v contract.RoomVoice) error {
	s.chosen.set(v.Room, v.Voice)
	return nil
}

func (r roomVoices) set(room, voice string) {
	if voice == "" {
		delete(r, room)
		return
	}
	if _, known := r[room]; !known && len(r) >= maxRoomVoices {
		for other := range r {
			delete(r, other)
			break
		}
	}
	r[room] = voice
}

// voiceOf is the voice for what is said in a room: the one that was chosen there, else the
// one that is asked for.
func (r roomVoices) voiceOf(room string, asked *string) *string {
	if voice := r[room]; voice != "" {
		return &voice
	}
	return asked
}
