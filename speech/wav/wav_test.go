package wav_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/gotars/tars/speech/wav"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	pcm := []byte{1, 2, 3, 4}
	r := bytes.NewReader(wav.Encode(pcm, 22050))
	rate, size, err := wav.ReadHeader(r)
	rest, _ := io.ReadAll(r)
	if rate != 22050 || size != 4 || err != nil || !bytes.Equal(rest, pcm) {
		t.Errorf("read %v of %d bytes at %d, %v", rest, size, rate, err)
	}
}

func TestHeadersInManyForms(t *testing.T) {
	const format = "fmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\x3e\x00\x00\x00\x7d\x00\x00\x02\x00\x10\x00"
	const head = "RIFF\x00\x00\x00\x00WAVE"
	tests := map[string]struct {
		file string
		rate int
		size int64
		err  string
	}{
		"a file":              {head + format + "data\x08\x00\x00\x00", 16000, 8, ""},
		"a stream":            {head + format + "data\xff\xff\xff\xff", 16000, -1, ""},
		"a stream of nothing": {head + format + "data\x00\x00\x00\x00", 16000, -1, ""},
		"a list before":       {head + "LIST\x03\x00\x00\x00abc\x00" + format + "data\x08\x00\x00\x00", 16000, 8, ""},
		"two channels":        {head + strings.Replace(format, "\x01\x00\x01\x00", "\x01\x00\x02\x00", 1), 0, 0, "the WAV file has 2 channels, 16 bits, rate 16000, want one channel of 16 bits"},
		"no rate":             {head + strings.Replace(format, "\x80\x3e", "\x01\x00", 1), 0, 0, "the WAV file has 1 channels, 16 bits, rate 1, want one channel of 16 bits"},
		"no format":           {head + "data\x08\x00\x00\x00", 0, 0, "the WAV file has no format"},
		"a long format":       {head + "fmt \xff\xff\xff\xff", 0, 0, "the format of the WAV file has 4294967295 bytes"},
		"a cut one":           {head + format[:9], 0, 0, "read WAV: unexpected EOF"},
		"nothing":             {"", 0, 0, "read WAV: EOF"},
		"words":               {"no model: load one", 0, 0, "this is no WAV file"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			rate, size, err := wav.ReadHeader(strings.NewReader(tt.file))
			got := ""
			if err != nil {
				got = err.Error()
			}
			if rate != tt.rate || size != tt.size || got != tt.err {
				t.Errorf("read %d, %d, %q, want %d, %d, %q", rate, size, got, tt.rate, tt.size, tt.err)
			}
		})
	}
}
