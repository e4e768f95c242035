package eval

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/stt/vad"
	"github.com/gotars/tars/speech/pcm"
)

// Plan says what is measured.
type Plan struct {
	Corpus     *Corpus
	Home       kit.Home
	Services   []string    // that a house has
	Parts      []string    // some of [Parts]
	Limit      int         // clips of each part; 0: those that the part wants
	Rooms      int         // that talk at the same time
	Conditions []Condition // in which hearing is measured
	LogFile    string      // of the house
	Progress   io.Writer
	Recogniser string // how it is called
	Transcribe func(ctx context.Context, sound []byte) (string, error)
	Detector   func() vad.Detector
	Finished   func(sound pcm.Audio) (float64, error) // nil: no audio model
	Silences   []Silence                              // measured before; nil: none
	Rules      []Rule                                 // the assistant's own
}

// part measures one thing and writes it into the report.
type part struct {
	name     string
	settings []string // of the house; nil: those of the conversation
	measure  func(context.Context, *Evaluation, *Plan, *Report) error
}

// awake has the assistant answer nothing, so that what it hears can be measured alone.
var awake = []string{"ROUTER_LIVE_MODE_DEFAULT=false"}

var parts = []part{
	{"turns", nil, func(ctx context.Context, e *Evaluation, p *Plan, r *Report) (err error) {
		if r.Silences = p.Silences; len(r.Silences) == 0 {
			r.Silences, err = e.silences(ctx, p.Corpus.Of(p.Limit, KindTurn))
		}
		if err != nil {
			return err
		}
		for _, rule := range append(slices.Clone(p.Rules), peers()...) {
			if len(r.Silences) > 0 && r.Silences[0].Finished != nil || !strings.HasPrefix(rule.Name, "Smart Turn") {
				r.Turns = append(r.Turns, judge(rule, r.Silences))
			}
		}
		return nil
	}},
	{"hearing", awake, func(ctx context.Context, e *Evaluation, p *Plan, r *Report) (err error) {
		r.Hearing, err = e.hearing(ctx, p.Corpus.Of(orDefault(p.Limit, 40), KindSpeech), p.Conditions)
		return err
	}},
	{"nothing", awake, func(ctx context.Context, e *Evaluation, p *Plan, r *Report) (err error) {
		r.Nothing, err = e.nothingSaid(ctx, p.Corpus.Of(0, KindMusic, KindNoise, KindKeyboard), time.Duration(p.Limit)*10*time.Second)
		return err
	}},
	{"interruptions", nil, func(ctx context.Context, e *Evaluation, p *Plan, r *Report) (err error) {
		r.Interruptions, err = e.yields(ctx, "interruptions", p.Corpus.Of(orDefault(p.Limit, 100), KindInterruption))
		return err
	}},
	{"nods", nil, func(ctx context.Context, e *Evaluation, p *Plan, r *Report) (err error) {
		r.Nods, err = e.yields(ctx, "nods", p.Corpus.Of(orDefault(p.Limit, 100), KindNod, KindCough, KindLaugh))
		return err
	}},
	{"stops", nil, func(ctx context.Context, e *Evaluation, p *Plan, r *Report) (err error) {
		r.Stops, err = e.yields(ctx, "stops", p.Corpus.Of(orDefault(p.Limit, 50), KindStop), 0.05, 0.1, 0.2)
		return err
	}},
	{"echo", nil, func(ctx context.Context, e *Evaluation, p *Plan, r *Report) (err error) {
		r.Echoes, err = e.echoes(ctx, orDefault(p.Limit, 100))
		return err
	}},
	{"response", nil, func(ctx context.Context, e *Evaluation, p *Plan, r *Report) (err error) {
		r.Responses, err = e.responses(ctx, p.Corpus.Of(orDefault(p.Limit, 40), KindSpeech))
		return err
	}},
	{"rooms", nil, func(ctx context.Context, e *Evaluation, p *Plan, r *Report) (err error) {
		r.Louder, err = e.louderRooms(ctx, p.Corpus.Of(orDefault(p.Limit, 20), KindSpeech))
		return err
	}},
}

// Parts are the names of what can be measured, in the order in which it is.
func Parts() (names []string) {
	for _, p := range parts {
		names = append(names, p.name)
	}
	return names
}

func orDefault(n, usual int) int {
	if n > 0 {
		return n
	}
	return usual
}

// Run measures what is planned. The report holds what was measured before an error.
func Run(ctx context.Context, p Plan) (*Report, error) {
	r := &Report{Recogniser: p.Recogniser, Rooms: p.Rooms}
	for _, name := range p.Parts {
		if !slices.Contains(Parts(), name) {
			return r, fmt.Errorf("no part %q, there are %s", name, strings.Join(Parts(), ", "))
		}
	}
	for _, part := range parts {
		if !slices.Contains(p.Parts, part.name) {
			continue
		}
		if err := p.run(ctx, part, r); err != nil {
			return r, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return r, nil
}

// run measures a part, in a house of its own.
func (p *Plan) run(ctx context.Context, part part, r *Report) error {
	e := &Evaluation{corpus: p.Corpus, rooms: p.Rooms, progress: p.Progress, transcribe: p.Transcribe, detector: p.Detector, finished: p.Finished}
	if part.name != "turns" {
		h, err := OpenHouse(ctx, p.Home, p.Services, p.LogFile, part.settings...)
		if err != nil {
			return err
		}
		defer h.Close()
		e.house = h
	}
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	return part.measure(ctx, e, p, r)
}
