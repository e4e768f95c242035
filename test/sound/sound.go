// Package sound makes and reads audio for tests.
package sound

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/speech/pcm"
	"github.com/gotars/tars/speech/wav"
)

// Room makes sound: a voice, silence and other things over steady noise. No
// two stretches of it are alike, so that a cut can be found again.
type Room struct {
	PCM pcm.Audio // all of it so far

	noise float64 // RMS
	dice  *rand.Rand
}

// NewRoom returns a room with noise of an RMS, in units of a 16-bit sample. Two
// rooms of the same noise sound the same.
func NewRoom(noise float64) *Room {
	return &Room{noise: noise, dice: rand.New(rand.NewPCG(1, 2))}
}

func (r *Room) add(d time.Duration, wave func(t float64) float64) *Room {
	for i := range int(d.Seconds() * pcm.Rate) {
		v := wave(float64(i)/pcm.Rate) + r.dice.NormFloat64()*r.noise
		r.PCM = binary.LittleEndian.AppendUint16(r.PCM, uint16(int16(max(-32768, min(32767, v)))))
	}
	return r
}

// Voice adds a vowel that swells and fades with the syllables.
func (r *Room) Voice(d time.Duration) *Room {
	return r.add(d, func(t float64) float64 {
		return 1500 * (0.1 + math.Abs(math.Cos(3*math.Pi*t))) * (tone(220, t) + tone(660, t) + tone(1100, t)) / math.Sqrt(3)
	})
}

// Hum adds the hum of the mains.
func (r *Room) Hum(d time.Duration) *Room {
	return r.add(d, func(t float64) float64 { return 600 * tone(50, t) })
}

// Silence adds nothing but the noise.
func (r *Room) Silence(d time.Duration) *Room { return r.add(d, func(float64) float64 { return 0 }) }

// Fan changes the noise to level, and adds it.
func (r *Room) Fan(level float64, d time.Duration) *Room {
	r.noise = level
	return r.Silence(d)
}

// tone has the RMS 1.
func tone(hertz, t float64) float64 { return math.Sqrt2 * math.Sin(2*math.Pi*hertz*t) }

// Clip is recorded human speech and what is said in it.
type Clip struct {
	Name, Text string
	Audio      pcm.Audio
}

// Clips reads the recordings of TARS_SPEECH, a folder with a transcripts.tsv, else
// those of folder.
func Clips(t testing.TB, folder string) (all []Clip) {
	t.Helper()
	if set := os.Getenv("TARS_SPEECH"); set != "" {
		folder = set
	}
	f, err := os.Open(filepath.Join(folder, "transcripts.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table := csv.NewReader(f)
	table.Comma, table.LazyQuotes = '\t', true
	rows, err := table.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		file, err := os.ReadFile(filepath.Join(folder, row[0]))
		if err != nil {
			t.Fatal(err)
		}
		data := bytes.Index(file, []byte("data"))
		all = append(all, Clip{Name: row[0], Text: row[1], Audio: pcm.Audio(file[data+8:])})
	}
	return all
}

// Ramp is d of audio of which no two samples are alike.
func Ramp(d time.Duration, rate int) (samples []byte) {
	for i := range int(d * time.Duration(rate) / time.Second) {
		samples = binary.LittleEndian.AppendUint16(samples, uint16(i))
	}
	return samples
}

// Understand has the recogniser at STT_OPENAI_URL read samples.
func Understand(t testing.TB, samples []byte, rate int) string {
	t.Helper()
	recogniser, err := openai.New(openai.Options{BaseURL: os.Getenv("STT_OPENAI_URL")})
	if err != nil {
		t.Fatal(err)
	}
	r, err := recogniser.Transcribe(t.Context(), openai.TranscriptionRequest{
		WAV: wav.Encode(samples, rate), Model: os.Getenv("STT_OPENAI_MODEL"), Language: "en", Format: "json",
	})
	if err != nil {
		t.Fatal(err)
	}
	return r.Text
}
