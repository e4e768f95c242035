package contract_test

import (
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/msg"
)

func TestMicAudioSurvivesTheWire(t *testing.T) {
	sent := contract.MicAudio{Source: "kitchen", Seq: 7, TS: 1730800000.25, Rate: 48000, PCM: []byte{1, 2, 3, 4}}
	b, err := sent.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var got contract.MicAudio
	if err := got.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	got.SetKey(sent.Key())
	got.SetHeader(sent.Header())
	if err := got.Validate(); err != nil || !reflect.DeepEqual(got, sent) {
		t.Errorf("got %+v, error %v, want %+v", got, err, sent)
	}
	want := msg.Header{ContentType: "audio/pcm;rate=48000;channels=1", User: map[string]string{"seq": "7", "ts": "1730800000.25"}}
	if h := sent.Header(); h.ContentType != want.ContentType || !maps.Equal(h.User, want.User) {
		t.Errorf("header is %+v, want %+v", h, want)
	}
}

func TestSpeakerAudioSurvivesTheWire(t *testing.T) {
	for _, last := range []bool{false, true} {
		sent := contract.SpeakerAudio{Sink: "page", UttID: "u", Say: "s", Seq: 3, Last: last, Rate: 22050, PCM: []byte{0, 1}}
		var got contract.SpeakerAudio
		if err := got.UnmarshalBinary(sent.PCM); err != nil {
			t.Fatal(err)
		}
		got.SetKey(sent.Key())
		got.SetHeader(sent.Header())
		if err := got.Validate(); err != nil || !reflect.DeepEqual(got, sent) {
			t.Errorf("got %+v, error %v, want %+v", got, err, sent)
		}
	}
}

func TestAnyHeaderIsReadable(t *testing.T) {
	tests := map[string]struct {
		header msg.Header
		want   contract.MicAudio
	}{
		"none":                {msg.Header{}, contract.MicAudio{Rate: 16000}},
		"a rate":              {msg.Header{ContentType: "audio/pcm; rate=8000"}, contract.MicAudio{Rate: 8000}},
		"two channels":        {msg.Header{ContentType: "audio/pcm;rate=48000;channels=2"}, contract.MicAudio{Rate: 48000, Channels: 2}},
		"a rate in kilohertz": {msg.Header{ContentType: `audio/pcm;rate="44.1 kHz"`}, contract.MicAudio{Rate: 44100}},
		"a rate with a point": {msg.Header{ContentType: "Audio/PCM; Rate=48000.0; channels=1"}, contract.MicAudio{Rate: 48000}},
		"a rate of k":         {msg.Header{ContentType: "audio/pcm;rate=8k"}, contract.MicAudio{Rate: 8000}},
		"a rate of words":     {msg.Header{ContentType: "audio/pcm;rate=fast;channels=one"}, contract.MicAudio{Rate: 16000}},
		"a rate of zero":      {msg.Header{ContentType: "audio/pcm;rate=0"}, contract.MicAudio{Rate: 16000}},
		"a huge rate":         {msg.Header{ContentType: "audio/pcm;rate=99999999999999999999"}, contract.MicAudio{Rate: 16000}},
		"no media type":       {msg.Header{ContentType: ";;;rate"}, contract.MicAudio{Rate: 16000}},
		"bytes":               {msg.Header{ContentType: "application/octet-stream"}, contract.MicAudio{Rate: 16000}},
		"numbers of words":    {msg.Header{User: map[string]string{"seq": "x", "ts": "noon"}}, contract.MicAudio{Rate: 16000}},
		"negative numbers":    {msg.Header{User: map[string]string{"seq": "-1", "ts": "-5"}}, contract.MicAudio{Rate: 16000}},
		"no finite numbers":   {msg.Header{User: map[string]string{"seq": "1e3", "ts": "NaN"}}, contract.MicAudio{Rate: 16000}},
		"proper numbers":      {msg.Header{User: map[string]string{"seq": "4", "ts": "2.5"}}, contract.MicAudio{Rate: 16000, Seq: 4, TS: 2.5}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := contract.MicAudio{Seq: 99, TS: 99, Rate: 99}
			got.SetHeader(tt.header)
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("read as %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestWhatIsNoChunkIsRefused(t *testing.T) {
	tests := map[string]struct {
		audio contract.MicAudio
		kind  string
		want  string // start of the error; empty: none
	}{
		"the end of a stream":          {audio: contract.MicAudio{Source: "kitchen"}},
		"as much as is allowed":        {audio: contract.MicAudio{Source: "web-3f2a", PCM: make([]byte, 8192)}},
		"half a sample":                {audio: contract.MicAudio{Source: "a", PCM: make([]byte, 3)}, want: "pcm: 3 bytes"},
		"too much":                     {audio: contract.MicAudio{Source: "a", PCM: make([]byte, 8194)}, want: "pcm: 8194 bytes"},
		"100 ms of 48 kHz":             {audio: contract.MicAudio{Source: "a", PCM: make([]byte, 9600)}, kind: "audio/pcm;rate=48000"},
		"100 ms of 48 kHz in stereo":   {audio: contract.MicAudio{Source: "a", PCM: make([]byte, 19200)}, kind: "audio/pcm;rate=48000;channels=2"},
		"half a second of that":        {audio: contract.MicAudio{Source: "a", PCM: make([]byte, 96000)}, kind: "audio/pcm;rate=48000;channels=2", want: "pcm: 96000 bytes, at most 49152"},
		"too much at a lower rate":     {audio: contract.MicAudio{Source: "a", PCM: make([]byte, 8194)}, kind: "audio/pcm;rate=8000", want: "pcm: 8194 bytes"},
		"24 bits":                      {audio: contract.MicAudio{Source: "a"}, kind: "audio/pcm;rate=48000;bits=24", want: "content type: 24 bits"},
		"a type with a comma":          {audio: contract.MicAudio{Source: "a"}, kind: "audio/pcm,rate=48000", want: `content type: "audio/pcm,rate=48000"`},
		"a rate below all voices":      {audio: contract.MicAudio{Source: "a"}, kind: "audio/pcm;rate=1000", want: "content type: 1000 samples per second"},
		"a rate above all microphones": {audio: contract.MicAudio{Source: "a"}, kind: "audio/pcm;rate=384000", want: "content type: 384000 samples per second"},
		"no source":                    {want: `source: ""`},
		"a source in capitals":         {audio: contract.MicAudio{Source: "Kitchen"}, want: `source: "Kitchen"`},
		"a source that is a path":      {audio: contract.MicAudio{Source: "a/b"}, want: `source: "a/b"`},
		"a long source":                {audio: contract.MicAudio{Source: strings.Repeat("a", 33)}, want: "source: "},
		"sound of another form":        {audio: contract.MicAudio{Source: "a"}, kind: "audio/opus", want: "content type: audio/opus"},
		"two channels":                 {audio: contract.MicAudio{Source: "a"}, kind: "audio/pcm;channels=2"},
		"six channels":                 {audio: contract.MicAudio{Source: "a"}, kind: "audio/pcm;channels=6", want: "content type: 6 channels"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.audio.SetHeader(msg.Header{ContentType: tt.kind})
			err := tt.audio.Validate()
			if err == nil && tt.want == "" {
				return
			}
			if err == nil || tt.want == "" || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("error is %v, want %q", err, tt.want)
			}
		})
	}
}
