package stt

import (
	"context"
	"sync"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

const (
	quiet    = time.Second // without audio, after which a source is taken to have ended
	goneFor  = time.Minute // without audio, after which a source is forgotten
	earsMost = 64          // sources at once; for more, the one heard least is forgotten

	establishedAfter = 2 * time.Second // of audio, a source is one that somebody uses
)

// utterance is what one person said in one go, in one room.
type utterance struct {
	id, room     string
	audio        Audio
	begun, ended time.Time // of the speech, as far as is known
	early        *attempt  // of all of it, made as soon as the last word was said; may be nil
}

// attempt is a recognition of an utterance that may go on. Whoever claims it
// first does the work.
type attempt struct {
	utterance
	whole  bool
	done   chan struct{} // closed when result, err and took are set
	result Result
	err    error
	took   time.Duration

	mu      sync.Mutex
	claimed bool
	since   time.Time // it has begun
	cancel  context.CancelFunc
}

// claim reports whether the caller is the first; nobody begins it any more.
func (a *attempt) claim() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	first := !a.claimed
	a.claimed = true
	return first
}

// begin claims a and returns a context that ends when a is dropped.
func (a *attempt) begin(ctx context.Context) (context.Context, bool) {
	if !a.claim() {
		return ctx, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.since = time.Now()
	ctx, a.cancel = context.WithCancel(ctx)
	return ctx, true
}

func (a *attempt) finish(r Result, err error) {
	a.result, a.err, a.took = r, err, time.Since(a.since)
	close(a.done)
}

// over tells whether the work was done.
func (a *attempt) over() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// drop ends the work on a, if it has begun, and keeps it from beginning.
func (a *attempt) drop() {
	a.claim()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cancel != nil {
		a.cancel()
	}
}

// fact is an edge of speech with what belongs to it.
type fact struct {
	utterance
	edge   Edge
	energy float64
}

// ear is the state of one source.
type ear struct {
	room string

	mu      sync.Mutex
	seg     *Segmenter
	said    utterance     // that is being heard
	guessed time.Duration // of the source's audio, when a partial was tried last
	tried   *attempt      // the last attempt to read said; nil: none
	last    time.Time     // audio came
}

// hear takes a chunk. Audio of a muted microphone teaches the noise of the
// room and nothing else. A microphone that was open for a time stays open
// until what is being said is complete.
func (e *ear) hear(a contract.MicAudio, m mute) []fact {
	e.last = time.Now()
	if m.on && !(m.lapsed && e.seg.Open()) {
		facts := e.facts(e.seg.Forget())
		e.seg.Learn(a.PCM)
		return facts
	}
	return e.facts(e.seg.Hear(int64(a.Seq), a.PCM))
}

// facts turns the events of the segmenter into what the service needs.
func (e *ear) facts(events []Event) (all []fact) {
	now := time.Now()
	for _, v := range events {
		var early *attempt
		switch v.Edge {
		case Started:
			e.forgetTry()
			if e.said.id == "" {
				e.begin(now.Add(-e.seg.set.MinSpeech))
			}
			e.said.ended = time.Time{}
		case Ended:
			e.said.ended = now
			if len(v.Audio) > 0 {
				e.said.ended = now.Add(-e.seg.set.Hangover)
				early = e.try(v.Audio, true)
			}
		case Complete:
			if e.tried != nil && e.tried.whole {
				early, e.tried = e.tried, nil
			}
			e.forgetTry()
		}
		f := fact{utterance: e.said, edge: v.Edge, energy: v.Energy}
		f.audio, f.early = v.Audio, early
		switch {
		case v.Edge != Complete:
		case f.ended.IsZero(): // cut while somebody speaks
			f.ended = now
			e.begin(now)
		default:
			e.said = utterance{}
		}
		all = append(all, f)
	}
	if !e.seg.Open() {
		e.said = utterance{}
		e.forgetTry()
	}
	return all
}

// begin starts an utterance.
func (e *ear) begin(at time.Time) {
	e.said = utterance{id: kit.NewID(), room: e.room, begun: at}
	e.guessed = e.seg.Heard()
}

// try returns an attempt to read so; it replaces the last one. Whole tells that
// nothing is missing unless somebody speaks on.
func (e *ear) try(so Audio, whole bool) *attempt {
	e.forgetTry()
	e.guessed = e.seg.Heard()
	e.tried = &attempt{utterance: e.said, whole: whole, done: make(chan struct{})}
	e.tried.audio = so
	return e.tried
}

// guess returns an attempt to read what is being said, when somebody has spoken
// for an interval since the last one, and that has ended; else nil.
func (e *ear) guess(interval time.Duration) *attempt {
	if !e.seg.Talking() || e.seg.Heard()-e.guessed < interval || e.tried != nil && !e.tried.over() {
		return nil
	}
	return e.try(e.seg.SoFar(), false)
}

func (e *ear) forgetTry() {
	if e.tried != nil {
		e.tried.drop()
	}
	e.tried = nil
}
