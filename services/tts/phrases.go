package tts

import (
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	phraseLongest = 80            // bytes of a text that is kept: what is longer is hardly said twice
	phraseMost    = 512 << 10     // bytes of its audio
	phrasesMost   = 4 << 20       // bytes of all audio that is kept; what was not said for longest goes
	phraseAge     = 6 * time.Hour // a server may have got another voice
)

// phrases keeps the audio of short sentences, for those that are said again and
// again are the ones that are waited for: "Yes?", "Hello!". A nil one keeps none.
// It is safe for concurrent use.
type phrases struct {
	mu   sync.Mutex
	size int
	all  []phrase // what was said last at the end
}

type phrase struct {
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

// of returns the audio of l by an engine, nil when there is none.
func (p *phrases) of(engine string, l Line) audio {
	if p == nil || len(l.Text) > phraseLongest {
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
	if time.Since(one.made) > phraseAge {
		return nil
	}
	p.size += one.size()
	p.all = append(p.all, one)
	return one.audio
}

// with is the audio so far of l, and its next chunk; none when it is not to be
// kept.
func (p *phrases) with(a audio, l Line, c Chunk) audio {
	if p == nil || len(l.Text) > phraseLongest || a.size() > phraseMost {
		return a
	}
	return append(a, Chunk{Rate: c.Rate, PCM: slices.Clone(c.PCM), Kept: true})
}

// keep keeps the audio of l, unless that is much.
func (p *phrases) keep(engine string, l Line, a audio) {
	if p == nil || len(l.Text) > phraseLongest || a.size() == 0 || a.size() > phraseMost {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := p.index(engine, l); i >= 0 {
		p.drop(i)
	}
	l.Text = strings.Clone(l.Text) // not the whole answer
	p.all = append(p.all, phrase{engine, l, time.Now(), a})
	for p.size += a.size(); p.size > phrasesMost; {
		p.drop(0)
	}
}

func (p *phrases) index(engine string, l Line) int {
	return slices.IndexFunc(p.all, func(one phrase) bool { return one.of == engine && one.line == l })
}

func (p *phrases) drop(i int) {
	p.size -= p.all[i].size()
	p.all = slices.Delete(p.all, i, i+1)
}
