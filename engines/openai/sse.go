package openai

import (
	"bufio"
	"bytes"
	"io"
	"regexp"
)

// event is a server-sent event.
type event struct {
	data    []byte // the data lines, each with its line break
	isError bool   // its type is error, or it came in a field of that name
	beat    bool   // it has no data: a comment, or what a server sends to keep the connection
}

// heartbeats are the data lines that some gateways send to keep a connection alive, in
// place of a comment.
var heartbeats = regexp.MustCompile(`(?i)^:|^"?(ping|pong|keep[-_ ]?alive|heartbeat)"?$`)

// byteOrderMark may stand at the begin of a stream.
var byteOrderMark = []byte("\xef\xbb\xbf")

// readEvent reads up to the end of the next event that has data, or up to a heartbeat:
// a comment, or an event without data, which servers send to keep a connection alive. It
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
			if data := bytes.TrimSpace(e.data); len(data) > 0 {
				e.beat = !e.isError && heartbeats.Match(data)
				return e, nil
			}
			if e.data != nil {
				return event{beat: true}, nil
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
		case "":
			if len(text) > 0 && e.data == nil && !e.isError { // a comment; one within an event is part of it
				return event{beat: true}, nil
			}
		}
		if err == io.EOF && len(text) == 0 {
			return event{}, io.EOF
		}
	}
}
