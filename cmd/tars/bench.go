package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/adapters"
	"github.com/gotars/tars/cmd/tars/internal/localengines"
	"github.com/gotars/tars/cmd/tars/internal/marks"
	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/measure"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/speech/wer"
)

// benchCmd groups what takes time.
type benchCmd struct {
	Engines benchEnginesCmd `cmd:"" help:"Measure every engine that is set up or found, and print the table of docs/engines.md."`
}

// benchEnginesCmd measures engines.
type benchEnginesCmd struct {
	Clips string `default:"test/testdata/speech" help:"Folder of WAV files, 16 kHz, with transcripts.tsv." type:"path"`
	Runs  int    `default:"9" help:"Requests each way, to tell what an adapter adds: the more, the less of it is noise."`
	Write string `help:"Put the tables into this file, between its two marks." placeholder:"docs/engines.md" type:"path"`
}

// Run implements the command.
func (c *benchEnginesCmd) Run(ctx context.Context, home kit.Home) error {
	if c.Runs < 1 {
		return fmt.Errorf("--runs is %d, want 1 or more", c.Runs)
	}
	if c.Write != "" { // measuring takes minutes
		if _, _, err := marks.Around(c.Write, benchMarks); err != nil {
			return err
		}
	}
	clips, err := readClips(c.Clips)
	if err != nil {
		return err
	}
	local, err := localengines.Keep(ctx, home) // unless a tars up does
	if err != nil {
		return err
	}
	if local != nil {
		defer local.Close()
	}
	b := bench{home: home, runs: c.Runs, clips: clips, progress: os.Stderr}
	if err := b.all(ctx); err != nil {
		return err
	}
	var out bytes.Buffer
	b.print(&out)
	if c.Write == "" {
		_, err := os.Stdout.Write(out.Bytes())
		return err
	}
	return marks.Write(c.Write, benchMarks, out.Bytes())
}

// clip is a recording and what is said in it.
type clip struct {
	name, text string
	pcm        []byte
}

func (c clip) length() time.Duration {
	return time.Duration(len(c.pcm)) * time.Second / (2 * measure.Rate)
}

