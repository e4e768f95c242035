// Package wyoming speaks the Wyoming protocol of voice servers: events of JSON
// and audio over TCP, to write down speech, to speak, and to hear wake words.
//
// Each request has a connection of its own. It is closed when the context of the
// request ends, which is how servers learn that nobody waits any more.
package wyoming

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"time"
)

// dialTimeout is the longest time that making a connection takes; the context may
// end sooner.
const dialTimeout = 5 * time.Second

// Error is what a server says is wrong.
type Error struct {
	Text string `json:"text"`
	Code string `json:"code"` // empty: none
}

func (e *Error) Error() string {
	if e.Code != "" && e.Code != e.Text {
		return fmt.Sprintf("the server says: %s (%s)", e.Text, e.Code)
	}
	return "the server says: " + e.Text
}

// DialError is a server that could not be reached: nothing was asked.
type DialError struct {
	Addr string
	Err  error
}

func (e *DialError) Error() string { return fmt.Sprintf("no server at %s: %v", e.Addr, e.Err) }

// Unwrap returns the error of the network.
func (e *DialError) Unwrap() error { return e.Err }

// Client asks one server. It holds no connection and is safe for concurrent use.
type Client struct {
	addr string // host:port
}

// NewClient returns a client of the server at uri, tcp://host:port.
func NewClient(uri string) (*Client, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "tcp" || u.Hostname() == "" || u.Port() == "" {
		return nil, errors.New("no address of a Wyoming server, want one like tcp://127.0.0.1:10300")
	}
	return &Client{addr: u.Host}, nil
}

// Addr is where the server is, host:port.
func (c *Client) Addr() string { return c.addr }

// Conn is a connection that ends with its context. One goroutine may read while
// others write.
type Conn struct {
	net.Conn
	r     *bufio.Reader
	cause func(error) error // what ended the context, else the error
	stop  func() bool

	writeTimeout time.Duration // of each write; 0: as long as it takes

	mu  sync.Mutex
	buf []byte
}

// Dial connects. The connection is closed when ctx ends.
func (c *Client) Dial(ctx context.Context) (*Conn, error) {
	dial, cancel := context.WithTimeoutCause(ctx, dialTimeout, fmt.Errorf("no connection within %v", dialTimeout))
	defer cancel()
	raw, err := new(net.Dialer).DialContext(dial, "tcp", c.addr)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, &DialError{Addr: c.addr, Err: withoutAddress(err)}
	}
	conn := &Conn{Conn: raw, r: bufio.NewReaderSize(raw, 32<<10)}
	conn.stop = context.AfterFunc(ctx, func() { _ = raw.Close() })
	conn.cause = func(err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	return conn, nil
}

// Broken reports whether err is of a connection that could not be made or broke,
// rather than an answer: a server that has just been restarted answers when it is
// asked again.
func Broken(err error) bool {
	var dial *DialError
	var op *net.OpError
	return errors.As(err, &dial) || errors.As(err, &op) || errors.Is(err, io.ErrUnexpectedEOF)
}

// withoutAddress is err without the addresses that the caller names anyway.
func withoutAddress(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// Close closes the connection.
func (c *Conn) Close() error {
	c.stop()
	return c.Conn.Close()
}

// Send writes events, in one piece as far as they are small.
func (c *Conn) Send(events ...Event) (err error) {
	const enough = 64 << 10
	c.mu.Lock()
	defer c.mu.Unlock()
	c.buf = c.buf[:0]
	for i, e := range events {
		if c.buf, err = e.Append(c.buf); err != nil {
			return err
		}
		if len(c.buf) < enough && i < len(events)-1 {
			continue
		}
		if c.writeTimeout > 0 {
			if err := c.SetWriteDeadline(time.Now().Add(c.writeTimeout)); err != nil {
				return c.cause(err)
			}
		}
		if _, err := c.Conn.Write(c.buf); err != nil {
			return c.cause(err)
		}
		c.buf = c.buf[:0]
	}
	return nil
}

// Next reads the next event. Pings are answered, and an error event is an
// *Error. A connection that the server closed is io.ErrUnexpectedEOF.
func (c *Conn) Next() (Event, error) {
	for {
		e, err := Read(c.r)
		switch {
		case err == io.EOF:
			return Event{}, c.cause(io.ErrUnexpectedEOF)
		case err != nil:
			return Event{}, c.cause(err)
		case e.Type == Ping:
			if err := c.Send(Event{Type: Pong, Data: e.Data}); err != nil {
				return Event{}, err
			}
		case e.Type == Failed:
			failed := new(Error)
			if err := e.Decode(failed); err != nil {
				return Event{}, err
			}
			return Event{}, failed
		default:
			return e, nil
		}
	}
}

// ask connects and sends events. A server that hangs up on what it does not
// like may have said why: that is the error then.
func (c *Client) ask(ctx context.Context, events ...Event) (*Conn, error) {
	conn, err := c.Dial(ctx)
	if err != nil {
		return nil, err
	}
	if err = conn.Send(events...); err == nil {
		return conn, nil
	}
	defer conn.Close()
	var said *Error
	if _, why := conn.Next(); errors.As(why, &said) {
		return nil, said
	}
	return nil, err
}
