package tts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/services/tts"
	"github.com/gotars/tars/services/tts/engine"
)

func TestAPlayerGetsEverySampleAtItsRate(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	p, err := tts.NewPlayer("dd status=none of=" + out + "-{rate}")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []engine.Chunk{ramp(100*ms, 16000), ramp(100*ms, 16000), {Rate: 16000}, ramp(100*ms, 22050)} {
		if err := p.Play(c); err != nil {
			t.Fatal(err)
		}
	}
	p.Finish()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(ms) { // a real program
		a, _ := os.ReadFile(out + "-16000")
		b, _ := os.ReadFile(out + "-22050")
		if len(a) == 6400 && len(b) == 4410 {
			p.Close()
			return
		}
	}
	t.Error("10s later the program has not written 6400 and 4410 bytes")
}

func TestAPlayerThatIsSilencedIsGone(t *testing.T) {
	p, err := tts.NewPlayer("sleep 60")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Play(ramp(100*ms, 16000)); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	p.Close()
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestPlayersSayWhatIsWrong(t *testing.T) {
	if _, err := tts.NewPlayer("no-such-program -x"); err == nil || !strings.Contains(err.Error(), "TTS_PLAYER: exec: \"no-such-program\"") {
		t.Errorf("error %v", err)
	}
	p, err := tts.NewPlayer("cat /no/such/file")
	if err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); time.Since(begun) < time.Minute; {
		if err = p.Play(ramp(ms, 16000)); err != nil {
			break
		}
		time.Sleep(ms) // a real program
	}
	if err == nil || !strings.HasPrefix(err.Error(), "play with cat: ") || !strings.Contains(err.Error(), "No such file") {
		t.Errorf("error %v", err)
	}
	p.Close()
}

func TestAPlayerThatHangsIsEnded(t *testing.T) {
	p, err := tts.NewPlayer("sleep 60")
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for err == nil && time.Since(begun) < 10*time.Second {
		err = p.Play(ramp(time.Second, 16000))
	}
	if err == nil || time.Since(begun) > 5*time.Second {
		t.Errorf("error %v after %v, want a timeout once its pipe is full", err, time.Since(begun))
	}
	p.Close()
}

// A program that does not end when its input does, on a device that is stuck,
// holds up neither the next one nor the end of the service.
func TestAPlayerThatDoesNotEndIsEnded(t *testing.T) {
	p, err := tts.NewPlayer("sleep 60")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Play(ramp(100*ms, 16000)); err != nil {
		t.Fatal(err)
	}
	p.Finish()
	begun := time.Now()
	p.Close()
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}
