package uiweb_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	uiweb "github.com/gotars/tars/services/ui-web"
)

// stream is a page that looks.
type stream struct {
	status int
	lines  *bufio.Scanner
}

func look(t *testing.T, b *kittest.Harness, path string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := b.HTTP("ui-web").Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = answer.Body.Close() })
	s := &stream{answer.StatusCode, bufio.NewScanner(answer.Body)}
	s.lines.Buffer(nil, 1<<20)
	return s
}

// until returns the first event of a kind that has what is wanted in it.
func (s *stream) until(t *testing.T, event, has string) string {
	t.Helper()
	kind := ""
	for s.lines.Scan() {
		line := s.lines.Text()
		if name, ok := strings.CutPrefix(line, "event: "); ok {
			kind = name
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok && kind == event && strings.Contains(data, has) {
			return data
		}
	}
	t.Fatalf("no %s with %q: %v", event, has, s.lines.Err())
	return ""
}

func allowing(words ...string) kit.Module { return module(uiweb.Config{Allow: words}) }

func TestTheBusIsSeen(t *testing.T) {
	kittest.Run(t, "messages of a filter, as they are", func(t *testing.T, b *kittest.Harness) {
		s := look(t, b, "/api/bus?filter=box/%2B")
		b.PublishRaw(t, "other/thing", `{"not":"this"}`)
		b.PublishRaw(t, "box/note", `{"n":1}`)
		var m struct {
			Topic, Source string
			Size          int
			Data          map[string]int
		}
		if err := json.Unmarshal([]byte(s.until(t, "message", "")), &m); err != nil || m.Topic != "box/note" || m.Data["n"] != 1 || m.Size != 7 {
			t.Errorf("%+v, %v", m, err)
		}
		b.PublishRaw(t, "box/text", "no <b>JSON</b>")
		s.until(t, "message", `"data":"no \u003cb\u003eJSON\u003c/b\u003e"`)
		b.PublishRaw(t, "box/bytes", "\xff\xfe")
		s.until(t, "message", `"size":2,"data":null`)
		b.PublishRaw(t, "box/long", strings.Repeat("x", 20000))
		if got := s.until(t, "message", `"cut":true`); len(got) > 9000 {
			t.Errorf("%d bytes are shown of a long message", len(got))
		}
	}, allowing())
	kittest.Run(t, "audio only to who wants it", func(t *testing.T, b *kittest.Harness) {
		without, with := look(t, b, "/api/bus"), look(t, b, "/api/bus?audio=1")
		b.PublishTyped(t, "audio/mic/kitchen", "audio/pcm", "\x00\x01")
		b.PublishRaw(t, "box/after", "1")
		if got := with.until(t, "message", `"topic":"audio/mic/kitchen`); !strings.Contains(got, `"kind":"audio/pcm"`) {
			t.Errorf("shown is %s", got)
		}
		for {
			got := without.until(t, "message", "")
			if strings.Contains(got, `"topic":"audio/mic/kitchen`) {
				t.Error("audio is shown unasked")
			}
			if strings.Contains(got, `"topic":"box/after`) {
				break
			}
		}
	}, allowing())
	kittest.Run(t, "what this service itself sends is seen", func(t *testing.T, b *kittest.Harness) {
		p, s := open(t, b, "3f2a"), look(t, b, "/api/bus?filter=stt/final")
		p.send(t, websocket.MessageText, `{"say":"hello"}`)
		s.until(t, "message", `"hello"`)
	}, allowing())
	kittest.Run(t, "a filter that is none is told", func(t *testing.T, b *kittest.Harness) {
		if s := look(t, b, "/api/bus?filter=box/%23/x"); s.status != http.StatusBadGateway && s.status != http.StatusBadRequest {
			t.Errorf("answered with %d", s.status)
		}
	}, allowing())
	kittest.Run(t, "nine pages at once are one too many", func(t *testing.T, b *kittest.Harness) {
		for range 8 {
			if s := look(t, b, "/api/bus"); s.status != http.StatusOK {
				t.Fatalf("refused with %d", s.status)
			}
		}
		if s := look(t, b, "/api/bus"); s.status != http.StatusServiceUnavailable {
			t.Errorf("the ninth is answered with %d, want 503", s.status)
		}
	}, allowing())
	kittest.Run(t, "nobody looks, and no connection is left", func(t *testing.T, b *kittest.Harness) {
		ctx, cancel := context.WithCancel(t.Context())
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/api/bus", nil)
		answer, err := b.HTTP("ui-web").Do(r)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		_ = answer.Body.Close()
		time.Sleep(time.Minute)
		for range 8 { // it gave its place back
			look(t, b, "/api/bus")
		}
	}, allowing())
}

func TestAMessageIsPublished(t *testing.T) {
	kittest.Run(t, "in an envelope, so that services take it", func(t *testing.T, b *kittest.Harness) {
		code, said := call(t, b, http.MethodPost, "/api/bus", `{"topic":"timer/command","payload":{"action":"cancel","timer_id":"7"}}`, own)
		if code != http.StatusOK || said != `{"sent":true}` {
			t.Errorf("answered with %d %s", code, said)
		}
		b.Settle()
		if n := commands(b); n != 1 {
			t.Errorf("the oven took %d commands, want 1", n)
		}
	}, allowing("publish"), kittest.ServiceOf("oven", kit.On(func(context.Context, contract.TimerCommand) error { return nil })))
	for name, c := range map[string]struct{ body, want string }{
		"not without a topic": {`{"payload":1}`, `{"error":"A message needs a topic without + and #."}`},
		"not to a filter":     {`{"topic":"box/+","payload":1}`, `{"error":"A message needs a topic without + and #."}`},
		"not what is no JSON": {`{"topic":"box/note","payload":`, `{"error":"the body is not the JSON that is wanted"}`},
	} {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			if code, said := call(t, b, http.MethodPost, "/api/bus", c.body, own); code != http.StatusBadRequest || said != c.want {
				t.Errorf("answered with %d %s", code, said)
			}
		}, allowing("publish"))
	}
}

