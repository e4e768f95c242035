package test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/test/engine"
	"github.com/gotars/tars/test/need"
)

// mosquitto starts the broker of compose.yml in a container, and returns its
// address with the password.
func mosquitto(t *testing.T) string {
	t.Helper()
	need.Docker(t)
	dir := filepath.Join("..", "ops", "mosquitto")
	var files []testcontainers.ContainerFile
	for _, name := range []string{"mosquitto.conf", "start.sh", "acl"} {
		files = append(files, testcontainers.ContainerFile{HostFilePath: filepath.Join(dir, name), ContainerFilePath: "/mosquitto/config/" + name, FileMode: 0o644})
	}
	c, err := testcontainers.Run(t.Context(), "eclipse-mosquitto:2",
		testcontainers.WithExposedPorts("1883/tcp"), testcontainers.WithFiles(files...),
		testcontainers.WithEnv(map[string]string{"TARS_MQTT_PASSWORD": "s3cret"}),
		testcontainers.WithCmd("sh", "/mosquitto/config/start.sh", "mosquitto.conf"),
		testcontainers.WithConfigModifier(func(c *container.Config) { c.User = "1883:1883" }),
		testcontainers.WithWaitStrategyAndDeadline(time.Minute, wait.ForListeningPort("1883/tcp").SkipInternalCheck()))
	testcontainers.CleanupContainer(t, c)
	if err != nil {
		t.Fatal(err)
	}
	addr, err := c.PortEndpoint(t.Context(), "1883/tcp", "")
	if err != nil {
		t.Fatal(err)
	}
	return "mqtt://tars:s3cret@" + addr
}

// scripted starts the scripted engine and returns the variables that name it.
func scripted(t *testing.T) []string {
	t.Helper()
	srv := httptest.NewServer(engine.Handler())
	t.Cleanup(srv.Close)
	var env []string
	for _, s := range []string{"STT", "TTS", "LLM"} {
		env = append(env, s+"_OPENAI_URL="+srv.URL+"/v1")
	}
	return env
}

// TestJourneysOnMosquitto runs each service as a process of its own on a real
// broker, and goes the typed, the spoken and the cancelled way.
func TestJourneysOnMosquitto(t *testing.T) {
	t.Parallel()
	url := mosquitto(t)
	s := settings(t, append(scripted(t), "MQTT_URL="+url)...)
	for _, name := range []string{"memory", "llm", "tts", "stt", "router", "ui-web", "timer"} {
		s.start(t, "run", name)
	}
	for _, name := range []string{"memory", "llm", "tts", "stt", "router", "ui-web", "timer"} {
		s.await(t, name+" is healthy", func() bool {
			_, err := s.tars(t, "healthy", name)
			return err == nil
		})
	}
	journeys(t, s, url)
	late(t, url)
}

// journeys goes all three ways and holds what was recorded against the contract.
func journeys(t *testing.T, s *stack, url string) {
	t.Helper()
	file := filepath.Join(s.home, "journeys.jsonl")
	record, out := s.start(t, "record", file)
	s.await(t, "the recording", func() bool { return strings.Contains(out.String(), "recording") })
	typed(t, s)
	spoken(t, s, url)
	cancelled(t, s, url)
	if code, _ := interrupt(t, record); code != 0 {
		t.Errorf("tars record ended with %d: %s", code, out)
	}
	satisfies(t, file)
}

// typed asks by keyboard.
func typed(t *testing.T, s *stack) {
	t.Helper()
	out, err := s.tars(t, "ask", "what", "now?")
	if err != nil || out != engine.Reply {
		t.Errorf("tars ask: %q, %v, want %q", out, err, engine.Reply)
	}
}

// hearing collects what a journey waits for.
type hearing struct {
	finals chan contract.FinalTranscript
	audio  chan contract.SpeakerAudio
	turns  chan contract.TurnRecord
	deltas chan contract.LLMStreamDelta
	ends   chan contract.LLMResponse
	status chan contract.TtsStatus
}

func newHearing() *hearing {
	return &hearing{make(chan contract.FinalTranscript, 64), make(chan contract.SpeakerAudio, 4096), make(chan contract.TurnRecord, 64),
		make(chan contract.LLMStreamDelta, 4096), make(chan contract.LLMResponse, 64), make(chan contract.TtsStatus, 256)}
}

func (h *hearing) handlers() []kit.Handler {
	return []kit.Handler{
		kit.On(into(h.finals), kit.Name("finals")), kit.On(into(h.audio), kit.Name("audio"), kit.Queue(4096)), kit.On(into(h.turns), kit.Name("turns")),
		kit.On(into(h.deltas), kit.Name("deltas"), kit.Queue(4096)), kit.On(into(h.ends), kit.Name("ends")), kit.On(into(h.status), kit.Name("status")),
		kit.Sends[contract.MicAudio](), kit.Sends[contract.FinalTranscript](), kit.Sends[contract.LLMCancel](), kit.Sends[contract.TtsControl](), kit.Sends[contract.WakeMicCommand](), kit.Sends[contract.CharacterUpdate](),
	}
}

func into[M any](c chan M) func(context.Context, M) error {
	return func(_ context.Context, m M) error {
		select {
		case c <- m:
		default:
		}
		return nil
	}
}

