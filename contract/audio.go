package contract

import (
	"fmt"
	"math"
	"mime"
	"strconv"
	"strings"

	"github.com/gotars/tars/kit/msg"
)

const (
	// AudioMaxBytes bounds one chunk of AudioRate and one channel, which is a quarter of a
	// second. What a microphone sends at a higher rate or of two channels may have as much more.
	AudioMaxBytes = 8 << 10
	// AudioRate holds where nobody names a rate, in samples per second.
	AudioRate = 16000

	minAudioRate, maxAudioRate = 4000, 192000 // samples per second; no voice lives outside
)

// MicAudio is 20 to 100 ms of what a microphone hears: signed 16-bit
// little-endian samples of one channel, or of two by turns. An empty one ends the stream.
type MicAudio struct {
	Source string  `json:"-"` // room or client, [a-z0-9-]{1,32}; last level of the topic
	Seq    int     `json:"-"` // counts chunks from 0; a gap is lost audio, a lower number a restart
	TS     float64 `json:"-"` // when the first sample was heard; 0 is unknown
	Rate   int     `json:"-"` // samples per second; 0 is AudioRate
	PCM    []byte  `json:"-"` // two bytes a sample

	Channels int `json:"-"` // 1 or 2; 0 is 1

	format string // why PCM is no such audio; empty: it is
}

// Route is audio/mic/<source>.
func (MicAudio) Route() msg.Route { return msg.Route{Topic: "audio/mic/+", Bare: true} }

// Key is the source.
func (a MicAudio) Key() string { return a.Source }

// SetKey sets the source.
func (a *MicAudio) SetKey(key string) { a.Source = key }

// Header carries what is no sample.
func (a MicAudio) Header() msg.Header { return audioHeader(a.Seq, a.TS, a.Rate, max(1, a.Channels)) }

// SetHeader reads the header. What is absent or makes no sense is zero, and the
// rate AudioRate.
func (a *MicAudio) SetHeader(h msg.Header) {
	a.Seq, a.TS = audioCount(h), audioTime(h)
	a.Rate, a.Channels, a.format = audioFormat(h.ContentType)
	switch {
	case a.Channels == 1:
		a.Channels = 0
	case a.Channels > 2:
		a.format = strconv.Itoa(a.Channels) + " channels"
	}
}

// MarshalBinary returns PCM itself, not a copy: leave it alone until it is sent.
func (a MicAudio) MarshalBinary() ([]byte, error) { return a.PCM, a.Validate() }

// UnmarshalBinary makes PCM point at b, which the caller must not use again.
func (a *MicAudio) UnmarshalBinary(b []byte) error {
	a.PCM = b
	return checkPCM(b, micMaxBytes(maxAudioRate, 2))
}

// Validate reports why the chunk is none.
func (a MicAudio) Validate() error {
	return checkAudio("source", a.Source, a.format, a.PCM, micMaxBytes(a.Rate, a.Channels))
}

// micMaxBytes is how many bytes a quarter of a second has.
func micMaxBytes(rate, channels int) int {
	return AudioMaxBytes * max(rate, AudioRate) / AudioRate * max(channels, 1)
}

// SpeakerAudio is a chunk of speech on its way out: signed 16-bit little-endian
// samples, one channel. It comes at most 300 ms before it is to be heard.
type SpeakerAudio struct {
	Sink  string  `json:"-"` // who plays it, [a-z0-9-]{1,32}; last level of the topic
	UttID string  `json:"-"` // of the TtsSay; a sink plays one at a time
	Say   string  `json:"-"` // message_id of the TtsSay
	Seq   int     `json:"-"` // counts the chunks of one Say from 0
	Last  bool    `json:"-"` // no chunk of this Say follows
	TS    float64 `json:"-"` // when the first sample is to be heard; 0 is at once
	Rate  int     `json:"-"` // samples per second, the engine's own; 0 is AudioRate
	PCM   []byte  `json:"-"` // two bytes a sample

	format string // why PCM is no such audio; empty: it is
}

// Route is audio/speaker/<sink>.
func (SpeakerAudio) Route() msg.Route { return msg.Route{Topic: "audio/speaker/+", Bare: true} }

// Key is the sink.
func (a SpeakerAudio) Key() string { return a.Sink }

// SetKey sets the sink.
func (a *SpeakerAudio) SetKey(key string) { a.Sink = key }

// Header carries what is no sample.
func (a SpeakerAudio) Header() msg.Header {
	h := audioHeader(a.Seq, a.TS, a.Rate, 1)
	h.User["utt_id"], h.User["say"] = a.UttID, a.Say
	if a.Last {
		h.User["last"] = "1"
	}
	return h
}

