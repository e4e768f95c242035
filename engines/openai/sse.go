package openai

import (
	"bufio"
	"bytes"
	"io"
)

// event is a server-sent event.
type event struct {
	data    []byte // the data lines, each with its line break
	isError bool   // its type is error, or it came in a field of that name
}

// byteOrderMark may stand at the begin of a stream.
var byteOrderMark = []byte("\xef\xbb\xbf")

// readEvent reads up to the end of the next event that has data. Comments, which
// servers send to keep a connection alive, and empty events are passed over. It
// returns [io.EOF] at the end. Unlike the standard it gives out an event that is
// not ended by an empty line: some servers forget that after the last one. And it
// takes "error: {…}" for one, as llama.cpp sent it.
func readEvent(body *bufio.Reader) (e event, err error) {
	for {
		line, err := body.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return event{}, err
		}
		text := bytes.TrimRight(line, "\r\n")
		if len(text) == 0 && (len(line) > 0 || err == io.EOF) {
			if len(bytes.TrimSpace(e.data)) > 0 {
				return e, nil
			}
			e = event{}
		}
		name, value, _ := bytes.Cut(bytes.TrimPrefix(text, byteOrderMark), []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "event":
			e.isError = string(value) == "error"
		case "error":
			e.isError = true
			fallthrough
		case "data":
			e.data = append(append(e.data, value...), '\n')
		}
		if err == io.EOF && len(text) == 0 {
			return event{}, io.EOF
		}
	}
}
