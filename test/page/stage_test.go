package page

import (
	"context"
	"encoding/binary"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/router"
	"github.com/gotars/tars/services/timer"
)

// stage is what a page meets: a real broker, router and page, and engines that
// say what they are told to.
type stage struct {
	url string

	household // what is seen beside the conversation

	mu        sync.Mutex
	spoken    []byte                // samples of the answer that is spoken
	heard     []byte                // of the microphone
	questions []string              // that the model was asked
	lines     []contract.MemoryLine // that the memory keeps
	cancels   int
	stops     int
}

const voiceRate = 22050

// answer writes word by word, slowly if asked to; a long one goes on until it is cancelled.
func (s *stage) answer(ctx context.Context, q contract.LLMRequest, send func(contract.LLMStreamDelta) error) (contract.LLMResponse, error) {
	s.mu.Lock()
	s.questions = append(s.questions, q.Text)
	s.mu.Unlock()
	text := "The boat is red, with a white stripe. It lies in the old harbour, next to the lighthouse."
	if strings.Contains(q.Text, "story") {
		text = strings.Repeat("And then they sailed on, from one island to the next. ", 100)
	}
	pause := 25 * time.Millisecond
	if strings.Contains(q.Text, "slowly") {
		pause *= 5
	}
	for i, word := range strings.SplitAfter(text, " ") {
		if err := send(contract.LLMStreamDelta{ID: q.ID, Seq: new(i + 1), Delta: &word}); err != nil {
			return contract.LLMResponse{}, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			s.count(&s.cancels)
			return contract.LLMResponse{}, ctx.Err()
		}
	}
	return contract.LLMResponse{ID: q.ID, Reply: &text}, nil
}

func (s *stage) count(n *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n++
}

// voice speaks a tone, 30 ms for each character, as a tts does: at most 300 ms
// ahead.
type voice struct {
	*stage
	bus *kit.Bus
}

// Handlers declares what the voice does.
func (v *voice) Handlers() []kit.Handler {
	stop := kit.CancelledBy(func(c contract.TtsControl) string { return *c.ID }, func(m contract.TtsSay) string { return *m.UttID })
	return []kit.Handler{kit.On(v.say, stop), kit.Sends[contract.TtsStatus](), kit.Sends[contract.SpeakerAudio]()}
}

func (v *voice) say(ctx context.Context, m contract.TtsSay) error {
	if ctx.Err() != nil {
		return nil // a sentence that comes after the stop
	}
	tell := func(event string) error {
		return v.bus.Publish(context.WithoutCancel(ctx), contract.TtsStatus{Event: event, Text: m.Text, UttID: m.UttID})
	}
	if err := tell(contract.TtsSpeakingStart); err != nil {
		return err
	}
	const chunk = voiceRate / 10
	left := len(m.Text) * voiceRate * 30 / 1000
	ahead := 3
	for seq := 0; left > 0; seq++ {
		pcm := tone(min(left, chunk), voiceRate, 330)
		left -= chunk
		a := contract.SpeakerAudio{Sink: kit.From(ctx).Baggage["room"], UttID: *m.UttID, Say: m.MessageID, Seq: seq, Last: left <= 0, Rate: voiceRate, PCM: pcm}
		if err := v.bus.Publish(ctx, a); err != nil {
			break
		}
		v.mu.Lock()
		v.spoken = append(v.spoken, pcm...)
		v.mu.Unlock()
		if ahead--; ahead > 0 {
			continue
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			v.count(&v.stops)
			_ = tell(contract.TtsStopped)
			left = 0
		}
	}
	return tell(contract.TtsSpeakingEnd)
}

// ears understand one sentence, whatever is said.
type ears struct {
	*stage
	bus *kit.Bus
}

// Handlers declares what the ears do.
func (e *ears) Handlers() []kit.Handler {
	return []kit.Handler{kit.On(e.listen, kit.Queue(1024)), kit.Sends[contract.PartialTranscript](), kit.Sends[contract.FinalTranscript](), kit.Sends[contract.SpeechTiming]()}
}

func (e *ears) listen(ctx context.Context, a contract.MicAudio) error {
	e.mu.Lock()
	e.heard = append(e.heard, a.PCM...)
	e.mu.Unlock()
	ctx = kit.WithBaggage(ctx, "room", a.Source)
	switch {
	case len(a.PCM) == 0:
		now := float64(time.Now().UnixMicro()) / 1e6
		if err := e.bus.Publish(ctx, contract.SpeechTiming{UttID: "utt-1", LastWord: now - 0.7, Endpoint: now - 0.2, Reading: contract.ReadingReady}); err != nil {
			return err
		}
		return e.bus.Publish(ctx, contract.FinalTranscript{Text: "And where does it lie?", UttID: new("utt-1"), Confidence: new(0.9)})
	case a.Seq%10 == 0:
		return e.bus.Publish(ctx, contract.PartialTranscript{Text: "And where does", UttID: new("utt-1")})
	}
	return nil
}

