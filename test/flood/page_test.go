package flood

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// pageKinds are what a browser, or what says to be one, can do to the page.
func pageKinds() []kind {
	return []kind{
		{"pages that do not read", deafPages},
		{"frames of pages: text", frames(func() (websocket.MessageType, []byte) {
			return websocket.MessageText, fmt.Appendf(nil, `{"say":"what time is it? %s"}`, randomWord(9))
		})},
		{"frames of pages: sound", frames(func() (websocket.MessageType, []byte) {
			return websocket.MessageBinary, randomBytes(2 * (1 + rand.IntN(4000)))
		})},
		{"frames of pages: garbage", frames(func() (websocket.MessageType, []byte) {
			odd := [][]byte{nil, []byte("{"), []byte(`{"stop":""}`), []byte(`{"mic":true}`), []byte(`{"mic":false}`), []byte(strings.Repeat("[", 30000)), randomBytes(31), []byte(`{"say":"` + strings.Repeat("a", 20000) + `"}`)}
			return websocket.MessageType(1 + rand.IntN(2)), odd[rand.IntN(len(odd))]
		})},
		{"HTTP requests", requests},
		{"silent and dripping HTTP connections", slowRequests},
		{"logins to the page with a wrong token", pageGuesses},
	}
}

// open is a page of a made-up room.
func (s *stack) open(ctx context.Context) (*websocket.Conn, error) {
	header := http.Header{"Authorization": {"Bearer " + token}, "Origin": {"http://" + s.page}}
	c, r, err := websocket.Dial(ctx, "ws://"+s.page+"/ws?id="+randomWord(8), &websocket.DialOptions{HTTPHeader: header})
	if err != nil && r != nil && r.Body != nil {
		_ = r.Body.Close()
	}
	return c, err
}

// deafPages open as many as they can, while the bus is full of what they show.
func deafPages(ctx context.Context, s *stack) int64 {
	for range 80 {
		if c, err := s.open(ctx); err == nil {
			context.AfterFunc(ctx, func() { _ = c.CloseNow() })
		}
	}
	return publishingKind("", 3, unasked).run(ctx, s)
}

// frames of twenty pages that read what they are told.
func frames(next func() (websocket.MessageType, []byte)) func(context.Context, *stack) int64 {
	return func(ctx context.Context, s *stack) int64 {
		return runClients(ctx, 20, func(ctx context.Context) (sent int64) {
			c, err := s.open(ctx)
			if err != nil {
				return 0
			}
			defer c.CloseNow()
			c.SetReadLimit(-1)
			go func() {
				for {
					if _, _, err := c.Read(ctx); err != nil {
						return
					}
				}
			}()
			for ctx.Err() == nil {
				kind, data := next()
				if c.Write(ctx, kind, data) != nil {
					break
				}
				sent++
			}
			return sent
		})
	}
}

// get makes one request and reads the answer.
func get(ctx context.Context, c *http.Client, method, url, bearer string, body io.Reader) int64 {
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return 0
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	answer, err := c.Do(r)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	return 1
}

func requests(ctx context.Context, s *stack) int64 {
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	defer c.CloseIdleConnections()
	return runClients(ctx, 32, func(ctx context.Context) int64 {
		path := []string{"/", "/healthz", "/api/memory?q=time&k=50", "/api/session", "/" + randomWord(2000), "/ws?id=" + randomWord(8), "/%00", "/api/memory?q=" + randomWord(900)}[rand.IntN(8)]
		bearer := []string{token, ""}[rand.IntN(2)]
		return get(ctx, c, []string{"GET", "POST", "PUT"}[rand.IntN(3)], "http://"+s.page+path, bearer, strings.NewReader(randomWord(1000)))
	})
}

// slowRequests hold connections, beside a header that never ends.
func slowRequests(ctx context.Context, s *stack) int64 {
	return runClients(ctx, 600, func(ctx context.Context) int64 {
		c, err := dial(ctx, s.page)
		if err != nil {
			return 0
		}
		defer c.Close()
		if rand.IntN(3) > 0 {
			_, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: "+s.page+"\r\n")
		}
		for err == nil && ctx.Err() == nil {
			_, err = fmt.Fprintf(c, "X-%s: %s\r\n", randomWord(5), randomWord(200))
			sleepContext(ctx, 100*time.Millisecond)
		}
		return 1
	})
}

// pageGuesses try tokens by form, by header and in the address.
func pageGuesses(ctx context.Context, s *stack) int64 {
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer c.CloseIdleConnections()
	return runClients(ctx, 16, func(ctx context.Context) int64 {
		switch guess := randomWord(20); rand.IntN(3) {
		case 0:
			return get(ctx, c, "GET", "http://"+s.page+"/?token="+guess, "", nil)
		case 1:
			return get(ctx, c, "GET", "http://"+s.page+"/api/session", guess, nil)
		default:
			return get(ctx, c, "POST", "http://"+s.page+"/", "", strings.NewReader("token="+guess))
		}
	})
}
