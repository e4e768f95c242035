package mcp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gotars/tars/engines/apierror"
)

// The times of a server.
const (
	startTimeout  = time.Minute            // to start and to list its tools: npx may load a program first
	firstBackoff  = 500 * time.Millisecond // before it is started again, doubled each time
	maxBackoff    = time.Minute
	stableAfter   = 30 * time.Second // that it must run for its next fault to count as the first
	restartWait   = time.Second      // a call waits for a server that starts again
	livenessCheck = time.Second      // that a server has to answer a ping after a call that it did not answer
)

// maxTools is how many tools of one server are offered.
const maxTools = 200

var errDown = errors.New("the tool server is not running")

// server is one server. It is started, and started again when it ends.
type server struct {
	name   string
	config ServerConfig
	log    *slog.Logger
	notify func() // that its tools changed

	mu      sync.Mutex
	session *mcp.ClientSession // nil while it does not run
	end     func()             // ends the session at once
	ready   chan struct{}      // closed when there is a session
	tools   []Tool
	unwell  bool // it did not answer a call, and not since
}

// run keeps the server running until ctx ends.
func (s *server) run(ctx context.Context) {
	backoff := firstBackoff
	for ctx.Err() == nil {
		began := time.Now()
		err := s.serve(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) >= stableAfter {
			backoff = firstBackoff
		}
		s.log.WarnContext(ctx, "a tool server ended, and is started again", "server", s.name, "in", backoff.String(), "err", err)
		timer := time.NewTimer(backoff)
		select {
		case <-ctx.Done():
			timer.Stop()
		case <-timer.C:
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

// transport is how the server is spoken to, and how that is ended at once.
func (s *server) transport() (mcp.Transport, func()) {
	if address := s.config.address(); address != "" {
		return &mcp.StreamableClientTransport{Endpoint: address, MaxRetries: -1, MaxEventSize: maxMessage, DisableStandaloneSSE: true,
			HTTPClient: &http.Client{Transport: &headers{s.config.Headers}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, func() {}
	}
	c := &child{config: s.config, log: s.log.With("server", s.name)}
	return c, c.kill
}

// serve connects to the server, and returns when that is over.
func (s *server) serve(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	t, kill := s.transport()
	client := mcp.NewClient(&mcp.Implementation{Name: "tars", Version: "1"}, &mcp.ClientOptions{
		Logger:                 slog.New(slog.DiscardHandler),
		ToolListChangedHandler: func(ctx context.Context, q *mcp.ToolListChangedRequest) { s.list(ctx, q.Session) },
	})
	starting := time.AfterFunc(startTimeout, func() { stop(); kill() })
	session, err := client.Connect(ctx, t, nil)
	if err != nil {
		starting.Stop()
		kill()
		return fmt.Errorf("it does not start: %w", plain(err))
	}
	if err := s.list(ctx, session); err != nil {
		starting.Stop()
		kill()
		_ = session.Close()
		return fmt.Errorf("it does not list its tools: %w", plain(err))
	}
	starting.Stop()
	s.up(session, func() { kill(); stop() })
	over := make(chan error, 1)
	go func() { over <- session.Wait() }()
	select {
	case err = <-over:
	case <-ctx.Done():
		err = ctx.Err()
	}
	s.down()
	kill()
	go session.Close() // a server that does not read must not keep us
	return plain(err)
}

// plain is err without addresses and in one line.
func plain(err error) error {
	if err == nil {
		return errors.New("it ended")
	}
	return errors.New(apierror.Line(apierror.WithoutURL(err).Error(), ""))
}

// up notes that there is a session.
func (s *server) up(session *mcp.ClientSession, end func()) {
	s.mu.Lock()
	s.session, s.end, s.unwell = session, end, false
	close(s.ready)
	s.mu.Unlock()
	s.notify()
}

// down notes that there is none. The tools stay: the server comes back.
func (s *server) down() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session, s.ready = nil, make(chan struct{})
}

// list asks the server for its tools.
func (s *server) list(ctx context.Context, session *mcp.ClientSession) error {
	var tools []Tool
	for t, err := range session.Tools(ctx, nil) {
		if err != nil {
			return err
		}
		if len(tools) >= maxTools {
			break
		}
		if tool, ok := s.tool(t); ok {
			tools = append(tools, tool)
		}
	}
	s.mu.Lock()
	s.tools = tools
	s.mu.Unlock()
	s.notify()
	return nil
}

// call calls a tool, and returns its text.
func (s *server) call(ctx context.Context, tool string, args map[string]any) (string, error) {
	session, err := s.running(ctx)
	if err != nil {
		return "", err
	}
	type outcome struct {
		result *mcp.CallToolResult
		err    error
	}
	done := make(chan outcome, 1)
	go func() { // a server that does not read blocks even the request
		r, err := session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: args})
		done <- outcome{r, err}
	}()
	select {
	case o := <-done:
		if o.err != nil && ctx.Err() == nil {
			return "", plain(o.err)
		}
		if o.err == nil {
			return resultText(o.result)
		}
	case <-ctx.Done():
	}
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		go s.check(session)
	}
	return "", context.Cause(ctx)
}

// running is the session. A server that is about to start is waited for a moment; one that
// did not answer lately is not asked.
func (s *server) running(ctx context.Context) (*mcp.ClientSession, error) {
	wait, stop := context.WithTimeout(ctx, restartWait)
	defer stop()
	for {
		s.mu.Lock()
		session, ready, unwell := s.session, s.ready, s.unwell
		s.mu.Unlock()
		switch {
		case session != nil && unwell:
			return nil, errors.New("the tool server does not answer")
		case session != nil:
			return session, nil
		}
		select {
		case <-ready:
		case <-wait.Done():
			return nil, errDown
		}
	}
}

// check ends a server that answers nothing at all, so that it is started again.
func (s *server) check(session *mcp.ClientSession) {
	s.mu.Lock()
	if s.session != session || s.unwell {
		s.mu.Unlock()
		return
	}
	s.unwell = true
	end := s.end
	s.mu.Unlock()
	ctx, stop := context.WithTimeout(context.Background(), livenessCheck)
	defer stop()
	alive := make(chan error, 1)
	go func() { alive <- session.Ping(ctx, nil) }()
	select {
	case err := <-alive:
		if err == nil {
			s.mu.Lock()
			s.unwell = false
			s.mu.Unlock()
			return
		}
	case <-ctx.Done():
	}
	end()
}

// resultText is what a tool gave back, as text.
func resultText(r *mcp.CallToolResult) (string, error) {
	var parts []string
	for _, c := range r.Content {
		switch c := c.(type) {
		case *mcp.TextContent:
			parts = append(parts, c.Text)
		case *mcp.ImageContent:
			parts = append(parts, "(an image)")
		case *mcp.AudioContent:
			parts = append(parts, "(a sound)")
		case *mcp.ResourceLink:
			parts = append(parts, c.Name+" "+c.URI)
		case *mcp.EmbeddedResource:
			if c.Resource != nil && c.Resource.Text != "" {
				parts = append(parts, c.Resource.Text)
			}
		}
	}
	text := strings.ToValidUTF8(strings.Join(parts, "\n"), "")
	if r.IsError {
		return "", errors.New(apierror.Line(text, ""))
	}
	return text, nil
}

// headers adds the headers of the file to each request, and bounds the answers.
type headers struct{ all map[string]string }

func (h *headers) RoundTrip(q *http.Request) (*http.Response, error) {
	q = q.Clone(q.Context())
	for name, value := range h.all {
		q.Header.Set(name, value)
	}
	answer, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") { // whose events are bounded one by one
		answer.Body = apierror.LimitBody(answer.Body, maxMessage)
	}
	return answer, nil
}
