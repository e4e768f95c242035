package room_test

import (
	"context"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/room"
	"github.com/gotars/tars/contract"
)

// tone is d of a sound of half of full scale.
func tone(d time.Duration) []float32 {
	out := make([]float32, int(d.Seconds()*room.Rate))
	for i := range out {
		out[i] = 0.5
	}
	return out
}

// microphone keeps what it hears.
type microphone struct {
	mu    sync.Mutex
	heard []float32
}

func (m *microphone) send(_ context.Context, a contract.MicAudio) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.heard = append(m.heard, room.Decode(a.PCM)...)
	return nil
}

// live has test do things in a room, with a fake clock.
func live(t *testing.T, test func(t *testing.T, r *room.Room, m *microphone)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := &microphone{}
		r := room.New("web-1", m.send)
		ctx, end := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := r.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(100*time.Millisecond + time.Millisecond) // between two frames
		test(t, r, m)
		end()
		wg.Wait()
	})
}

func speak(r *room.Room, utt string, d time.Duration) {
	r.Note(contract.SpeakerAudio{Sink: "web-1", UttID: utt, Say: utt, Rate: room.Rate, PCM: room.Encode(tone(d))})
}

// sounds are the times in which the loudspeaker sounds, in milliseconds after from.
func sounds(r *room.Room, from time.Duration) (spans [][2]int) {
	for i, s := range r.Played(from) {
		at := i * 20
		switch {
		case !s.Playing:
		case len(spans) > 0 && spans[len(spans)-1][1] == at:
			spans[len(spans)-1][1] = at + 20
		default:
			spans = append(spans, [2]int{at, at + 20})
		}
	}
	return spans
}

func TestLoudspeakerDoesWhatThePageDoes(t *testing.T) {
	status := func(event, utt string) contract.TtsStatus { return contract.TtsStatus{Event: event, UttID: &utt} }
	tests := map[string]struct {
		script func(r *room.Room)
		want   [][2]int
	}{
		"it begins 80 ms after the first chunk, and goes on without a gap": {func(r *room.Room) {
			speak(r, "a", 200*time.Millisecond)
			time.Sleep(100 * time.Millisecond)
			speak(r, "a", 200*time.Millisecond)
		}, [][2]int{{80, 480}}},
		"what comes late begins afresh": {func(r *room.Room) {
			speak(r, "a", 100*time.Millisecond)
			time.Sleep(300 * time.Millisecond)
			speak(r, "a", 100*time.Millisecond)
		}, [][2]int{{80, 180}, {380, 480}}},
		"a pause keeps the rest for later": {func(r *room.Room) {
			speak(r, "a", 300*time.Millisecond)
			time.Sleep(160 * time.Millisecond)
			r.Note(status(contract.TtsPaused, "a"))
			time.Sleep(200 * time.Millisecond)
			r.Note(status(contract.TtsResumed, "a"))
		}, [][2]int{{80, 160}, {360, 580}}},
		"a stop drops it, and what comes late of it": {func(r *room.Room) {
			speak(r, "a", 300*time.Millisecond)
			time.Sleep(160 * time.Millisecond)
			r.Note(status(contract.TtsStopped, "a"))
			speak(r, "a", 300*time.Millisecond)
			speak(r, "b", 100*time.Millisecond)
		}, [][2]int{{80, 160}, {240, 340}}},
		"a pause of another answer is none": {func(r *room.Room) {
			speak(r, "a", 300*time.Millisecond)
			r.Note(status(contract.TtsPaused, "b"))
		}, [][2]int{{80, 380}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			live(t, func(t *testing.T, r *room.Room, _ *microphone) {
				from := time.Duration(len(r.Played(0))) * room.Frame
				tt.script(r)
				time.Sleep(time.Second)
				got := sounds(r, from)
				if len(got) != len(tt.want) {
					t.Fatalf("it sounds %v, want %v", got, tt.want)
				}
				for i := range got {
					if got[i] != tt.want[i] {
						t.Errorf("it sounds %v, want %v", got, tt.want)
					}
				}
			})
		})
	}
}

