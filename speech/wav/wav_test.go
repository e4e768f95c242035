package wav_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotars/tars/speech/wav"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	pcm := []byte{1, 2, 3, 4}
	r, err := wav.NewReader(bytes.NewReader(wav.Encode(pcm, 22050)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); r.Rate != 22050 || err != nil || !bytes.Equal(got, pcm) {
		t.Errorf("read %v at %d, %v", got, r.Rate, err)
	}
}

func TestHeadersInManyForms(t *testing.T) {
	const format = "fmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\x3e\x00\x00\x00\x7d\x00\x00\x02\x00\x10\x00"
	const head = "RIFF\x00\x00\x00\x00WAVE"
	const samples = "abcdefgh"
	tests := map[string]struct {
		file string
		rate int
		want string // samples
		err  string // start of it
	}{
		"a file":                 {head + format + "data\x08\x00\x00\x00" + samples + "LIST", 16000, samples, ""},
		"a stream":               {head + format + "data\xff\xff\xff\xff" + samples, 16000, samples, ""},
		"a stream of nothing":    {head + format + "data\x00\x00\x00\x00", 16000, "", ""},
		"a large file":           {"RF64\xff\xff\xff\xffWAVE" + "ds64\x1c\x00\x00\x00" + strings.Repeat("\x00", 8) + "\x04\x00\x00\x00" + strings.Repeat("\x00", 16) + format + "data\xff\xff\xff\xff" + samples, 16000, samples[:4], ""},
		"a big-endian file":      {"RIFX\x00\x00\x00\x00WAVE" + "fmt \x00\x00\x00\x10\x00\x01\x00\x01\x00\x00\x3e\x80\x00\x00\x7d\x00\x00\x02\x00\x10" + "data\x00\x00\x00\x04badc", 16000, "abcd", ""},
		"12 bits in two bytes":   {head + strings.Replace(format, "\x02\x00\x10\x00", "\x02\x00\x0c\x00", 1) + "data\x04\x00\x00\x00abcd", 16000, "abcd", ""},
		"20 bits in three bytes": {head + strings.Replace(format, "\x02\x00\x10\x00", "\x03\x00\x14\x00", 1) + "data\x06\x00\x00\x00\x00ab\x00cd", 16000, "abcd", ""},
		"24 bits in four bytes":  {head + strings.Replace(format, "\x02\x00\x10\x00", "\x04\x00\x18\x00", 1) + "data\x08\x00\x00\x00\x00\x00ab\x00\x00cd", 16000, "abcd", ""},
		"a frame of no length":   {head + strings.Replace(format, "\x02\x00\x10\x00", "\x00\x00\x10\x00", 1) + "data\x04\x00\x00\x00abcd", 16000, "abcd", ""},
		"a list before":          {head + "LIST\x03\x00\x00\x00abc\x00" + format + "data\x08\x00\x00\x00" + samples, 16000, samples, ""},
		"half a sample":          {head + format + "data\x08\x00\x00\x00abc", 16000, "ab", ""},
		"too many channels":      {head + strings.Replace(format, "\x01\x00\x01\x00", "\x01\x00\x09\x00", 1), 0, "", "the WAV file has coding 1, 9 channels, 16 bits, rate 16000, want "},
		"an unknown coding":      {head + strings.Replace(format, "\x01\x00\x01\x00", "\x02\x00\x01\x00", 1), 0, "", "the WAV file has coding 2, "},
		"no rate":                {head + strings.Replace(format, "\x80\x3e", "\x01\x00", 1), 0, "", "the WAV file has coding 1, 1 channels, 16 bits, rate 1, "},
		"no format":              {head + "data\x08\x00\x00\x00", 0, "", "the WAV file has no format"},
		"a long format":          {head + "fmt \xff\xff\xff\xff", 0, "", "the format of the WAV file has 4294967295 bytes"},
		"a cut one":              {head + format[:9], 0, "", "read WAV: unexpected EOF"},
		"nothing":                {"", 0, "", "read WAV: EOF"},
		"words":                  {"no model: load one", 0, "", "this is no WAV file"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := wav.NewReader(strings.NewReader(tt.file))
			if err != nil || tt.err != "" {
				if err == nil || tt.err == "" || !strings.HasPrefix(err.Error(), tt.err) {
					t.Errorf("error is %v, want %q", err, tt.err)
				}
				return
			}
			if got, err := io.ReadAll(r); r.Rate != tt.rate || string(got) != tt.want || err != nil {
				t.Errorf("read %q at %d, %v, want %q", got, r.Rate, err, tt.want)
			}
		})
	}
}