// patience is how long a test waits for what has to come: no more than a test
// that fails takes, on a machine that does much else.
const patience = 2 * time.Minute

// within takes the next value, or fails.
func within[M any](t *testing.T, what string, c chan M) M {
	t.Helper()
	select {
	case m := <-c:
		return m
	case <-time.After(patience):
		t.Fatalf("no %s within %s", what, patience)
		panic("unreachable")
	}
}

// spoken speaks a recorded clip into the microphone topic of a room that has a
// speaker, and waits for the answer.
func spoken(t *testing.T, s *stack, url string) {
	t.Helper()
	h := newHearing()
	bus := connect(t, url, h.handlers()...)
	microphone(t, bus, "web-journey", clip(t, "goforward.wav"), 4)
	f := within(t, "transcript", h.finals)
	if f.Text != engine.Heard || f.UttID == nil {
		t.Errorf("heard %+v", f)
	}
	a := within(t, "audio", h.audio)
	for a.UttID != *f.UttID {
		a = within(t, "audio", h.audio)
	}
	if a.Sink != "web-journey" || a.Rate != engine.Rate {
		t.Errorf("audio to %s at %d Hz for %s", a.Sink, a.Rate, a.UttID)
	}
	for {
		r := within(t, "end of the turn", h.turns)
		if r.TurnID != f.MessageID {
			continue
		}
		if r.Outcome != contract.TurnDone || r.FirstAudio == nil {
			t.Errorf("record %+v", r)
		}
		break
	}
}

// cancelled stops a long answer as the page's stop button does.
func cancelled(t *testing.T, s *stack, url string) {
	t.Helper()
	h := newHearing()
	bus := connect(t, url, h.handlers()...)
	utt := "journey-" + kit.NewID()[:8]
	ctx := kit.WithBaggage(kit.WithBaggage(t.Context(), "room", "web-journey"), "typed", "1")
	f := contract.FinalTranscript{Text: engine.Long, UttID: &utt}
	f.MessageID = kit.NewID()
	if err := bus.Publish(ctx, f); err != nil {
		t.Fatal(err)
	}
	for within(t, "deltas", h.deltas).ID != utt {
	}
	for a := within(t, "audio", h.audio); a.UttID != utt; a = within(t, "audio", h.audio) {
	}
	if err := bus.Publish(ctx, contract.LLMCancel{ID: utt}); err != nil {
		t.Fatal(err)
	}
	if err := bus.Publish(ctx, contract.TtsControl{Action: contract.TtsStop, ID: &utt}); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	for {
		if r := within(t, "the cancelled response", h.ends); r.ID == utt {
			if r.Error == nil || *r.Error != "cancelled" {
				t.Errorf("response %+v", r)
			}
			break
		}
	}
	for {
		if st := within(t, "the end of the speech", h.status); st.UttID != nil && *st.UttID == utt && st.Event == contract.TtsSpeakingEnd {
			break
		}
	}
	for {
		if r := within(t, "the record of the turn", h.turns); r.TurnID == f.MessageID {
			if r.Outcome != contract.TurnInterrupted {
				t.Errorf("record %+v", r)
			}
			break
		}
	}
	t.Logf("cancelled within %s", time.Since(begin).Round(time.Millisecond))
}

// clip is the PCM of a recorded WAV file.
func clip(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "speech", name))
	if err != nil {
		t.Fatal(err)
	}
	i := strings.Index(string(b), "data")
	if i < 0 || len(b) < i+8 {
		t.Fatalf("%s is no WAV file", name)
	}
	return b[i+8 : len(b)-(len(b)-i-8)%2]
}

// microphone sends PCM and half a second of silence on both sides, speed times
// as fast as it was spoken, and ends the stream.
func microphone(t *testing.T, bus *kit.Bus, source string, pcm []byte, speed float64) {
	t.Helper()
	const chunk = 1280 // 40 ms
	quiet := make([]byte, 16000)
	pcm = append(append(append([]byte{}, quiet...), pcm...), append(quiet, quiet...)...)
	seq := 0
	for len(pcm) > 0 {
		n := min(chunk, len(pcm))
		if err := bus.Publish(t.Context(), contract.MicAudio{Source: source, Seq: seq, PCM: pcm[:n]}); err != nil {
			t.Fatal(err)
		}
		pcm = pcm[n:]
		seq++
		time.Sleep(time.Duration(float64(40*time.Millisecond) / speed))
	}
	if err := bus.Publish(t.Context(), contract.MicAudio{Source: source, Seq: seq}); err != nil {
		t.Fatal(err)
	}
}

// line is one message of a recording.
type line struct {
	Topic       string            `json:"topic"`
	QoS         byte              `json:"qos"`
	Retained    bool              `json:"retained"`
	ContentType string            `json:"content_type"`
	User        map[string]string `json:"user"`
	Payload     []byte            `json:"payload"`
}

func lines(t *testing.T, file string) (all []line) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var l line
		if err := json.Unmarshal(in.Bytes(), &l); err != nil {
			t.Fatalf("%v in %s", err, fmt.Sprintf("%.100s", in.Text()))
		}
		all = append(all, l)
	}
	return all
}
