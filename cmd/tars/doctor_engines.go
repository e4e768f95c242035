package main

import (
	"context"
	_ "embed" // the question that the recogniser is asked
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/adapters"
	"github.com/gotars/tars/cmd/tars/internal/chosen"
	"github.com/gotars/tars/cmd/tars/internal/figures"
	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/engines/install"
	"github.com/gotars/tars/engines/supervise"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/llm"
	llmengine "github.com/gotars/tars/services/llm/engine"
	"github.com/gotars/tars/services/memory"
	"github.com/gotars/tars/services/stt"
	sttengine "github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/services/tts"
	ttsengine "github.com/gotars/tars/services/tts/engine"
	"github.com/gotars/tars/speech/pcm"
)

// question is "What time is it?", a second long, in the voice joe of Piper,
// which is in the public domain (CC0).
//
//go:embed question.wav
var question []byte

const tryLimit = time.Minute // models are loaded by the first request

// trial is an engine that was asked once.
type trial struct {
	service string // or "wake", a part of stt
	kind    discovery.Kind
	engine  chosen.Engine
	server  *discovery.Server  // that the engine asks; nil: it was not found
	others  []discovery.Server // that answer and are not taken, best first
	empty   string             // address of an Ollama without a chat model
	text    string             // what was measured; empty: there is nothing to try
	err     error
	took    time.Duration // of a recogniser: for the question
	speed   float64       // of a chat model: tokens per second
}

// engines tries what each service works with and says why it is that.
func (x *examination) engines(ctx context.Context, home kit.Home) {
	fmt.Println("\nEngines, each asked once, by the settings of this shell, which may not be those of a running tars up:")
	w, err := kit.FromEnv[chosen.HostsConfig]("engine")
	if err != nil {
		x.note(false, "engines", err.Error())
		return
	}
	idle := installedButUnused(ctx, home)
	var all []trial
	for _, t := range runTrials(ctx, home, w.Hosts) {
		ok := t.err == nil
		text := t.engine.Name
		switch {
		case !ok:
			text += ": " + t.err.Error()
		case t.text != "":
			text += ": " + t.text
		}
		x.note(ok, t.service, text)
		fmt.Printf("%16s%s\n", "", t.why(w.Hosts))
		if t.service == "stt" {
			tellEars(home)
		}
		all = append(all, t)
	}
	printInstalled(ctx, home)
	if idle {
		fmt.Println("\nWhat would help most: engines are installed, and tars up runs them: make up")
		return
	}
	fmt.Printf("\nWhat would help most: %s\n", adviceOn(all))
}

// tellEars says what tells speech from other sounds, and what hears whether a speaker
// has finished, and what is lost when either is not the best.
func tellEars(home kit.Home) {
	c, err := kit.FromEnv[stt.Config]("stt")
	if err != nil {
		return // said above
	}
	tell := func(what string, ask func(kit.Home) (name, lost string)) {
		name, lost := ask(home)
		if lost != "" {
			lost = ": " + lost
		}
		fmt.Printf("%16s%s: %s%s\n", "", what, name, lost)
	}
	tell("voice detector", c.Detector)
	tell("turn-end model", c.TurnEnd)
}

// installedButUnused reports whether engines are installed and nobody runs them.
func installedButUnused(ctx context.Context, home kit.Home) bool {
	_, running := discovery.Installed(ctx, string(home))
	_, err := install.Read(string(home))
	wanted, _ := install.Wanted(os.Getenv("ENGINES"))
	return err == nil && !running && wanted
}

// tries are how the engine of each service is asked.
var tries = []struct {
	service string
	kind    discovery.Kind
	try     func(context.Context, kit.Home, *trial) error
}{
	{"stt", discovery.STT, tryHearing},
	{"llm", discovery.LLM, tryWriting},
	{"tts", discovery.TTS, trySpeaking},
	{"memory", discovery.Embed, tryEmbedding},
	{"wake", discovery.Wake, tryWaking},
}

// runTrials asks the engine of each service.
func runTrials(ctx context.Context, home kit.Home, hosts []string) []trial {
	all := lookAtEngines(ctx, home, hosts)
	for i := range all {
		limited, cancel := context.WithTimeout(ctx, tryLimit)
		all[i].err = tries[i].try(limited, home, &all[i])
		cancel()
	}
	return all
}