func TestTheServicesAreSeen(t *testing.T) {
	kittest.Run(t, "who they are, how they are and what they did", func(t *testing.T, b *kittest.Harness) {
		s := look(t, b, "/api/house")
		s.until(t, "info", `"name":"oven"`)
		s.until(t, "stats", `"client_id":"oven"`)
		s.until(t, "stats", `"client_id":"oven"`) // and again
	}, allowing(), kittest.ServiceOf("oven", kit.On(func(context.Context, contract.TimerCommand) error { return nil })))
}

func TestRoomsAreAsLoudAsTheyAre(t *testing.T) {
	loud := make([]byte, 640)
	for i := 0; i < len(loud); i += 2 {
		binary.LittleEndian.PutUint16(loud[i:], uint16(int16(3277-6554*(i/2%2)))) // a tenth of full scale, -20 dB
	}
	kittest.Run(t, "while their microphones are on", func(t *testing.T, b *kittest.Harness) {
		s := look(t, b, "/api/house")
		b.Publish(t, contract.MicAudio{Source: "kitchen", Rate: contract.AudioRate, PCM: loud})
		b.Publish(t, contract.MicAudio{Source: "hall", Rate: contract.AudioRate, PCM: make([]byte, 640)})
		if got, want := s.until(t, "levels", "kitchen"), `{"hall":0,"kitchen":0.67}`; got != want {
			t.Errorf("levels are %s, want %s", got, want)
		}
		b.Publish(t, contract.MicAudio{Source: "kitchen", Rate: contract.AudioRate}) // the end
		s.until(t, "levels", "{}")
	}, allowing("none"))
}

// oven fails on each command until it is repaired.
type oven struct{ repaired atomic.Bool }

func (o *oven) module() kit.Module {
	return kittest.ServiceOf("oven", kit.On(func(context.Context, contract.TimerCommand) error {
		if !o.repaired.Load() {
			return errors.New("too hot")
		}
		return nil
	}))
}

// commands is how many the oven took.
func commands(b *kittest.Harness) (n int64) {
	for _, h := range b.Stats("oven").Handlers {
		if h.Topic == "timer/command" {
			n += h.Handled
		}
	}
	return n
}

func TestDeadLetters(t *testing.T) {
	id := func(t *testing.T, data string) string {
		t.Helper()
		var all []struct{ ID, Client, Topic, Problem string }
		if err := json.Unmarshal([]byte(data), &all); err != nil || len(all) != 1 || all[0].Client != "oven" || all[0].Topic != "timer/command" || all[0].Problem != "too hot" {
			t.Fatalf("letters are %s, %v", data, err)
		}
		return all[0].ID
	}
	command := contract.TimerCommand{Action: contract.TimerCancel, ID: new("7")}
	o := &oven{}
	kittest.Run(t, "are given back to who failed on them", func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, command)
		s := look(t, b, "/api/house")
		letter := id(t, s.until(t, "letters", "too hot"))
		o.repaired.Store(true)
		if code, said := call(t, b, http.MethodPost, "/api/letters", `{"action":"replay","id":"`+letter+`"}`, own); code != http.StatusOK {
			t.Errorf("answered with %d %s", code, said)
		}
		s.until(t, "letters", "[]")
		if n := commands(b); n != 1 {
			t.Errorf("the oven took %d commands, want 1", n)
		}
		if code, _ := call(t, b, http.MethodPost, "/api/letters", `{"action":"replay","id":"`+letter+`"}`, own); code != http.StatusNotFound {
			t.Errorf("a letter that is gone is answered with %d, want 404", code)
		}
	}, allowing("inspect", "publish"), o.module())
	kittest.Run(t, "are dropped", func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, command)
		s := look(t, b, "/api/house")
		letter := id(t, s.until(t, "letters", "too hot"))
		if code, said := call(t, b, http.MethodPost, "/api/letters", `{"action":"drop","id":"`+letter+`"}`, own); code != http.StatusOK {
			t.Errorf("answered with %d %s", code, said)
		}
		s.until(t, "letters", "[]")
	}, allowing("inspect", "publish"), new(oven).module())
	kittest.Run(t, "are not told to who may not look", func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, command)
		s := look(t, b, "/api/house")
		for range 4 {
			if got := s.until(t, "stats", ""); strings.Contains(got, "letters") {
				t.Error(got)
			}
		}
	}, allowing("none"), new(oven).module())
}

