package llm

import (
	"context"
	"sync"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/llm/engine"
)

const (
	// maxSilence is how long a person waits for a word before hearing or seeing that it is
	// worked on. Two seconds without an answer feel like none.
	maxSilence = 1200 * time.Millisecond
	// progressEvery is how often that is told while the silence lasts. A router gives a
	// silent answer up after many times that.
	progressEvery = 3 * time.Second
)

// progress tells that an answer is worked on while there is nothing to say.
type progress struct {
	publish func(contract.LLMProgress)
	id      string

	mu    sync.Mutex
	timer *time.Timer
	word  time.Time // the last word, or the start
	state string
	tool  string
	tools int // that were called
	ended bool
}

// startProgress begins to watch the answer to the request with id.
func (s *Service) startProgress(ctx context.Context, id string) *progress {
	publish := func(m contract.LLMProgress) {
		_ = s.bus.Publish(ctx, m, kit.ID(kit.From(ctx).ID)) // a lost link shows elsewhere
	}
	p := &progress{publish: publish, id: id, word: time.Now(), state: contract.LLMWaiting}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = time.AfterFunc(maxSilence, p.tell)
	return p
}

// tell publishes what is done, when there was no word for long enough. A slow link holds up
// nothing but this.
func (p *progress) tell() {
	if m, ok := p.due(); ok {
		p.publish(m)
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.ended {
			p.timer.Reset(progressEvery)
		}
	}
}

// due returns what is to be told. When it is too early it waits on.
func (p *progress) due() (m contract.LLMProgress, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return m, false
	}
	silent := time.Since(p.word)
	if silent < maxSilence {
		p.timer.Reset(maxSilence - silent)
		return m, false
	}
	m = contract.LLMProgress{ID: p.id, State: p.state, SilentMS: int(silent.Milliseconds()), Tools: p.tools}
	if p.tool != "" {
		m.State, m.Tool = contract.LLMTool, new(p.tool)
	}
	return m, true
}

// wrote notes a word. The next silence is told after maxSilence again.
func (p *progress) wrote() {
	p.mu.Lock()
	defer p.mu.Unlock()
	late := time.Since(p.word) >= maxSilence
	if p.word = time.Now(); late && !p.ended {
		p.timer.Reset(maxSilence)
	}
}

// note takes what the model does.
func (p *progress) note(what engine.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = string(what)
}

// runs notes that a tool runs; empty: none does. Who waits in silence is told at once, for
// tools may take several rounds.
func (p *progress) runs(tool string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tool = tool
	if tool == "" {
		return
	}
	p.tools++
	if p.tools == 1 && time.Since(p.word) >= maxSilence && !p.ended {
		p.timer.Reset(0)
	}
}

// end stops it.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	p.timer.Stop()
}