// lookAtEngines finds the engine of each service, and what else answers, without asking
// them anything. It takes about a second.
func lookAtEngines(ctx context.Context, home kit.Home, hosts []string) []trial {
	all := make([]trial, len(tries))
	var found map[string]chosen.Engine
	var wg sync.WaitGroup
	wg.Go(func() {
		found = chosen.Engines(ctx, home)
		found["wake"] = chosen.WakeDetector(ctx, home)
	})
	servers, empty := make([][]discovery.Server, len(tries)), ""
	for i, t := range tries {
		wg.Go(func() { servers[i] = failover.Look(ctx, hosts, string(home), t.kind) })
	}
	if failover.DiscoveryEnabled(hosts) {
		wg.Go(func() { empty = discovery.OllamaWithoutChat(ctx, hosts) })
	}
	wg.Wait()
	for i, t := range tries {
		all[i] = trial{service: t.service, kind: t.kind, engine: found[t.service]}
		if t.kind == discovery.LLM {
			all[i].empty = empty
		}
		for _, s := range servers[i] {
			if asksServer(all[i].engine, s) {
				all[i].server = &s
			} else {
				all[i].others = append(all[i].others, s)
			}
		}
	}
	return all
}

// asksServer reports whether e is the engine that asks s.
func asksServer(e chosen.Engine, s discovery.Server) bool {
	u, err := url.Parse(s.URL)
	if err != nil || e.Name != s.Name && !strings.HasPrefix(e.From, s.Name+", ") { // the memory names it there
		return false
	}
	return s.Installed || strings.HasSuffix(e.From, " "+u.Host)
}

// tryHearing has the recogniser hear the question, twice when it was asleep.
func tryHearing(ctx context.Context, home kit.Home, t *trial) error {
	transcribe, err := t.recogniser(home)
	if err != nil {
		return err
	}
	audio := pcm.Audio(question[adapters.Header:])
	var said string
	took, err := timeSecondCall(func() (time.Duration, error) {
		begin := time.Now()
		said, err = transcribe(ctx, audio)
		return time.Since(begin), err
	})
	if errors.Is(err, sttengine.ErrNone) {
		return nil
	}
	t.took = took
	t.text = fmt.Sprintf("understood %q, %.1f s of speech, in %s", strings.TrimSpace(said), audio.Duration().Seconds(), figures.Duration(took))
	if err == nil && !strings.Contains(strings.ToLower(said), "time") {
		return fmt.Errorf("understood %q, where somebody said: What time is it?", said)
	}
	return err
}

// recogniser is the one that was chosen. Like the others below, it is asked
// without those that take over when it fails: they would pass for it.
func (t *trial) recogniser(home kit.Home) (func(context.Context, []byte) (string, error), error) {
	if t.server != nil {
		return adapters.RecogniserAt(*t.server, home)
	}
	c, err := kit.FromEnv[stt.Config]("stt")
	if err != nil {
		return nil, err
	}
	e, err := sttengine.New(c.Config, string(home))
	if err != nil {
		return nil, err
	}
	return adapters.TranscribeWith(e), nil
}

func (t *trial) voice(ctx context.Context, home kit.Home) (say adapters.Sayer, done func(), err error) {
	if t.server != nil {
		return adapters.VoiceAt(ctx, *t.server, home)
	}
	c, err := kit.FromEnv[tts.Config]("tts")
	if err != nil {
		return nil, nil, err
	}
	e, stop, err := ttsengine.New(ctx, c.Config, tts.FilesOf(c, home))
	if err != nil {
		return nil, nil, err
	}
	return adapters.SayWith(e), func() { _ = stop(context.WithoutCancel(ctx)) }, nil
}

func (t *trial) writer(home kit.Home) (adapters.Answerer, error) {
	if t.server != nil {
		return adapters.WriterAt(*t.server, home)
	}
	c, err := kit.FromEnv[llm.Config]("llm")
	if err != nil {
		return nil, err
	}
	e, err := llmengine.New(c.Config, nil, string(home))
	if err != nil {
		return nil, err
	}
	return adapters.AnswerWith(e), nil
}

// embedder is nil when there is none.
func (t *trial) embedder(ctx context.Context, home kit.Home) (func(context.Context, string) ([]float32, error), error) {
	if t.server != nil {
		return adapters.EmbedderAt(*t.server)
	}
	c, err := kit.FromEnv[memory.Config]("memory")
	if err != nil {
		return nil, err
	}
	e, err := memory.NewEmbedder(ctx, c, home)
	if err != nil || e == nil {
		return nil, err
	}
	return adapters.EmbedWith(e), nil
}