func TestDuckLowersTheVoiceSoon(t *testing.T) {
	live(t, func(t *testing.T, r *room.Room, _ *microphone) {
		speak(r, "a", 2*time.Second)
		time.Sleep(500 * time.Millisecond)
		at := time.Duration(len(r.Played(0))) * room.Frame
		r.Note(contract.SpeechDuck{On: true, DB: 15})
		time.Sleep(200 * time.Millisecond)
		low := r.Played(at)
		if low[3].Gain > 0.25 || math.Abs(low[9].Gain-0.178) > 0.01 {
			t.Errorf("the gain is %.3f after 80 ms and %.3f after 200 ms, want 15 dB less, 0.178", low[3].Gain, low[9].Gain)
		}
		r.Note(contract.SpeechDuck{})
		time.Sleep(500 * time.Millisecond)
		if last := r.Played(at); last[len(last)-1].Gain < 0.99 {
			t.Errorf("the gain is %.3f half a second after the duck, want 1", last[len(last)-1].Gain)
		}
	})
}

func TestMicrophoneHearsPersonBackgroundAndEcho(t *testing.T) {
	live(t, func(t *testing.T, r *room.Room, m *microphone) {
		r.Echo(room.NewPath(room.PathSettings{Gain: 0.1, Delay: 100 * time.Millisecond}))
		r.Background([]float32{0.01})
		at := r.Say(tone(200 * time.Millisecond))
		speak(r, "a", 200*time.Millisecond)
		time.Sleep(600 * time.Millisecond)
		m.mu.Lock()
		defer m.mu.Unlock()
		heard := m.heard[int(at.Seconds()*room.Rate):]
		for _, c := range []struct {
			ms   int
			want float64
		}{{100, 0.51}, {170, 0.51}, {190, 0.56}, {250, 0.06}, {370, 0.06}, {400, 0.01}} {
			if got := float64(heard[c.ms*room.Rate/1000]); math.Abs(got-c.want) > 0.001 {
				t.Errorf("after %d ms the microphone hears %.3f, want %.2f", c.ms, got, c.want)
			}
		}
	})
}

func TestReverberationIsHeardAfterTheSound(t *testing.T) {
	click := make([]float32, room.Rate)
	click[0] = 1
	heard := room.Convolve(click, room.Reverberation(400*time.Millisecond, 1), 0)
	energy := func(from, to time.Duration) (sum float64) {
		for _, v := range heard[int(from.Seconds()*room.Rate):int(to.Seconds()*room.Rate)] {
			sum += float64(v) * float64(v)
		}
		return sum
	}
	early, late := energy(time.Millisecond, 100*time.Millisecond), energy(300*time.Millisecond, 400*time.Millisecond)
	if heard[0] != 1 || early < 0.1 || late > early/100 || energy(401*time.Millisecond, time.Second) != 0 {
		t.Errorf("the sound is %.2f, its reflections have %.4f at first and %.6f at the end", heard[0], early, late)
	}
}

func TestAwaitFindsWhatCameBefore(t *testing.T) {
	live(t, func(t *testing.T, r *room.Room, _ *microphone) {
		r.Note(contract.FinalTranscript{Text: "one"})
		time.Sleep(100 * time.Millisecond)
		from := r.Now()
		is := func(m any) bool { _, ok := m.(contract.FinalTranscript); return ok }
		if ev, ok := r.Await(t.Context(), 0, time.Second, is); !ok || ev.Message.(contract.FinalTranscript).Text != "one" {
			t.Errorf("found %v, %t", ev, ok)
		}
		if ev, ok := r.Await(t.Context(), from, time.Second, is); ok {
			t.Errorf("found %v, which came before", ev)
		}
		time.AfterFunc(time.Second, func() { r.Note(contract.FinalTranscript{Text: "two"}) })
		if ev, ok := r.Await(t.Context(), from, 2*time.Second, is); !ok || ev.Message.(contract.FinalTranscript).Text != "two" {
			t.Errorf("found %v, %t", ev, ok)
		}
	})
}
