package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gotars/tars/services/tts/engine"
	"github.com/gotars/tars/speech/wav"
)

// voice is one way to speak of a synthesiser.
type voice struct {
	engine string // piper, espeak or flite
	name   string // as the engine calls it; empty: its own
	speed  float64
	pitch  float64 // what comes out is played so much faster: 1 is as it is
}

// speaker is the name of v in the manifest.
func (v voice) speaker() string { return v.engine + "-" + v.name }

// source says how the clips of v were made.
func (v voice) source() string {
	how := map[string]string{"piper": "Piper", "espeak": "espeak-ng", "flite": "Flite"}[v.engine]
	return fmt.Sprintf("synthesised: %s %s, speed %.2f, pitch %.2f", how, v.name, v.speed, v.pitch)
}

// licenceOf is of what an engine makes.
var licenceOf = map[string]string{
	"piper":  "voice joe CC0",
	"espeak": "program GPL-3.0-or-later, its output is free of it",
	"flite":  "CMU Flite, BSD-like",
}

// The voices there are. Names of espeak-ng are a language and a variant.
var (
	piperVoices  = []string{"joe"}
	espeakVoices = []string{"en-us", "en-gb", "en-us+f2", "en-gb+m3", "en-us+f1", "en-us+m7"}
	fliteVoices  = []string{"slt", "rms", "awb", "kal16"}
)

// synthesizers speaks with the engines that are there. What was spoken once is kept.
type synthesizers struct {
	piperURL string
	flite    map[float64]*engine.Flite // by speed
	files    engine.Files
	cache    string // folder
}

// openSynthesizers finds the engines and returns one line for each that is missing. Piper
// counts as there when it was once: what it spoke is kept.
func openSynthesizers(ctx context.Context, assets, cache string) (s *synthesizers, have []string, missing []string) {
	s = &synthesizers{
		piperURL: strings.TrimSuffix(os.Getenv("PIPER_HTTP_URL"), "/"), flite: map[float64]*engine.Flite{},
		files: engine.Files{Assets: assets, Cache: filepath.Join(cache, "flite")}, cache: filepath.Join(cache, "spoken"),
	}
	if _, err := s.kept(ctx, voice{engine: "piper", name: "joe", speed: 1, pitch: 1}, "Hello."); err != nil {
		missing = append(missing, fmt.Sprintf("no Piper at PIPER_HTTP_URL=%q (%v): its clips are left out", s.piperURL, err))
	} else {
		have = append(have, "piper")
	}
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		missing = append(missing, "no espeak-ng: its clips are left out, install the package espeak-ng")
	} else {
		have = append(have, "espeak")
	}
	if _, err := s.fliteAt(ctx, 1); err != nil {
		missing = append(missing, fmt.Sprintf("no Flite: its clips are left out: %v", err))
	} else {
		have = append(have, "flite")
	}
	return s, have, missing
}

// close frees the engines.
func (s *synthesizers) close(ctx context.Context) {
	for _, f := range s.flite {
		_ = f.Close(ctx) // the program ends
	}
}

// speak has v say a sentence of one or more parts, with the melody of a sentence that
// goes on at the end of each part but the last.
func (s *synthesizers) speak(ctx context.Context, v voice, parts []string) (take, error) {
	if v.engine == "espeak" {
		return s.speakWithBreaks(ctx, v, parts)
	}
	parts = slices.Clone(parts)
	for i := range len(parts) - 1 {
		parts[i] = strings.TrimSuffix(parts[i], ",") + ","
	}
	if t, err := s.speakWithCommas(ctx, v, parts); err != nil || t.parts != nil {
		return t, err
	}
	var t take
	for _, text := range parts {
		a, err := s.kept(ctx, v, text)
		if err != nil {
			return take{}, err
		}
		t.parts = append(t.parts, a)
	}
	return t, nil
}

// speakWithCommas has v say the whole sentence with a comma after each part and cuts in
// the rests at them. Nothing comes when it is not known which rest is at which comma.
func (s *synthesizers) speakWithCommas(ctx context.Context, v voice, parts []string) (take, error) {
	text := strings.Join(parts, " ")
	whole, err := s.kept(ctx, v, text)
	if err != nil {
		return take{}, err
	}
	rests := commaRests(whole, text)
	if rests == nil && len(parts) > 1 {
		return take{}, nil
	}
	var places []float64
	commas := 0
	for _, part := range parts[:len(parts)-1] {
		commas += strings.Count(part, ",")
		from, to := rests[commas-1].seconds()
		places = append(places, (from+to)/2)
	}
	cut, err := cutAt(whole, places)
	return take{parts: cut}, err
}