// readClips reads what transcripts.tsv of dir names, the shortest first.
func readClips(dir string) (all []clip, err error) {
	f, err := os.Open(filepath.Join(dir, "transcripts.tsv"))
	if err != nil {
		return nil, fmt.Errorf("no clips: run this in the source folder, or set --clips: %w", err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '\t', true
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	for _, row := range rows[min(1, len(rows)):] {
		b, err := os.ReadFile(filepath.Join(dir, row[0]))
		if err != nil {
			return nil, err
		}
		if len(b) <= adapters.Header || string(b[:4]) != "RIFF" || string(b[36:40]) != "data" {
			return nil, fmt.Errorf("%s is no plain WAV file", row[0])
		}
		all = append(all, clip{row[0], row[1], b[adapters.Header:]})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s names no clips", f.Name())
	}
	return all, nil
}

// bench measures engines one after the other.
type bench struct {
	home     kit.Home
	runs     int
	clips    []clip
	progress io.Writer

	heard    []recognised
	spoken   []spoken
	written  []written
	embedded []embedded
	woken    []woken
	failed   []string
}

// commonFigures are measured of every engine, whatever it does.
type commonFigures struct {
	name   string
	memory int64
	added  quartiles // by the adapter: of its differences
}

type recognised struct {
	commonFigures
	errors       wer.Errors
	factor       float64 // seconds of work per second of speech
	median, most time.Duration
}

type spoken struct {
	commonFigures
	first, all time.Duration
}

type written struct {
	commonFigures
	first time.Duration
	speed float64 // tokens per second after the first
}

type embedded struct {
	commonFigures
	one     time.Duration // text
	numbers int           // of a vector
}

func (b *bench) all(ctx context.Context) error {
	for _, kind := range []discovery.Kind{discovery.STT, discovery.TTS, discovery.LLM, discovery.Embed, discovery.Wake} {
		servers, err := adapters.Servers(ctx, b.home, kind)
		if err != nil {
			return err
		}
		for _, s := range servers {
			fmt.Fprintf(b.progress, "%s: %s\n", kind, adapters.Title(s))
			measured := map[discovery.Kind]func(context.Context, discovery.Server) error{
				discovery.STT: b.hear, discovery.TTS: b.speak, discovery.LLM: b.write, discovery.Embed: b.embed, discovery.Wake: b.listen,
			}[kind]
			if err := measured(ctx, s); err != nil && ctx.Err() == nil {
				b.failed = append(b.failed, fmt.Sprintf("%s: %v", adapters.Title(s), err))
			}
		}
	}
	return ctx.Err()
}

// commonFiguresOf measures the memory of s and adds what its adapter takes.
func (b *bench) commonFiguresOf(ctx context.Context, s discovery.Server, added quartiles) commonFigures {
	return commonFigures{adapters.Title(s), measure.Memory(ctx, string(b.home), s), added}
}

// hear transcribes all clips, and the shortest one in turns with the engine
// asked directly.
func (b *bench) hear(ctx context.Context, s discovery.Server) error {
	transcribe, err := adapters.RecogniserAt(s, b.home)
	if err != nil {
		return err
	}
	if _, err := transcribe(ctx, b.clips[0].pcm); err != nil { // models are loaded by the first request
		return err
	}
	var sum wer.Errors
	var took []time.Duration
	var speech, work time.Duration
	short := b.clips[0]
	for _, c := range b.clips {
		begin := time.Now()
		text, err := transcribe(ctx, c.pcm)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		took = append(took, time.Since(begin))
		work, speech, sum = work+took[len(took)-1], speech+c.length(), sum.Add(wer.Of(c.text, text))
		if len(c.pcm) < len(short.pcm) {
			short = c
		}
	}
	added, err := inTurns(b.runs, func() (time.Duration, error) {
		begin := time.Now()
		_, err := measure.Hear(ctx, s, short.pcm)
		return time.Since(begin), err
	}, func() (time.Duration, error) {
		begin := time.Now()
		_, err := transcribe(ctx, short.pcm)
		return time.Since(begin), err
	})
	if err != nil {
		return err
	}
	b.heard = append(b.heard, recognised{b.commonFiguresOf(ctx, s, added.difference), sum, float64(work) / float64(speech), medianOf(took), longestOf(took)})
	return nil
}

func (b *bench) speak(ctx context.Context, s discovery.Server) error {
	say, done, err := adapters.VoiceAt(ctx, s, b.home)
	if err != nil {
		return err
	}
	defer done()
	if _, _, err := say(ctx, adapters.SpokenText); err != nil {
		return err
	}
	var all []time.Duration
	added, err := inTurns(b.runs, func() (time.Duration, error) {
		first, _, err := measure.Speak(ctx, s, adapters.SpokenText)
		return first, err
	}, func() (time.Duration, error) {
		first, whole, err := say(ctx, adapters.SpokenText)
		all = append(all, whole)
		return first, err
	})
	if err != nil {
		return err
	}
	b.spoken = append(b.spoken, spoken{b.commonFiguresOf(ctx, s, added.difference), added.ours, medianOf(all)})
	return nil
}

func (b *bench) write(ctx context.Context, s discovery.Server) error {
	answer, err := adapters.WriterAt(s, b.home)
	if err != nil {
		return err
	}
	if _, _, _, err := answer(ctx, adapters.AskedText, adapters.AskedTokens); err != nil {
		return err
	}
	var speeds []float64
	added, err := inTurns(b.runs, func() (time.Duration, error) {
		first, _, _, err := measure.Chat(ctx, s, adapters.AskedText, adapters.AskedTokens)
		return first, err
	}, func() (time.Duration, error) {
		first, all, n, err := answer(ctx, adapters.AskedText, adapters.AskedTokens)
		if n > 1 {
			speeds = append(speeds, float64(n-1)/(all-first).Seconds())
		}
		return first, err
	})
	if err != nil {
		return err
	}
	b.written = append(b.written, written{b.commonFiguresOf(ctx, s, added.difference), added.ours, medianOf(speeds)})
	return nil
}

func (b *bench) embed(ctx context.Context, s discovery.Server) error {
	vector, err := adapters.EmbedderAt(s)
	if err != nil {
		return err
	}
	v, err := vector(ctx, adapters.SpokenText)
	if err != nil {
		return err
	}
	added, err := inTurns(b.runs, func() (time.Duration, error) {
		begin := time.Now()
		_, err := measure.Embed(ctx, s, adapters.SpokenText)
		return time.Since(begin), err
	}, func() (time.Duration, error) {
		begin := time.Now()
		_, err := vector(ctx, adapters.SpokenText)
		return time.Since(begin), err
	})
	if err != nil {
		return err
	}
	b.embedded = append(b.embedded, embedded{b.commonFiguresOf(ctx, s, added.difference), added.ours, len(v)})
	return nil
}

// turns are two ways to ask the same.
type turns struct {
	ours       time.Duration // median
	difference quartiles
}

// inTurns asks an engine directly and through its adapter, n times each, one
// after the other and each first every second time, so that what else the
// machine does counts for both.
func inTurns(n int, directly, adapted func() (time.Duration, error)) (turns, error) {
	var ours, differences []time.Duration
	for i := range n {
		var took [2]time.Duration
		ways := []func() (time.Duration, error){directly, adapted}
		for j := range ways {
			k := (i + j) % 2
			d, err := ways[k]()
			if err != nil {
				return turns{}, errors.Join(err)
			}
			took[k] = d
		}
		ours, differences = append(ours, took[1]), append(differences, took[1]-took[0])
	}
	return turns{medianOf(ours), quartilesOf(differences)}, nil
}
