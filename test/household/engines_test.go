package household

import (
	"context"
	"errors"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	llmengine "github.com/gotars/tars/services/llm/engine"
	sttengine "github.com/gotars/tars/services/stt/engine"
	ttsengine "github.com/gotars/tars/services/tts/engine"
)

var errScripted = errors.New("the engine fails, as its script says")

// dice are random numbers that several calls of one engine share.
type dice struct {
	mu sync.Mutex
	r  *rand.Rand
}

func (d *dice) roll() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.Float64()
}

// between is a random time from least to most.
func (d *dice) between(least, most time.Duration) time.Duration {
	return least + time.Duration(d.roll()*float64(most-least))
}

// wait waits for d, or for the end of ctx.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// recogniser reads the text that sound carries.
type recogniser struct {
	h    *house
	dice *dice
}

// Transcribe implements sttengine.Transcriber.
func (e recogniser) Transcribe(ctx context.Context, q sttengine.Request) (sttengine.Result, error) {
	fate := e.dice.roll()
	if e.h.calm() {
		fate = 1
	}
	took, err := e.dice.between(80*time.Millisecond, 500*time.Millisecond), error(nil)
	switch {
	case fate < 0.005: // it hangs until its adapter gives it up
		took, err = 30*time.Second, errScripted
	case fate < 0.02:
		err = errScripted
	case fate < 0.06:
		took *= 8
	}
	if stopped := wait(ctx, took); stopped != nil {
		return sttengine.Result{}, stopped
	}
	return sttengine.Result{Text: e.h.clips.read(q.Audio), Confidence: new(0.9), Lang: "en"}, err
}

// fillers are words of which the assistant makes its sentences, beside those that it
// makes up. People do not use them.
var fillers = strings.Fields("harbour lantern copper meadow winter silver pepper marble linen morning temple pillar ripple kernel summer")

// model writes a few sentences, each with a word of its own.
type model struct {
	h    *house
	dice *dice
}

// answer makes up the answer to a question, and has the checks know what it answers.
func (e model) answer() string {
	var sentences []string
	for range 1 + int(5*e.dice.roll()*e.dice.roll()) {
		words := []string{"The", e.h.newWord(consonantsOfAssistant)}
		for range 3 + int(8*e.dice.roll()) {
			words = append(words, fillers[int(e.dice.roll()*float64(len(fillers)))])
		}
		sentences = append(sentences, strings.Join(words, " ")+".")
	}
	return strings.Join(sentences, " ")
}

// Generate implements llmengine.Generator.
func (e model) Generate(ctx context.Context, p llmengine.Prompt, emit func(string) error) (llmengine.Usage, error) {
	fate, words := e.dice.roll(), strings.SplitAfter(e.answer(), " ")
	if e.h.calm() {
		fate = 1
	}
	first, each, breaks := e.dice.between(150*time.Millisecond, 900*time.Millisecond), e.dice.between(10*time.Millisecond, 60*time.Millisecond), -1
	switch {
	case fate < 0.01: // it hangs until its adapter gives it up
		if err := wait(ctx, 90*time.Second); err != nil {
			return llmengine.Usage{}, err
		}
		return llmengine.Usage{}, errScripted
	case fate < 0.03:
		return llmengine.Usage{}, errScripted
	case fate < 0.05:
		breaks = int(e.dice.roll() * float64(len(words)))
	case fate < 0.06: // nothing is written
		words = nil
	case fate < 0.12:
		first, each = 10*first, 10*each
	}
	if err := wait(ctx, first); err != nil {
		return llmengine.Usage{}, err
	}
	for i, w := range words {
		if i == breaks {
			return llmengine.Usage{}, errScripted
		}
		if err := emit(w); err != nil {
			return llmengine.Usage{}, err
		}
		if err := wait(ctx, each); err != nil {
			return llmengine.Usage{}, err
		}
	}
	return llmengine.Usage{}, nil
}

const voiceRate = 8000 // samples a second

// voice makes sound as long as the text takes.
type voice struct {
	h    *house
	dice *dice
}

// charactersPerSecond is how fast the voice says a sentence: some faster than others, and
// the same one always alike.
func charactersPerSecond(sentence string) float64 {
	f := fnv.New32a()
	_, _ = f.Write([]byte(sentence))
	return 11 + float64(f.Sum32()%7)
}

// lengthOf is how long the voice takes to say a sentence.
func lengthOf(sentence string) time.Duration {
	return time.Duration(float64(utf8.RuneCountInString(sentence)) / charactersPerSecond(sentence) * float64(time.Second))
}

// Synthesize implements ttsengine.Synthesizer.
func (e voice) Synthesize(ctx context.Context, l ttsengine.Line) iter.Seq2[ttsengine.Chunk, error] {
	return func(yield func(ttsengine.Chunk, error) bool) {
		const piece = 500 * time.Millisecond
		fate, left := e.dice.roll(), lengthOf(l.Text)
		if e.h.calm() {
			fate = 1
		}
		each, breaks := e.dice.between(20*time.Millisecond, 150*time.Millisecond), time.Duration(-1)
		switch {
		case fate < 0.003: // it hangs until its adapter gives it up
			if err := wait(ctx, 20*time.Second); err == nil {
				err = errScripted
				yield(ttsengine.Chunk{}, err)
			}
			return
		case fate < 0.01:
			breaks = time.Duration(e.dice.roll() * float64(left))
		case fate < 0.03: // slower than it speaks
			each = 700 * time.Millisecond
		}
		for left > 0 {
			if err := wait(ctx, each); err != nil {
				yield(ttsengine.Chunk{}, err)
				return
			}
			if left <= breaks {
				yield(ttsengine.Chunk{}, errScripted)
				return
			}
			n := min(piece, left)
			left -= n
			if !yield(ttsengine.Chunk{Rate: voiceRate, PCM: make([]byte, 2*(int(n*voiceRate/time.Second)))}, nil) {
				return
			}
		}
	}
}
