package tts

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/services/tts/engine"
	"github.com/gotars/tars/speech"
)

// line is one say on its way to the speaker.
type line struct {
	at        time.Time // when it came
	say       contract.TtsSay
	sentences []string
	sink      string
	volume    float64                 // factor of its amplitude
	tell      func(msg.Message) error // publishes in the chain of the say

	chunks   chan madeChunk  // what the engine made; closed at the end; nil until it begins
	complete chan struct{}   // closed when the engine is done with it
	lengths  []time.Duration // of the sentences, as far as they are made
	err      error           // why the engine ended early; read after chunks is closed
	failedAt int             // sentence at which it ended early; as err
	made     bool            // the engine made some of it: not all was kept from earlier lines; as err
	cancel   context.CancelFunc
	ended    bool // chunks is closed and empty
	pacer    Pacer
	paused   bool // a status said so
	replaced bool // the answer that it was to bridge is here: it is left out

	asked, first atomic.Int64 // Unix microseconds: the engine was asked, and gave the first sound; 0: not yet
	begunAt      time.Time    // the first sound was sent; zero: none was
}

// madeChunk is audio of one sentence of a line.
type madeChunk struct {
	engine.Chunk
	sentence int
}

// note counts how long the sentences are.
func (l *line) note(c madeChunk) {
	for len(l.lengths) <= c.sentence {
		l.lengths = append(l.lengths, 0)
	}
	l.lengths[c.sentence] += c.Duration()
}

// spokenRate is how fast a voice speaks at least, in characters per second, where it is
// not known: about 120 words a minute, when most say 150. Rather a word is left out that
// was heard than one is kept that was not.
const spokenRate = 11

// heard is the text of l that was heard after some time, in whole words.
func (l *line) heard(after time.Duration) string {
	var all []string
	for i, s := range l.sentences {
		known := i < len(l.lengths)
		complete := i < len(l.lengths)-1 || l.ended && (l.err == nil || i < l.failedAt)
		if known && complete && after >= l.lengths[i] {
			all = append(all, s)
			after -= l.lengths[i]
			continue
		}
		chars := after.Seconds() * spokenRate
		if known && complete {
			chars = float64(len([]rune(s))) * after.Seconds() / l.lengths[i].Seconds()
		}
		if part := speech.FirstWords(s, int(chars)); part != "" {
			all = append(all, part)
		}
		break
	}
	return strings.Join(all, " ")
}

func (l *line) utt() string { return answerOf(l.say) }

// isAnnouncement reports whether nobody is to answer l: it is no part of a conversation.
func (l *line) isAnnouncement() bool { return l.say.SystemAnnounce != nil && *l.say.SystemAnnounce }

// is tells whether a control with this id means l.
func (l *line) is(id *string) bool { return id == nil || *id == l.utt() }

// isMade reports whether the engine is done with l.
func (l *line) isMade() bool {
	select {
	case <-l.complete:
		return true
	default:
		return false
	}
}

// receive takes the next chunk of l, if there is one; more is false at its end.
func (l *line) receive() (c madeChunk, more, some bool) {
	select {
	case c, more = <-l.chunks:
		return c, more, true
	default:
		return c, true, false
	}
}
