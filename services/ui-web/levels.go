package uiweb

import (
	"context"
	"encoding/binary"
	"math"
	"sync"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

const (
	levelEvery = 250 * time.Millisecond // between two words on how loud it is
	levelTTL   = 3 * time.Second        // without a sound after which a room has no microphone on
	floorDB    = 60.0                   // that many decibels below full scale count as silence
	maxLevels  = 64                     // rooms
)

// levels are how loud it is in the rooms whose microphones are on. It is safe for
// concurrent use.
type levels struct {
	mu    sync.Mutex
	rooms map[string]*roomLevel
}

type roomLevel struct {
	loudest float64 // since the page was last told, 0 to 1
	at      time.Time
}

// handlers feed the levels and send them to a page.
func (l *levels) handlers(to *watch) []kit.Handler {
	return []kit.Handler{
		kit.On(l.heard, kit.Name("levels"), kit.Queue(512)),
		kit.Every(levelEvery, func(context.Context) error { to.sendChanged("levels", l.take(time.Now())); return nil }),
	}
}

// heard notes one chunk of a microphone; an empty one is its end.
func (l *levels) heard(_ context.Context, a contract.MicAudio) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(a.PCM) == 0 {
		delete(l.rooms, a.Source)
		return nil
	}
	one := l.rooms[a.Source]
	if one == nil {
		if len(l.rooms) >= maxLevels {
			return kit.Drop("too_many_rooms")
		}
		one = &roomLevel{}
		l.rooms[a.Source] = one
	}
	one.at, one.loudest = time.Now(), max(one.loudest, loudness(a.PCM))
	return nil
}

// take returns the levels since it was last called, in hundredths.
func (l *levels) take(now time.Time) map[string]float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := map[string]float64{}
	for name, one := range l.rooms {
		if now.Sub(one.at) > levelTTL {
			delete(l.rooms, name)
			continue
		}
		all[name] = math.Round(100*one.loudest) / 100
		one.loudest = 0
	}
	return all
}

// loudness is the root mean square of 16-bit samples, in decibels, as a part of what lies
// between silence and full scale.
func loudness(pcm []byte) float64 {
	sum, n := 0.0, len(pcm)/2
	for i := range n {
		v := float64(int16(binary.LittleEndian.Uint16(pcm[2*i:]))) / 32768
		sum += v * v
	}
	if sum == 0 {
		return 0
	}
	return min(1, max(0, 1+10*math.Log10(sum/float64(n))/floorDB))
}
