package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/cmd/operate"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
	turnfile "github.com/gotars/tars/services/ui-web/turns"
)

// recording is messages, a second after each other, as tars record writes them.
func recording(t *testing.T, all ...msg.Message) string {
	t.Helper()
	var out bytes.Buffer
	at := time.Unix(1763000000, 0)
	for _, m := range all {
		r := operate.RecordedMessage{At: at, Topic: m.Route().Topic, Baggage: map[string]string{"room": "hall"}}
		var err error
		if a, ok := m.(contract.MicAudio); ok {
			r.Topic, r.Payload, r.User = "audio/mic/hall", a.PCM, map[string]string{"ts": "1763000000"}
		} else if r.Payload, err = wire.Seal(nil, wire.Envelope{ID: "f1", Type: "x", Source: "y"}, m); err != nil {
			t.Fatal(err)
		}
		if err := json.NewEncoder(&out).Encode(r); err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Second)
	}
	return out.String()
}

func TestTurnsOfARecording(t *testing.T) {
	final := contract.FinalTranscript{Text: "What time is it?", UttID: new("u1")}
	final.MessageID = "f1"
	say := contract.TtsSay{Text: "It is ten.", UttID: new("u1")}
	say.MessageID = "s1"
	in := recording(t, contract.MicAudio{PCM: make([]byte, 6400)}, final, contract.SpeechDetail{UttID: "u1", Begun: 1763000000, StepMS: 20, Levels: []int{1, 2, 3}}, say,
		contract.VoiceDetail{UttID: new("u1"), Say: "s1", Begun: new(1763000005.0), Ended: 1763000006},
		contract.TurnRecord{TurnID: "f1", Outcome: contract.TurnDone, FirstAudio: new(1763000005.0), LastWord: new(1763000001.0)}, contract.SpeechDropped{UttID: new("u2"), Reason: "echo"})
	dir := filepath.Join(t.TempDir(), "turns")
	f, err := newTurnFolder(dir, "", true)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := f.read(strings.NewReader(in)); err != nil || n != 7 || f.n != 2 {
		t.Fatalf("%d turns of %d messages, %v", f.n, n, err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "turn-*.json"))
	if len(files) != 2 || filepath.Base(files[0]) != "turn-20251113-021320.000-f1.json" {
		t.Fatalf("files %q", files)
	}
	file, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	got, err := turnfile.Read(file)
	if err != nil || got.Text != "What time is it?" || got.Outcome != contract.TurnDone || got.Sound == nil || len(got.Spoken) != 1 || got.Spoken[0].State != turnfile.Heard {
		t.Errorf("read %+v, %v", got, err)
	}
	var shown bytes.Buffer
	printTurn(&shown, got)
	for _, want := range []string{"said          What time is it?", "outcome       done", "heard         It is ten.", "first sound   4.00 s after the last word"} {
		if !strings.Contains(shown.String(), want) {
			t.Errorf("nothing says %q:\n%s", want, shown.String())
		}
	}
}

func TestARecordingThatMakesNoSense(t *testing.T) {
	f, err := newTurnFolder(t.TempDir(), "", false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.read(strings.NewReader("{\"topic\":\"a\"}\nnonsense\n")); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("read with %v", err)
	}
}

// TestTurnsAreSavedAsTheyEnd takes three seconds: so long more of a turn may be told.
func TestTurnsAreSavedAsTheyEnd(t *testing.T) {
	for _, key := range []string{"MQTT_URL", "MQTT_HOST", "MQTT_PORT"} {
		t.Setenv(key, "")
	}
	home := kit.Home(t.TempDir())
	_, stop, err := haveBroker(t.Context(), home, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	dir := filepath.Join(t.TempDir(), "turns")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- (&turnSaveCmd{Folder: dir, Room: "hall"}).Run(ctx, home) }()
	bus, err := address.Open(t.Context(), home, "test", kit.Sends[contract.FinalTranscript](), kit.Sends[contract.TurnRecord]())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bus.Close(context.Background()) }()
	var files []string
	for n := 0; len(files) == 0 && n < 300; n++ { // what is said before the command listens is not saved
		for _, room := range []string{"hall", "attic"} {
			f := contract.FinalTranscript{Text: "What time is it?"}
			f.MessageID = fmt.Sprint(room, n)
			in := kit.WithBaggage(t.Context(), "room", room)
			if err := errors.Join(bus.Publish(in, f), bus.Publish(in, contract.TurnRecord{TurnID: f.MessageID, Outcome: contract.TurnDone})); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(100 * time.Millisecond)
		files, _ = filepath.Glob(filepath.Join(dir, "*.json"))
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if files, _ = filepath.Glob(filepath.Join(dir, "turn-*.json")); len(files) == 0 {
		t.Fatal("nothing was saved")
	}
	for _, name := range files {
		if !strings.Contains(name, "-hall") {
			t.Errorf("%s was saved, which is of another room", name)
		}
	}
}
