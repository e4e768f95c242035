package tts

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/gotars/tars/contract"
)

// volumes is how loud each voice speaks, by its name; those that are not named speak
// at TTS_VOLUME.
type volumes map[string]float64

// parseVolumes reads a list such as "amy=0.8". A name may hold a "=", as some ids do.
func parseVolumes(list []string) (volumes, error) {
	all := volumes{}
	for _, entry := range list {
		entry = strings.TrimSpace(entry)
		i := strings.LastIndexByte(entry, '=')
		if i < 1 {
			return nil, fmt.Errorf("TTS_VOICE_VOLUMES has %q, want the name of a voice and its volume, such as amy=0.8", entry)
		}
		name, text := strings.TrimSpace(entry[:i]), strings.TrimSpace(entry[i+1:])
		volume, err := strconv.ParseFloat(text, 64)
		if err != nil || !isVolume(volume) {
			return nil, fmt.Errorf("TTS_VOICE_VOLUMES has %q for %s, want 0 to 1", text, name)
		}
		all[name] = volume
	}
	return all, nil
}

// isVolume tells whether v is a factor of the amplitude that makes nothing louder.
func isVolume(v float64) bool { return v >= 0 && v <= 1 }

// volumeOf is how loud a line is spoken: as loud as its voice speaks, and of that what the
// message asks for.
func (s *Service) volumeOf(m contract.TtsSay) float64 {
	volume, known := s.volumes[cmp.Or(orEmpty(m.Voice), s.cfg.Voice)]
	if !known {
		volume = s.cfg.Volume
	}
	if m.Volume != nil {
		volume *= *m.Volume
	}
	return volume
}
