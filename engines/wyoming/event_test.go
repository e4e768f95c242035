package wyoming_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/gotars/tars/engines/wyoming"
)

func read(s string) (wyoming.Event, error) {
	return wyoming.Read(bufio.NewReaderSize(strings.NewReader(s), 16))
}

func TestReadUnderstandsEveryForm(t *testing.T) {
	tests := map[string]struct {
		in, typ, data, payload string
	}{
		"only a type":               {`{"type":"describe"}`, "describe", "", ""},
		"data in the header":        {`{"type":"transcript","data":{"text":"hi"}}`, "transcript", `{"text":"hi"}`, ""},
		"data behind it":            {`{"type":"transcript","version":"1.10.2","data_length":13}` + "\n" + `{"text":"hi"}`, "transcript", `{"text":"hi"}`, ""},
		"both, where the later win": {`{"type":"t","data":{"a":1,"b":1},"data_length":7}` + "\n" + `{"b":2}`, "t", `{"a":1,"b":2}`, ""},
		"a payload":                 {`{"type":"audio-chunk","data":{"rate":8000},"payload_length":4}` + "\n" + "abcd", "audio-chunk", `{"rate":8000}`, "abcd"},
		"lengths of nothing":        {`{"type":"t","data":null,"data_length":0,"payload_length":0}`, "t", "", ""},
		"lengths that are null":     {`{"type":"t","data_length":null,"payload_length":null}`, "t", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := tt.in
			if !strings.Contains(in, "\n") {
				in += "\n"
			}
			e, err := read(in)
			if err != nil || e.Type != tt.typ || string(e.Data) != tt.data || string(e.Payload) != tt.payload {
				t.Errorf("read %s %s %q, %v", e.Type, e.Data, e.Payload, err)
			}
		})
	}
}

func TestReadRefusesWhatMakesNoSense(t *testing.T) {
	tests := map[string]struct {
		in   string
		want string // part of the error
		is   error
	}{
		"nothing":              {"", "EOF", io.EOF},
		"half a line":          {`{"type":"t"`, "", io.ErrUnexpectedEOF},
		"no JSON":              {"GET / HTTP/1.1\n", "header of an event", nil},
		"no type":              {`{"data":{}}` + "\n", "it has no type", nil},
		"a list":               {"[]\n", "header of an event", nil},
		"data that is a list":  {`{"type":"t","data":[1]}` + "\n", "data of event t", nil},
		"data that ends":       {`{"type":"t","data_length":9}` + "\n{}", "data of event t", io.ErrUnexpectedEOF},
		"a payload that ends":  {`{"type":"t","payload_length":9}` + "\nabc", "payload of event t", io.ErrUnexpectedEOF},
		"a negative length":    {`{"type":"t","payload_length":-1}` + "\n", "its length is -1", nil},
		"a huge payload":       {`{"type":"t","payload_length":99999999}` + "\n", "payload of event t", wyoming.ErrSize},
		"huge data":            {`{"type":"t","data_length":99999999}` + "\n", "data of event t", wyoming.ErrSize},
		"a line without end":   {strings.Repeat("x", 2<<20), "header of an event", wyoming.ErrSize},
		"a length beyond ints": {`{"type":"t","payload_length":1e30}` + "\n", "header of an event", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := read(tt.in)
			if err == nil || !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// FuzzRead sends bytes of anyone. What can be read can be written, and is then
// read as the same.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`{"type":"describe"}` + "\n",
		`{"type":"t","data":{"a":1},"data_length":7,"payload_length":3}` + "\n" + `{"b":2}abc`,
		`{"type":"audio-chunk","data_length":40,"payload_length":4}` + "\n" + `{"rate":16000,"width":2,"channels":1    }abcd`,
		`{"type":"t","payload_length":4194305}` + "\n",
		`{"type":"t","data":{"a":{"b":[null]}}}` + "\n" + `{"type":"u"}` + "\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bufio.NewReader(bytes.NewReader(in))
		for {
			e, err := wyoming.Read(r)
			if err != nil {
				return
			}
			out, err := e.Append(nil)
			if err != nil {
				t.Fatalf("%q cannot be written: %v", e.Type, err)
			}
			again, err := wyoming.Read(bufio.NewReader(bytes.NewReader(out)))
			if err != nil || !reflect.DeepEqual(again, e) {
				t.Fatalf("%+v was read again as %+v, %v", e, again, err)
			}
		}
	})
}
