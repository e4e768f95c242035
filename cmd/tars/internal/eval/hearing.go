package eval

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/room"
	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/speech/wer"
)

// Heard is what became of one clip in one condition.
type Heard struct {
	File, Condition string
	Said, Finals    string   // the words that were said, and those that were understood
	Whole           string   // what the engine understands when it gets the whole recording as a file
	Words           int      // said
	Wrong           int      // of the finals
	WholeWrong      int      // of the file
	Lost            bool     // nothing was understood
	Dropped         []string // why what else was heard became no final
	Ended           *float64 // seconds from the last voiced sample to the last final
	SpeechEnd       *float64 // seconds from there to the end of speech
}

// settleTime is how long after a clip nothing may come that belongs to it.
const settleTime = 3500 * time.Millisecond

// hear plays a clip in a condition, before the background bed.
func (e *Evaluation) hear(ctx context.Context, r *room.Room, clip Clip, c Condition, bed []float32, seed uint64) (h Heard, err error) {
	h = Heard{File: clip.File, Condition: c.Name, Said: clip.Text}
	clean, err := e.corpus.Samples(clip)
	if err != nil {
		return h, err
	}
	samples := c.apply(clean, bed, seed)
	whole, err := e.transcribe(ctx, room.Encode(samples[:len(samples)-afterSpeech+room.Rate]))
	if err != nil {
		return h, err
	}
	begun := r.Say(samples)
	end := begun + time.Second + seconds(clip.End) // a second of the room comes first
	quiet := func() bool {
		last := end
		for _, ev := range r.Since(begun) {
			last = max(last, ev.At)
		}
		return r.Now() > last+settleTime || r.Now() > end+20*time.Second
	}
	for !quiet() {
		if !sleep(ctx, room.Frame) {
			return h, ctx.Err()
		}
	}
	finals := h.note(r.Since(begun), end)
	h.Finals, h.Whole, h.Lost = strings.Join(finals, " "), whole, len(finals) == 0
	if !h.Lost {
		h.Wrong, h.Words = countWrong(clip.Text, h.Finals)
	} else {
		h.Words = len(wer.Words(clip.Text))
		h.Wrong = h.Words
	}
	h.WholeWrong, _ = countWrong(clip.Text, whole)
	return h, nil
}

// note notes what became of a clip whose last voiced sample was at end, and returns the texts
// that were understood.
func (h *Heard) note(events []room.Event, end time.Duration) (finals []string) {
	for _, ev := range events {
		switch m := ev.Message.(type) {
		case contract.FinalTranscript:
			finals = append(finals, m.Text)
			h.Ended = new((ev.At - end).Seconds())
		case contract.SpeechDropped:
			h.Dropped = append(h.Dropped, m.Reason)
		case contract.WakeEvent:
			if m.Type == contract.WakeEventSpeechEnd {
				h.SpeechEnd = new((ev.At - end).Seconds())
			}
		}
	}
	return finals
}

func countWrong(said, heard string) (wrong, words int) {
	e := wer.Of(said, heard)
	return e.Wrong, e.Words
}

// hearing plays clips in every condition, one condition after the other: a recogniser is
// told what was said before, which must not be the same.
func (e *Evaluation) hearing(ctx context.Context, clips []Clip, in []Condition) ([]Heard, error) {
	beds, err := e.beds()
	if err != nil {
		return nil, err
	}
	all := make([]Heard, len(clips)*len(in))
	err = e.inRooms(ctx, "hearing", len(all), func(ctx context.Context, r *room.Room, i int) (err error) {
		clip, condition := i%len(clips), in[i/len(clips)]
		var bed []float32
		if sounds := beds[condition.Bed]; len(sounds) > 0 {
			bed = sounds[clip%len(sounds)]
		}
		all[i], err = e.hear(ctx, r, clips[clip], condition, bed, uint64(clip))
		return err
	})
	return all, err
}

// beds are the backgrounds by kind. Each is one sound: a room does not change from hiss to
// people within a sentence.
func (e *Evaluation) beds() (map[string][][]float32, error) {
	beds := map[string][][]float32{}
	for _, kind := range []string{KindMusic, KindNoise} {
		for _, clip := range e.corpus.Of(0, kind) {
			samples, err := e.corpus.Samples(clip)
			if err != nil {
				return nil, err
			}
			beds[kind] = append(beds[kind], samples)
		}
		if len(beds[kind]) == 0 {
			return nil, fmt.Errorf("the corpus in %s has no %s", e.corpus.Folder, kind)
		}
	}
	return beds, nil
}

// Bed is what was taken for speech in sounds in which nothing is said.
type Bed struct {
	File, Kind string
	Minutes    float64
	Finals     []string
	Ducks      int // times that somebody was taken to speak
}

// nothingSaid plays sounds in which nothing is said, each in a room of its own, up to limit of
// each file.
func (e *Evaluation) nothingSaid(ctx context.Context, clips []Clip, limit time.Duration) ([]Bed, error) {
	all := make([]Bed, len(clips))
	err := e.inRooms(ctx, "nothing", len(clips), func(ctx context.Context, r *room.Room, i int) error {
		samples, err := e.corpus.Samples(clips[i])
		if err != nil {
			return err
		}
		if most := int(limit.Seconds() * room.Rate); limit > 0 && len(samples) > most {
			samples = samples[:most]
		}
		length := time.Duration(len(samples)) * time.Second / room.Rate
		begun := r.Say(samples)
		if !sleep(ctx, length+settleTime) {
			return ctx.Err()
		}
		all[i] = Bed{File: clips[i].File, Kind: clips[i].Kind, Minutes: length.Minutes()}
		for _, ev := range r.Since(begun) {
			switch m := ev.Message.(type) {
			case contract.FinalTranscript:
				all[i].Finals = append(all[i].Finals, m.Text)
			case contract.WakeEvent:
				if m.Type == contract.WakeEventSpeechStart {
					all[i].Ducks++
				}
			}
		}
		return nil
	})
	return all, err
}

// percentile is the value below which a share of values lies, from 0 to 1.
func percentile(values []float64, share float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}
