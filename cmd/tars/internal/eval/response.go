package eval

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/room"
	"github.com/gotars/tars/contract"
)

// Response is how soon the assistant answered.
type Response struct {
	File, Said, Heard string
	Sound             *float64 // seconds from the last voiced sample to the first sound of the answer
	Endpoint          *float64 // to the final transcript
	Own               *float64 // of it, what neither recogniser, model nor voice took
}

// audible is the least level of a sound, RMS: -50 dB.
const audible = 0.003

// respond asks a question by voice and listens for the answer.
func (e *Evaluation) respond(ctx context.Context, r *room.Room, clip Clip) (p Response, err error) {
	p = Response{File: clip.File, Said: clip.Text}
	samples, err := e.corpus.Samples(clip)
	if err != nil {
		return p, err
	}
	begun := r.Say(samples)
	end := begun + seconds(clip.End)
	for r.Now() < end+answerTimeout/2 && p.Sound == nil && sleep(ctx, room.Frame) {
		if r.Now() > end {
			p.Sound = firstTime(r.Played(end), func(s room.State) bool { return s.Playing && s.Level > audible })
		}
	}
	for _, ev := range r.Since(begun) {
		if _, ok := ev.Message.(contract.FinalTranscript); ok && p.Endpoint == nil {
			p.Endpoint = new((ev.At - end).Seconds())
		}
	}
	p.Heard = heardSince(r, begun)
	if _, err = e.hush(ctx, r); err != nil || p.Sound == nil {
		return p, err
	}
	for _, ev := range r.Since(begun) {
		if t, ok := ev.Message.(contract.TurnRecord); ok && p.Own == nil {
			p.Own = ownShare(t, r.Clock().Add(end+seconds(*p.Sound)))
		}
	}
	return p, nil
}

// playerLead is between the arrival of the first chunk in a page and its sound.
const playerLead = 80 * time.Millisecond

// ownShare is the seconds of a turn that neither the wait for its end, nor recogniser, nor
// model, nor voice, nor the player took, when its answer sounded at sound.
func ownShare(t contract.TurnRecord, sound time.Time) *float64 {
	if t.Final == nil || t.Request == nil || t.FirstAudio == nil {
		return nil
	}
	return new(*t.Request - *t.Final + float64(sound.UnixMicro())/1e6 - *t.FirstAudio - playerLead.Seconds())
}

// responses asks the questions of clips, one after the other.
func (e *Evaluation) responses(ctx context.Context, clips []Clip) ([]Response, error) {
	all := make([]Response, len(clips))
	alone := *e
	alone.rooms = 1
	err := alone.inRooms(ctx, "response", len(clips), func(ctx context.Context, r *room.Room, i int) (err error) {
		all[i], err = e.respond(ctx, r, clips[i])
		return err
	})
	return all, err
}

// Louder is which of two rooms that heard the same answered.
type Louder struct {
	File     string
	Louder   bool // the louder one
	Quieter  bool // the other one
	Distance float64
}

// louderRooms plays each clip to two rooms, to one of them quieter.
func (e *Evaluation) louderRooms(ctx context.Context, clips []Clip) (all []Louder, err error) {
	near, far := e.house.Room(ctx, "web-near"), e.house.Room(ctx, "web-far")
	for i, clip := range clips {
		samples, err := e.corpus.Samples(clip)
		if err != nil {
			return all, err
		}
		l := Louder{File: clip.File, Distance: 4 + float64(i%4)*3}
		quieter := append([]float32(nil), samples...)
		scale(quieter, math.Pow(10, -l.Distance/20))
		loud, quiet := near, far
		if i%2 == 1 {
			loud, quiet = far, near
		}
		begun := loud.Say(samples)
		quietBegun := quiet.Say(quieter)
		end := begun + seconds(clip.End)
		if !sleep(ctx, end-loud.Now()+6*time.Second) {
			return all, ctx.Err()
		}
		sounds := func(s room.State) bool { return s.Playing }
		l.Louder = firstTime(loud.Played(begun), sounds) != nil
		l.Quieter = firstTime(quiet.Played(quietBegun), sounds) != nil
		all = append(all, l)
		for _, r := range []*room.Room{loud, quiet} {
			if _, err := e.hush(ctx, r); err != nil {
				return all, err
			}
		}
		fmt.Fprintf(e.progress, "\rrooms: %d of %d ", i+1, len(clips))
	}
	fmt.Fprintln(e.progress)
	return all, nil
}