func TestTheDocumentOfAllChannels(t *testing.T) {
	kittest.Run(t, "is served", func(t *testing.T, b *kittest.Harness) {
		code, said := call(t, b, http.MethodGet, "/api/asyncapi", "", own)
		var doc struct{ Channels map[string]any }
		if err := json.Unmarshal([]byte(said), &doc); code != http.StatusOK || err != nil || doc.Channels["stt_final"] == nil {
			t.Errorf("answered with %d, %v, %d channels", code, err, len(doc.Channels))
		}
	}, allowing("none"))
}

// workshop are engines that install in three steps, or until they are stopped.
type workshop struct {
	endless bool
	fail    error
	wanted  []string
}

func (w *workshop) Report(_ context.Context, try bool) (uiweb.EngineReport, error) {
	r := uiweb.EngineReport{Uses: []uiweb.EngineUse{{Service: "stt", Engine: "Whisper", Why: "because it is installed"}}}
	if try {
		r.Advice = "nothing, all engines do well"
	}
	return r, nil
}

func (w *workshop) Install(ctx context.Context, parts []string, tell func(uiweb.EngineStep)) error {
	w.wanted = parts
	for n := int64(1); n <= 3 || w.endless; n++ {
		tell(uiweb.EngineStep{What: "fetching", Done: n * 100, Total: 300})
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return w.fail
}

func (w *workshop) module(words ...string) kit.Module {
	return allowing(words...).With(fx.Decorate(func(uiweb.Engines) uiweb.Engines { return w }))
}

// installation waits for what a page is told.
func (p *page) installation(t *testing.T, has string) string {
	t.Helper()
	for {
		if _, data := p.next(t); strings.Contains(string(data), `{"installation"`) && strings.Contains(string(data), has) {
			return string(data)
		}
	}
}

func TestEnginesAreInstalled(t *testing.T) {
	w := &workshop{}
	kittest.Run(t, "with each page told how far it is", func(t *testing.T, b *kittest.Harness) {
		p := open(t, b, "3f2a")
		if code, said := call(t, b, http.MethodPost, "/api/engines/install", `{"parts":["tts"]}`, own); code != http.StatusOK || !strings.Contains(said, `"running":true`) {
			t.Errorf("answered with %d %s", code, said)
		}
		p.installation(t, `"done":200,"total":300,"running":true`)
		if code, _ := call(t, b, http.MethodPost, "/api/engines/install", `{"parts":["tts"]}`, own); code != http.StatusConflict {
			t.Errorf("a second one is answered with %d, want 409", code)
		}
		p.installation(t, `"running":false,"trouble":"","ended":true`)
		if len(w.wanted) != 1 || w.wanted[0] != "tts" {
			t.Errorf("installed %v", w.wanted)
		}
		if _, said := call(t, b, http.MethodGet, "/api/engines", "", own); !strings.Contains(said, `"engine":"Whisper"`) || !strings.Contains(said, `"ended":true`) {
			t.Errorf("a page that comes later is told %s", said)
		}
		if _, said := call(t, b, http.MethodPost, "/api/engines/try", "{}", own); !strings.Contains(said, "all engines do well") {
			t.Errorf("asked, they say %s", said)
		}
	}, w.module("install"))
	kittest.Run(t, "until somebody stops it", func(t *testing.T, b *kittest.Harness) {
		p := open(t, b, "3f2a")
		call(t, b, http.MethodPost, "/api/engines/install", `{}`, own)
		p.installation(t, `"done":200`)
		call(t, b, http.MethodPost, "/api/engines/cancel", `{}`, own)
		p.installation(t, `"trouble":"stopped"`)
	}, (&workshop{endless: true}).module("install"))
	kittest.Run(t, "or it is told why not", func(t *testing.T, b *kittest.Harness) {
		p := open(t, b, "3f2a")
		call(t, b, http.MethodPost, "/api/engines/install", `{}`, own)
		p.installation(t, `"trouble":"the disk is full","ended":false`)
	}, (&workshop{fail: errors.New("the disk is full")}).module("install"))
	kittest.Run(t, "and one that runs ends with the service", func(t *testing.T, b *kittest.Harness) {
		open(t, b, "3f2a")
		call(t, b, http.MethodPost, "/api/engines/install", `{}`, own)
		b.Stop(t, "ui-web")
	}, (&workshop{endless: true}).module("install"))
}