func trySpeaking(ctx context.Context, home kit.Home, t *trial) error {
	say, done, err := t.voice(ctx, home)
	if err != nil {
		return err
	}
	defer done()
	took, err := timeSecondCall(func() (time.Duration, error) {
		first, _, err := say(ctx, adapters.SpokenText)
		return first, err
	})
	if errors.Is(err, ttsengine.ErrNone) {
		return nil
	}
	t.text = "first sound after " + figures.Duration(took)
	return err
}

func tryWriting(ctx context.Context, home kit.Home, t *trial) error {
	answer, err := t.writer(home)
	if err != nil || t.engine.Name == simple { // which needs no time
		return err
	}
	took, err := timeSecondCall(func() (time.Duration, error) {
		first, all, n, err := answer(ctx, adapters.AskedText, adapters.AskedTokens)
		if n > 1 {
			t.speed = float64(n-1) / (all - first).Seconds()
		}
		return first, err
	})
	t.text = fmt.Sprintf("first word after %s, %.0f tokens/s", figures.Duration(took), t.speed)
	return err
}

func tryEmbedding(ctx context.Context, home kit.Home, t *trial) error {
	vector, err := t.embedder(ctx, home)
	if err != nil || vector == nil {
		return err
	}
	var v []float32
	took, err := timeSecondCall(func() (time.Duration, error) {
		begin := time.Now()
		v, err = vector(ctx, adapters.SpokenText)
		return time.Since(begin), err
	})
	t.text = fmt.Sprintf("a text takes %s, %d numbers", figures.Duration(took), len(v))
	return err
}

// timeSecondCall takes the time of the second request: the first may have to wait for
// an engine that was asleep.
func timeSecondCall(ask func() (time.Duration, error)) (time.Duration, error) {
	if _, err := ask(); err != nil {
		return 0, err
	}
	return ask()
}

// simple is what the llm service calls the engine that needs no model.
const simple = "builtin"

// adviceOn is the one thing that would improve most.
func adviceOn(all []trial) string {
	by := map[string]trial{}
	for _, t := range all {
		by[t.service] = t
		if t.err != nil {
			return t.service + " does not work: " + t.err.Error()
		}
	}
	const patience, fast = 1500 * time.Millisecond, 10 // tokens a second
	hear, write, say := by["stt"], by["llm"], by["tts"]
	switch {
	case hear.text == "":
		return "no recogniser: make engines gives Whisper base, 0.2 x real time, 300 MB"
	case write.text == "" && write.empty != "":
		return "Ollama has no chat model: ollama pull llama3.2, or qwen2.5:1.5b on a small machine"
	case write.text == "":
		return "no chat model: one of your choice in Ollama answers best; make engines gives a small one, 370 MB"
	case say.text == "":
		return "no voice: make engines gives Piper's, make assets a simple one"
	case hear.took > patience:
		return fmt.Sprintf("the recogniser takes %s for a short question: tars engines install stt:tiny.en is faster", figures.Duration(hear.took))
	case write.speed < fast:
		return fmt.Sprintf("the chat model writes %.0f tokens a second, less than one can speak: take a smaller one", write.speed)
	case say.engine.Better != "":
		return "the voice is a simple one: make engines gives Piper's, first sound after 0.1 s"
	case by["memory"].text == "":
		return "the memory finds words only: make engines gives MiniLM, 90 MB, by which it finds what was meant"
	case by["wake"].engine.From == "built in":
		return "wake words are found in what was understood only: make engines gives microWakeWord, 45 MB, which hears them"
	case strings.HasPrefix(write.engine.From, "installed"):
		return "the installed chat model is tiny: one of a billion parameters or more in Ollama answers better"
	}
	return "nothing, all engines do well"
}

// printInstalled prints how the engines that tars up runs fare.
func printInstalled(ctx context.Context, home kit.Home) {
	running, ok := discovery.Installed(ctx, string(home))
	if !ok {
		return
	}
	fmt.Printf("\nInstalled engines, run by process %d:\n", running.PID)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "  ENGINE\tSTATE\tFOR\tMEMORY\tSTARTS\tDEATHS\tREQUESTS\tLAST TOOK\tLOG")
	for _, e := range running.Engines {
		last := "–"
		if e.Requests > 0 {
			last = figures.Duration(e.Last)
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n", e.Name, e.State, time.Since(e.Since).Round(time.Second),
			figures.Memory(supervise.Memory(e.PID)), e.Starts, e.Deaths, e.Requests, last, e.Log)
	}
	_ = t.Flush()
	for _, e := range running.Engines {
		if e.Error != "" {
			fmt.Printf("  %s\n", e.Error)
		}
	}
}
