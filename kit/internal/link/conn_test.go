package link

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.golang/packets"
)

// pair is both ends of a TCP connection on the loopback interface.
func pair(t testing.TB) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if near, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if far, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}

// publish writes a PUBLISH with size bytes that name the writer and the number.
func publish(w io.Writer, writer, n, size int) error {
	body := bytes.Repeat([]byte{byte(writer)}, max(size, 8))
	binary.BigEndian.PutUint32(body, uint32(writer))
	binary.BigEndian.PutUint32(body[4:], uint32(n))
	p := &packets.Publish{Topic: "t", Payload: body, Properties: &packets.Properties{}}
	_, err := p.WriteTo(w)
	return err
}

func acknowledge(w io.Writer, id int) error {
	_, err := (&packets.Puback{PacketID: uint16(id), Properties: &packets.Properties{}}).WriteTo(w)
	return err
}

func goodbye(w io.Writer) error {
	_, err := (&packets.Disconnect{Properties: &packets.Properties{}}).WriteTo(w)
	return err
}

// Every packet of many writers arrives whole, and those of one in its order.
func TestPacketsArriveWhole(t *testing.T) {
	transports := map[string]func(*testing.T) (net.Conn, net.Conn){
		"TCP":  func(t *testing.T) (net.Conn, net.Conn) { return pair(t) },
		"pipe": func(*testing.T) (net.Conn, net.Conn) { return net.Pipe() },
	}
	for name, connect := range transports {
		t.Run(name, func(t *testing.T) {
			near, far := connect(t)
			c := New(near)
			defer c.Close()
			sizes := []int{8, 100, minDirectWrite - 1, minDirectWrite, 3 * minDirectWrite, 900, 2*highWater + 1}
			const writers, each = 16, 70
			var wg sync.WaitGroup
			for w := range writers {
				wg.Go(func() {
					for n := range each {
						if err := publish(c, w, n, sizes[(w+n)%len(sizes)]); err != nil {
							t.Error(err)
							return
						}
						c.Acknowledge([]byte{packets.PUBACK << 4, 2, 0, byte(w)})
					}
				})
			}
			next, acks := [writers]int{}, 0
			for range writers * each * 2 {
				p, err := packets.ReadPacket(far)
				if err != nil {
					t.Fatal(err)
				}
				switch x := p.Content.(type) {
				case *packets.Puback:
					acks++
				case *packets.Publish:
					w, n := binary.BigEndian.Uint32(x.Payload), binary.BigEndian.Uint32(x.Payload[4:])
					if int(n) != next[w] || len(x.Payload) != sizes[(int(w)+int(n))%len(sizes)] || x.Payload[len(x.Payload)-1] != byte(w) && len(x.Payload) > 8 {
						t.Fatalf("writer %d: got packet %d of %d bytes, want packet %d", w, n, len(x.Payload), next[w])
					}
					next[w]++
				}
			}
			wg.Wait()
			if acks != writers*each {
				t.Errorf("got %d acknowledgements, want %d", acks, writers*each)
			}
			c.Lock()
			defer c.mu.Unlock()
			for c.flushing { // its write has arrived, so it is about to end
				c.changed.Wait()
			}
			if c.unwritten() != 0 {
				t.Errorf("%d bytes wait", c.unwritten())
			}
		})
	}
}

// counted counts the writes that reach the connection.
type counted struct {
	net.Conn
	writes atomic.Int64
}

func (c *counted) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// A packet is one write, and acknowledgements that follow each other share one.
func TestWritesAreFew(t *testing.T) {
	tests := map[string]struct {
		write       func(w io.Writer, n int) error
		least, most int
	}{
		"packets":          {func(w io.Writer, n int) error { return publish(w, 1, n, 100) }, 10, 10},
		"acknowledgements": {acknowledge, 1, 2}, // 2: the first can be on its way already
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				under := &counted{Conn: near}
				c := New(under)
				release := make(chan struct{})
				go func() {
					if tt.most < 10 {
						<-release
					}
					_, _ = io.Copy(io.Discard, far)
				}()
				for n := range 10 {
					if err := tt.write(c, n); err != nil {
						t.Fatal(err)
					}
				}
				close(release)
				synctest.Wait()
				if n := under.writes.Load(); n < int64(tt.least) || n > int64(tt.most) {
					t.Errorf("10 took %d writes, want %d to %d", n, tt.least, tt.most)
				}
				c.Close()
				far.Close()
			})
		})
	}
}