// SetHeader reads the header. What is absent or makes no sense is zero, and the
// rate AudioRate.
func (a *SpeakerAudio) SetHeader(h msg.Header) {
	a.Seq, a.TS = audioCount(h), audioTime(h)
	channels := 1
	if a.Rate, channels, a.format = audioFormat(h.ContentType); channels > 1 {
		a.format = strconv.Itoa(channels) + " channels"
	}
	a.UttID, a.Say, a.Last = h.User["utt_id"], h.User["say"], h.User["last"] == "1"
}

// MarshalBinary returns PCM itself, not a copy: leave it alone until it is sent.
func (a SpeakerAudio) MarshalBinary() ([]byte, error) { return a.PCM, a.Validate() }

// UnmarshalBinary makes PCM point at b, which the caller must not use again.
func (a *SpeakerAudio) UnmarshalBinary(b []byte) error {
	a.PCM = b
	return checkPCM(b, AudioMaxBytes)
}

// Validate reports why the chunk is none.
func (a SpeakerAudio) Validate() error {
	return checkAudio("sink", a.Sink, a.format, a.PCM, AudioMaxBytes)
}

func audioHeader(seq int, ts float64, rate, channels int) msg.Header {
	if rate == 0 {
		rate = AudioRate
	}
	h := msg.Header{
		ContentType: fmt.Sprintf("audio/pcm;rate=%d;channels=%d", rate, channels),
		User:        map[string]string{"seq": strconv.Itoa(seq)},
	}
	if ts != 0 {
		h.User["ts"] = strconv.FormatFloat(ts, 'f', -1, 64)
	}
	return h
}

func audioCount(h msg.Header) int {
	n, err := strconv.Atoi(h.User["seq"])
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func audioTime(h msg.Header) float64 {
	ts, err := strconv.ParseFloat(h.User["ts"], 64)
	if err != nil || math.IsNaN(ts) || math.IsInf(ts, 0) || ts < 0 {
		return 0
	}
	return ts
}

// audioFormat reads a content type. Sound in a form that is not ours is named,
// because played as PCM it would be noise; anything else means the defaults.
func audioFormat(contentType string) (rate, channels int, odd string) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "audio/pcm" {
		switch {
		case err != nil && strings.HasPrefix(strings.ToLower(contentType), "audio/"):
			odd = fmt.Sprintf("%.60q", contentType)
		case strings.HasPrefix(kind, "audio/") && kind != "audio/pcm":
			odd = kind
		}
		return AudioRate, 1, odd
	}
	channels = 1
	if n, err := strconv.Atoi(params["channels"]); err == nil && n > 1 {
		channels = n
	}
	if bits, err := strconv.Atoi(params["bits"]); err == nil && bits != 16 {
		odd = strconv.Itoa(bits) + " bits"
	}
	switch rate = samplesPerSecond(params["rate"]); {
	case rate < 1:
		rate = AudioRate
	case rate < minAudioRate || rate > maxAudioRate: // read at another rate it would be noise
		odd = strconv.Itoa(rate) + " samples per second"
	}
	return rate, channels, odd
}

// samplesPerSecond reads a rate: 48000, 44100.0, 44.1 kHz; 0 where it makes no sense.
func samplesPerSecond(text string) int {
	const nonsense = 1e9
	text, unit := strings.ToLower(strings.TrimSpace(text)), 1.0
	text = strings.TrimSuffix(text, "hz")
	if thousands, ok := strings.CutSuffix(text, "k"); ok {
		text, unit = thousands, 1000
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(n*unit > 0 && n*unit < nonsense) {
		return 0
	}
	return int(math.Round(n * unit))
}

func checkAudio(name, key, odd string, pcm []byte, maxBytes int) error {
	if odd != "" {
		return fmt.Errorf("content type: %s, want audio/pcm with one channel, of a microphone at most two, of %d to %d samples per second", odd, minAudioRate, maxAudioRate)
	}
	if !IsRoomName(key) {
		return fmt.Errorf("%s: %.40q is not [a-z0-9-]{1,32}", name, key)
	}
	return checkPCM(pcm, maxBytes)
}

// IsRoomName reports whether name may be that of a room, with its microphone and its
// loudspeaker.
func IsRoomName(name string) bool {
	outside := func(r rune) bool { return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') }
	return len(name) >= 1 && len(name) <= 32 && !strings.ContainsFunc(name, outside)
}

func checkPCM(pcm []byte, maxBytes int) error {
	switch {
	case len(pcm)%2 != 0:
		return fmt.Errorf("pcm: %d bytes, half a sample too many", len(pcm))
	case len(pcm) > maxBytes:
		return fmt.Errorf("pcm: %d bytes, at most %d", len(pcm), maxBytes)
	}
	return nil
}
