package discovery

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
)

// wyomingProgram is an entry of a Wyoming server's info.
type wyomingProgram struct {
	Name      string `json:"name"`
	Installed *bool  `json:"installed"`
}

// wyomingServers returns a probe that asks a server to describe itself and believes
// it when it has a program of kind.
func wyomingServers(kind Kind) func(context.Context, string) []Server {
	return func(ctx context.Context, addr string) []Server {
		info, ok := describeWyoming(ctx, addr)
		if !ok {
			return nil
		}
		for _, p := range map[Kind][]wyomingProgram{STT: info.ASR, TTS: info.TTS, Wake: info.Wake}[kind] {
			if p.Name != "" && (p.Installed == nil || *p.Installed) {
				return []Server{{Kind: kind, Protocol: "wyoming", URL: "tcp://" + addr, Name: "Wyoming " + p.Name}}
			}
		}
		return nil
	}
}

// Ping reports whether a Wyoming server at addr, host:port, tells about
// itself before ctx ends.
func Ping(ctx context.Context, addr string) bool {
	_, ok := describeWyoming(ctx, addr)
	return ok
}

// wyomingInfo is what a Wyoming server can do.
type wyomingInfo struct {
	ASR  []wyomingProgram `json:"asr"`
	TTS  []wyomingProgram `json:"tts"`
	Wake []wyomingProgram `json:"wake"`
}

// describeWyoming asks for the info of a Wyoming server, which comes with the header
// or, as its newer versions do, behind it.
func describeWyoming(ctx context.Context, addr string) (info wyomingInfo, ok bool) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return info, false
	}
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	defer c.Close()
	if _, err := io.WriteString(c, `{"type": "describe"}`+"\n"); err != nil {
		return info, false
	}
	r := bufio.NewReader(io.LimitReader(c, maxAnswerBytes))
	for range 10 { // other events may come first
		var header struct {
			Type   string      `json:"type"`
			Data   wyomingInfo `json:"data"`
			Length int         `json:"data_length"`
			Bytes  int         `json:"payload_length"`
		}
		line, err := r.ReadBytes('\n')
		if err != nil || json.Unmarshal(line, &header) != nil || header.Length < 0 || header.Length > maxAnswerBytes || header.Bytes < 0 {
			return info, false
		}
		data := make([]byte, header.Length)
		if _, err := io.ReadFull(r, data); err != nil {
			return info, false
		}
		if header.Type == "info" {
			if len(data) == 0 {
				return header.Data, true
			}
			return info, json.Unmarshal(data, &info) == nil
		}
		if _, err := io.CopyN(io.Discard, r, int64(header.Bytes)); err != nil {
			return info, false
		}
	}
	return info, false
}