// A packet that nobody reads is the error of later writes, and closes the
// connection, so that its reader knows.
func TestWriteErrorEndsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		c := New(near)
		read := make(chan error)
		go func() { _, err := c.Read(make([]byte, 1)); read <- err }()
		_ = c.SetWriteDeadline(time.Now().Add(time.Second)) // and far reads nothing
		if err := publish(c, 1, 0, 100); err != nil {
			t.Errorf("the first write: %v", err)
		}
		if err := publish(c, 1, 1, 100); !isTimeout(err) {
			t.Errorf("the next write: %v, want a timeout", err)
		}
		if err := acknowledge(c, 1); !isTimeout(err) {
			t.Errorf("an acknowledgement: %v, want a timeout", err)
		}
		if err := <-read; err == nil {
			t.Error("the reader knows nothing of it")
		}
		far.Close()
	})
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// stuck is a connection whose peer does not read, with a write that blocks and
// so many behind it that the last of them wait for room.
func stuck(t *testing.T) (c *Conn, far net.Conn, done chan error) {
	t.Helper()
	near, far := net.Pipe()
	c = New(near)
	const writers = 20
	done = make(chan error, 2*writers)
	for w := range writers {
		go func() {
			err := publish(c, w, 0, minDirectWrite-100)
			if err == nil {
				err = publish(c, w, 1, 2*minDirectWrite)
			}
			done <- err
		}()
	}
	synctest.Wait()
	return c, far, done
}

// Whoever waits behind a write that blocks is let go.
func TestBlockedWriteEnds(t *testing.T) {
	ends := map[string]func(c *Conn, far net.Conn){
		"by Close":            func(c *Conn, _ net.Conn) { _ = c.Close() },
		"by a deadline":       func(c *Conn, _ net.Conn) { _ = c.SetDeadline(time.Now().Add(time.Minute)) },
		"by a write deadline": func(c *Conn, _ net.Conn) { _ = c.SetWriteDeadline(time.Now()) },
		"by the peer":         func(_ *Conn, far net.Conn) { _ = far.Close() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, far, done := stuck(t)
				end(c, far)
				for range cap(done) / 2 {
					if err := <-done; err == nil {
						t.Error("a write that cannot have happened reports success")
					}
				}
				if err := goodbye(c); err == nil {
					t.Error("DISCONNECT reports success")
				}
				far.Close()
			})
		})
	}
}

// A peer that reads again gets everything that waited.
func TestBlockedWriteGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far, done := stuck(t)
		got := make(chan int)
		go func() {
			n := 0
			for {
				if _, err := packets.ReadPacket(far); err != nil {
					got <- n
					return
				}
				n++
			}
		}()
		for range cap(done) / 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		c.Close()
		if n := <-got; n != cap(done) {
			t.Errorf("got %d packets, want %d", n, cap(done))
		}
	})
}

// What was written before DISCONNECT arrives although the connection is closed
// right after it.
func TestNothingIsLostBeforeDisconnect(t *testing.T) {
	for range 50 {
		near, far := pair(t)
		c := New(near)
		go func() {
			for id := range 100 {
				_ = acknowledge(c, id)
			}
			_ = goodbye(c)
			_ = c.Close()
		}()
		for i := range 101 {
			p, err := packets.ReadPacket(far)
			if err != nil {
				t.Fatalf("packet %d: %v", i, err)
			}
			if bye := p.Type == packets.DISCONNECT; bye != (i == 100) {
				t.Fatalf("packet %d is %s", i, p.PacketType())
			}
		}
	}
}

// DISCONNECT to a peer that reads nothing takes a second and no more.
func TestDisconnectIsGivenUpAfterASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		c := New(near)
		go func() { _ = publish(c, 1, 1, 100) }()
		synctest.Wait()
		begin := time.Now()
		if err := goodbye(c); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took != disconnectTimeout {
			t.Errorf("took %s, want %s", took, disconnectTimeout)
		}
		if _, err := far.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the peer reads %v, want the end", err)
		}
	})
}

// An idle connection has no write buffer.
func TestIdleConnectionHoldsNoWriteBuffer(t *testing.T) {
	near, far := pair(t)
	c := New(near)
	go func() { _, _ = io.Copy(io.Discard, far) }()
	if err := publish(c, 1, 1, 1000); err != nil {
		t.Fatal(err)
	}
	c.Lock()
	defer c.mu.Unlock()
	if c.buf != nil {
		t.Errorf("%d bytes wait, in a buffer of %d", len(*c.buf), cap(*c.buf))
	}
}

func BenchmarkRead(b *testing.B) {
	near, far := pair(b)
	c := New(near)
	go func() {
		var packet bytes.Buffer
		for range 64 {
			_ = publish(&packet, 1, 1, 350)
		}
		for {
			if _, err := far.Write(packet.Bytes()); err != nil {
				return
			}
		}
	}()
	for b.Loop() {
		if _, err := packets.ReadPacket(c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, size := range []int{350, 4 << 10, 12 << 10, 16 << 10, 32 << 10} {
		for name, wrap := range map[string]func(net.Conn) net.Conn{"bare": packets.NewThreadSafeConn, "link": func(c net.Conn) net.Conn { return New(c) }, "tcp": func(c net.Conn) net.Conn { return c }} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				near, far := pair(b)
				c := wrap(near)
				go func() { _, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, far, make([]byte, 1<<20)) }()
				p := &packets.Publish{Topic: "t", Payload: make([]byte, size), Properties: &packets.Properties{}}
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if _, err := p.WriteTo(c); err != nil {
							b.Fatal(err)
						}
					}
				})
			})
		}
	}
}
