package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gotars/tars/engines/apierror"
)

// Piper is the voice of Piper's own web server, python3 -m piper.http_server.
type Piper struct {
	base    *url.URL
	voice   string
	speed   float64
	timeout time.Duration
	old     atomic.Bool // the server takes text at / and knows no /synthesize
}

// NewPiper returns the voice at c.PiperURL.
func NewPiper(c Config) (*Piper, error) {
	base, err := webAddress(c.PiperURL)
	if err != nil {
		return nil, fmt.Errorf("TTS_PIPER_URL %w, want one like http://127.0.0.1:5000", err)
	}
	return &Piper{base: base, voice: c.Voice, speed: c.Speed, timeout: c.Timeout}, nil
}

// Synthesize asks the server, which sends a sentence when all of it is made. A
// voice that it does not have is its own.
func (p *Piper) Synthesize(ctx context.Context, l Line) iter.Seq2[Chunk, error] {
	q := struct {
		Text  string  `json:"text"`
		Voice string  `json:"voice,omitempty"`
		Scale float64 `json:"length_scale,omitempty"`
	}{Text: l.Text, Voice: p.voice}
	if l.Voice != "" {
		q.Voice = l.Voice
	}
	if p.speed != 1 {
		q.Scale = 1 / p.speed
	}
	return func(yield func(Chunk, error) bool) {
		ctx, yield, stop := withIdleTimeout(ctx, p.timeout, yield)
		defer stop()
		answer, err := p.ask(ctx, q)
		if err != nil {
			yield(Chunk{}, synthesisError(ctx, p.base.Host, err))
			return
		}
		defer answer.Body.Close()
		playAnswer(answer, func(c Chunk, err error) bool {
			if err != nil {
				err = fmt.Errorf("speak at %s: %w", p.base.Host, apierror.Explain(ctx, err, ""))
			}
			return yield(c, err)
		})
	}
}

// ask asks where the server answered last, and where the others do when there is
// nothing.
func (p *Piper) ask(ctx context.Context, q any) (*http.Response, error) {
	old := p.old.Load()
	answer, err := p.post(ctx, old, q)
	var e *apierror.Error
	if !errors.As(err, &e) || e.StatusCode != http.StatusNotFound && e.StatusCode != http.StatusMethodNotAllowed {
		return answer, err
	}
	other, none := p.post(ctx, !old, q)
	if none != nil {
		return nil, err
	}
	p.old.Store(!old)
	return other, nil
}

func (p *Piper) post(ctx context.Context, old bool, q any) (*http.Response, error) {
	path := "synthesize"
	if old {
		path = ""
	}
	return postJSON(ctx, p.base.JoinPath(path).String(), nil, q)
}

// webAddress reads the address of a server.
func webAddress(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(s, "/"))
	switch {
	case s == "":
		return nil, errors.New("is empty")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("is no web address")
	}
	return u, nil
}