// commaRests are the rests of s at the commas of text: as many as there are commas, each
// clearly longer than every other rest and about where the letters say. Nil: they are
// not to be told.
func commaRests(s signal, text string) []span {
	const (
		clearlyLonger = 1.25
		maxDrift      = 0.12 // of the length of the sentence
	)
	rests, commas := restsIn(s), strings.Count(text, ",")
	if commas == 0 || len(rests) < commas {
		return nil
	}
	slices.SortStableFunc(rests, func(a, b span) int { return (b.to - b.from) - (a.to - a.from) })
	if len(rests) > commas {
		least, next := rests[commas-1], rests[commas]
		if float64(least.to-least.from) < clearlyLonger*float64(next.to-next.from) {
			return nil
		}
	}
	rests = rests[:commas]
	slices.SortFunc(rests, func(a, b span) int { return a.from - b.from })
	voiced, at := voicedAbove(s, threshold(s)), 0
	for _, r := range rests {
		at += strings.Index(text[at:], ",") + 1
		share := float64((r.from+r.to)/2-voiced.from) / float64(voiced.to-voiced.from)
		if math.Abs(share-float64(at)/float64(len(text))) > maxDrift {
			return nil
		}
	}
	return rests
}

// speakWithBreaks tells espeak-ng where the sentence rests, and cuts there. Its own
// rests at commas are shorter.
func (s *synthesizers) speakWithBreaks(ctx context.Context, v voice, parts []string) (take, error) {
	const leastBreak = 0.45 // seconds: between the rest of a comma and the break
	whole, err := s.kept(ctx, v, strings.Join(parts, ` <break time="900ms"/> `))
	if err != nil {
		return take{}, err
	}
	var places []float64
	for _, r := range restsIn(whole) {
		if from, to := r.seconds(); to-from >= leastBreak {
			places = append(places, (from+to)/2)
		}
	}
	if len(places) != len(parts)-1 {
		return take{}, fmt.Errorf("espeak-ng rests %d times in %d parts", len(places), len(parts))
	}
	cut, err := cutAt(whole, places)
	return take{parts: cut}, err
}

// kept is text as v speaks it, from the cache if it spoke it before.
func (s *synthesizers) kept(ctx context.Context, v voice, text string) (signal, error) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%.3f|%s", v.engine, v.name, v.speed, text))
	path := filepath.Join(s.cache, v.engine, hex.EncodeToString(sum[:12])+".wav")
	file, err := os.ReadFile(path)
	if err != nil {
		switch v.engine {
		case "piper":
			file, err = s.speakWithPiper(ctx, v, text)
		case "espeak":
			file, err = speakWithEspeak(ctx, v, text)
		default:
			file, err = s.speakWithFlite(ctx, v, text)
		}
		if err == nil {
			err = keepFile(path, file)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("speak %q as %s: %w", text, v.speaker(), err)
	}
	return parseWAV(file, v.pitch)
}

// keepFile writes path whole or not at all.
func keepFile(path string, file []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", file, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// speakWithPiper asks Piper's own web server.
func (s *synthesizers) speakWithPiper(ctx context.Context, v voice, text string) ([]byte, error) {
	if s.piperURL == "" {
		return nil, errors.New("no address is set")
	}
	body, err := json.Marshal(map[string]any{"text": text, "length_scale": 1 / v.speed})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.piperURL+"/synthesize", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server says %s", res.Status)
	}
	return io.ReadAll(res.Body)
}

// speakWithEspeak runs the program espeak-ng on text with SSML in it.
func speakWithEspeak(ctx context.Context, v voice, text string) ([]byte, error) {
	const (
		usual     = 150 // words a minute: at its own 175 a recogniser misses every fifth word
		amplitude = "70"
	)
	c := exec.CommandContext(ctx, "espeak-ng", "-v", v.name, "-a", amplitude, "-s", strconv.Itoa(int(usual*v.speed)), "-m", "--stdin", "--stdout")
	c.Stdin = strings.NewReader("<speak>" + text + "</speak>")
	return c.Output()
}

// speakWithFlite runs the built-in voice.
func (s *synthesizers) speakWithFlite(ctx context.Context, v voice, text string) ([]byte, error) {
	f, err := s.fliteAt(ctx, v.speed)
	if err != nil {
		return nil, err
	}
	var samples []byte
	rate := 0
	for c, err := range f.Synthesize(ctx, engine.Line{Text: text, Voice: v.name}) {
		if err != nil {
			return nil, err
		}
		samples, rate = append(samples, c.PCM...), c.Rate
	}
	if rate == 0 {
		return nil, errSilent
	}
	return wav.Encode(samples, rate), nil
}

// fliteAt is the built-in voice at a speed.
func (s *synthesizers) fliteAt(ctx context.Context, speed float64) (*engine.Flite, error) {
	if f := s.flite[speed]; f != nil {
		return f, nil
	}
	f, err := engine.OpenFlite(ctx, engine.Config{Speed: speed}, s.files)
	if err == nil {
		s.flite[speed] = f
	}
	return f, err
}
