package engine

import (
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	maxCachedText  = 80            // bytes of a text that is kept: what is longer is hardly said twice
	maxCachedAudio = 512 << 10     // bytes of its audio
	maxCacheSize   = 4 << 20       // bytes of all audio that is kept; what was not said for longest goes
	cacheTTL       = 6 * time.Hour // a server may have got another voice
)

// audioCache keeps the audio of short sentences, for those that are said again and
// again are the ones that are waited for: "Yes?", "Hello!". A nil one keeps none.
// It is safe for concurrent use.
type audioCache struct {
	mu   sync.Mutex
	size int
	all  []cachedAudio // what was said last at the end
}

type cachedAudio struct {
	of   string // engine
	line Line
	made time.Time
	audio
}

// audio is all of one sentence.
type audio []Chunk

func (a audio) size() (n int) {
	for _, c := range a {
		n += len(c.PCM)
	}
	return n
}

// play hands on copies: who takes audio may write behind it.
func (a audio) play(yield func(Chunk, error) bool) {
	for _, c := range a {
		c.PCM = slices.Clone(c.PCM)
		if !yield(c, nil) {
			return
		}
	}
}

// get returns the audio of l by an engine, nil when there is none.
func (p *audioCache) get(engine string, l Line) audio {
	if p == nil || len(l.Text) > maxCachedText {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	i := p.index(engine, l)
	if i < 0 {
		return nil
	}
	one := p.all[i]
	p.drop(i)
	if time.Since(one.made) > cacheTTL {
		return nil
	}
	p.size += one.size()
	p.all = append(p.all, one)
	return one.audio
}

// appendChunk is the audio so far of l, and its next chunk; none when it is not to be
// kept.
func (p *audioCache) appendChunk(a audio, l Line, c Chunk) audio {
	if p == nil || len(l.Text) > maxCachedText || a.size() > maxCachedAudio {
		return a
	}
	return append(a, Chunk{Rate: c.Rate, PCM: slices.Clone(c.PCM), Kept: true})
}

// put keeps the audio of l, unless that is much.
func (p *audioCache) put(engine string, l Line, a audio) {
	if p == nil || len(l.Text) > maxCachedText || a.size() == 0 || a.size() > maxCachedAudio {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := p.index(engine, l); i >= 0 {
		p.drop(i)
	}
	l.Text = strings.Clone(l.Text) // not the whole answer
	p.all = append(p.all, cachedAudio{engine, l, time.Now(), a})
	for p.size += a.size(); p.size > maxCacheSize; {
		p.drop(0)
	}
}

func (p *audioCache) index(engine string, l Line) int {
	return slices.IndexFunc(p.all, func(one cachedAudio) bool { return one.of == engine && one.line == l })
}

func (p *audioCache) drop(i int) {
	p.size -= p.all[i].size()
	p.all = slices.Delete(p.all, i, i+1)
}