// TestSamplesOfAnyForm reads a full scale, half of it, silence and minus half of it.
func TestSamplesOfAnyForm(t *testing.T) {
	float := func(values ...float32) (b []byte) {
		for _, v := range values {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		return b
	}
	double := func(values ...float64) (b []byte) {
		for _, v := range values {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
		return b
	}
	const extensible = 0xfffe
	tests := map[string]struct {
		coding, channels, bits uint16
		samples                []byte
		want                   []int16
	}{
		"8 bits":                {1, 1, 8, []byte{255, 192, 128, 64}, []int16{32512, 16384, 0, -16384}},
		"16 bits, two channels": {1, 2, 16, []byte{0, 0x40, 0, 0x20, 0, 0x40, 0, 0xc0}, []int16{0x3000, 0}},
		"24 bits":               {1, 1, 24, []byte{0xff, 0xff, 0x7f, 0, 0, 0x40, 0, 0, 0, 0, 0, 0xc0}, []int16{32767, 16384, 0, -16384}},
		"32 bits":               {1, 1, 32, []byte{0, 0, 0, 0x40, 0, 0, 0, 0xc0}, []int16{16384, -16384}},
		"floating point":        {3, 1, 32, float(1, 0.5, 0, -0.5, 7, float32(math.NaN())), []int16{32767, 16384, 0, -16384, 32767, 0}},
		"long floating point":   {3, 1, 64, double(0.5, -0.5), []int16{16384, -16384}},
		"stereo float":          {3, 2, 32, float(1, 0, -0.5, -0.5), []int16{16384, -16384}},
		"extensible PCM":        {extensible, 1, 16, []byte{0, 0x40}, []int16{16384}},
		"A-law":                 {6, 1, 8, []byte{0xd5, 0x55, 0xaa, 0x2a}, []int16{8, -8, 32256, -32256}},
		"µ-law":                 {7, 1, 8, []byte{0xff, 0x7f, 0x80, 0x00}, []int16{0, 0, 32124, -32124}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			format := binary.LittleEndian.AppendUint16(nil, tt.coding)
			format = binary.LittleEndian.AppendUint16(format, tt.channels)
			format = binary.LittleEndian.AppendUint32(format, 24000)
			format = binary.LittleEndian.AppendUint32(format, 0)
			format = binary.LittleEndian.AppendUint16(format, tt.channels*tt.bits/8)
			format = binary.LittleEndian.AppendUint16(format, tt.bits)
			if tt.coding == extensible {
				format = append(format, 22, 0, 16, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113)
			}
			file := append([]byte("RIFF\x00\x00\x00\x00WAVEfmt "), byte(len(format)), 0, 0, 0)
			file = append(append(file, format...), "data"...)
			file = binary.LittleEndian.AppendUint32(file, uint32(len(tt.samples)))
			r, err := wav.NewReader(bytes.NewReader(append(file, tt.samples...)))
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(r)
			var got []int16
			for ; len(b) >= 2; b = b[2:] {
				got = append(got, int16(binary.LittleEndian.Uint16(b)))
			}
			if !slices.Equal(got, tt.want) || r.Rate != 24000 || err != nil {
				t.Errorf("read %v at %d, %v, want %v", got, r.Rate, err, tt.want)
			}
		})
	}
}