// recall finds the lines that have a word of the query, the newest first.
func (s *stage) recall(_ context.Context, q contract.MemoryQuery) (contract.MemoryResults, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := contract.MemoryResults{Query: q.Text, Results: []contract.MemoryResult{}}
	for _, l := range slices.Backward(s.lines) {
		if q.Text != "*" && !slices.ContainsFunc(strings.Fields(q.Text), func(w string) bool { return strings.Contains(l.Text, w) }) {
			continue
		}
		d := map[string]any{"id": l.ID, "text": l.Text, "role": l.Role, "room": l.Room, "ts": l.TS}
		r.Results = append(r.Results, contract.MemoryResult{Document: d, Score: new(0.83), Timestamp: new("1763000000")})
	}
	r.K = len(r.Results)
	return r, nil
}

// list answers as the memory does.
func (s *stage) list(_ context.Context, q contract.MemoryList) (contract.MemoryLines, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.lines
	if q.Last {
		all = all[max(0, len(all)-q.Limit):]
	} else {
		all = slices.DeleteFunc(slices.Clone(all), func(l contract.MemoryLine) bool { return l.ID <= q.After })
		all = all[:min(len(all), q.Limit)]
	}
	return contract.MemoryLines{Lines: slices.Clone(all), Total: len(s.lines)}, nil
}

func (s *stage) forgetLines(_ context.Context, q contract.MemoryForget) (contract.MemoryForgotten, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.lines)
	s.lines = slices.DeleteFunc(s.lines, func(l contract.MemoryLine) bool { return slices.Contains(q.IDs, l.ID) })
	return contract.MemoryForgotten{Count: before - len(s.lines)}, nil
}

func (s *stage) keepQuestion(ctx context.Context, f contract.FinalTranscript) error {
	utt := ""
	if f.UttID != nil {
		utt = *f.UttID
	}
	s.remember("user", kit.From(ctx).Baggage["room"], f.Text, utt)
	return nil
}

func (s *stage) keepAnswer(ctx context.Context, r contract.LLMResponse) error {
	if r.Reply != nil {
		s.remember("assistant", kit.From(ctx).Baggage["room"], *r.Reply, r.ID)
	}
	return nil
}

// remember lets the memory keep a line.
func (s *stage) remember(role, room, text, utt string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := int64(1)
	if n := len(s.lines); n > 0 {
		id = s.lines[n-1].ID + 1
	}
	s.lines = append(s.lines, contract.MemoryLine{ID: id, Role: role, Room: room, Text: text, TS: 1763000000 + 60*float64(id), UttID: utt})
}

// tone is n samples of a sine of hz.
func tone(n, rate int, hz float64) (pcm []byte) {
	for i := range n {
		pcm = binary.LittleEndian.AppendUint16(pcm, uint16(int16(8000*math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))))
	}
	return pcm
}

// start runs everything until the test ends, with settings such as UI_TOKEN=x
// beside its own.
func start(t *testing.T, settings ...string) *stage {
	t.Helper()
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		t.Setenv(name, value)
	}
	b, err := broker.New(broker.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	_ = free.Close()
	t.Setenv("MQTT_URL", "mqtt://"+b.Addr())
	t.Setenv("UI_ADDR", addr)
	if os.Getenv("UI_TOKEN") != "" { // then others may reach it
		_, port, _ := net.SplitHostPort(addr)
		t.Setenv("UI_ADDR", "0.0.0.0:"+port)
	}
	t.Setenv("LOG_LEVEL", "error")
	program := strings.ToUpper(strings.ReplaceAll(filepath.Base(os.Args[0]), "-", "_"))
	t.Setenv(program+"_HOME", t.TempDir()) // for the timers

	s := &stage{url: "http://" + addr}
	mods := []kit.Module{
		router.Module, s.pageModule(), s.keeperModule(), timer.Module,
		kittest.ServiceOf("llm", kit.Stream(s.answer, kit.CancelledBy(func(c contract.LLMCancel) string { return c.ID }, func(q contract.LLMRequest) string { return q.ID }))).With(kit.As(kit.Identity{ClientID: "tars-llm", Source: "llm-worker"})),
		kit.Service[*voice]("tts", kit.As(kit.Identity{ClientID: "tars-tts", Source: "tars-tts"}), fx.Provide(func(bus *kit.Bus) *voice { return &voice{s, bus} })),
		kit.Service[*ears]("stt", kit.As(kit.Identity{ClientID: "tars-stt", Source: "tars-stt"}), fx.Provide(func(bus *kit.Bus) *ears { return &ears{s, bus} })),
		kittest.ServiceOf("memory", kit.Answer(s.recall), kit.Answer(s.list), kit.Answer(s.forgetLines), kit.On(s.keepQuestion), kit.On(s.keepAnswer)).With(kit.As(kit.Identity{ClientID: "tars-memory", Source: "memory-worker"})),
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- kit.Run(ctx, mods...) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

// browse opens the page in a browser whose microphone hears a tone of 1 kHz. An
