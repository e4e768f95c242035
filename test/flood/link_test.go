package flood

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/packets"
)

// maxSent bounds one kind, however fast the machine is.
const maxSent = 2_000_000

// link is a client that speaks packet by packet.
type link struct {
	net.Conn
	w  *bufio.Writer
	id uint16
}

// connect logs in with the password of the address file. tune changes the
// CONNECT.
func (s *stack) connect(ctx context.Context, tune func(*packets.Connect)) (*link, error) {
	c, err := dial(ctx, s.broker)
	if err != nil {
		return nil, err
	}
	p := packets.Connect{ProtocolName: "MQTT", ProtocolVersion: 5, ClientID: "flood-" + randomWord(8), CleanStart: true, KeepAlive: 60, Properties: &packets.Properties{},
		UsernameFlag: true, PasswordFlag: true, Username: s.user, Password: []byte(s.password)}
	if tune != nil {
		tune(&p)
	}
	if _, err := p.WriteTo(c); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	_ = c.SetReadDeadline(time.Now().Add(patience))
	got, err := packets.ReadPacket(c)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if ack, ok := got.Content.(*packets.Connack); !ok || ack.ReasonCode != 0 {
		return nil, errors.Join(errors.New("not let in"), c.Close())
	}
	_ = c.SetReadDeadline(time.Time{})
	return &link{Conn: c, w: bufio.NewWriterSize(c, 32<<10)}, nil
}

// discard reads what comes until the link ends.
func (l *link) discard() { go func() { _, _ = io.Copy(io.Discard, l.Conn) }() }

// publication is one publication.
type publication struct {
	topic   string
	payload []byte
	qos     byte
	retain  bool
	room    string
	user    []packets.User
}

func (l *link) publish(n publication) error {
	p := packets.Publish{Topic: n.topic, Payload: n.payload, QoS: n.qos, Retain: n.retain, Properties: &packets.Properties{User: n.user}}
	if n.room != "" {
		p.Properties.User = append(p.Properties.User, packets.User{Key: "baggage", Value: "room=" + n.room}, packets.User{Key: "baggage", Value: "typed=1"})
	}
	if n.qos > 0 {
		l.id = max(1, l.id+1)
		p.PacketID = l.id
	}
	_, err := p.WriteTo(l.w)
	return err
}

func (l *link) subscribe(filters ...string) error {
	l.id = max(1, l.id+1)
	p := packets.Subscribe{PacketID: l.id, Properties: &packets.Properties{}}
	for _, f := range filters {
		p.Subscriptions = append(p.Subscriptions, packets.SubOptions{Topic: f})
	}
	if _, err := p.WriteTo(l.w); err != nil {
		return err
	}
	return l.w.Flush()
}

// runClients calls one in n goroutines, each again and again, until ctx ends. one
// returns how many things it sent; when it sent nothing it is called later.
func runClients(ctx context.Context, n int, one func(ctx context.Context) int64) int64 {
	var wg sync.WaitGroup
	var sent atomic.Int64
	for range n {
		wg.Go(func() {
			for ctx.Err() == nil && sent.Load() < maxSent {
				got := one(ctx)
				sent.Add(got)
				if got == 0 {
					sleepContext(ctx, 20*time.Millisecond)
				}
			}
		})
	}
	wg.Wait()
	return sent.Load()
}

func sleepContext(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// publishingKind is a kind in which n clients publish what next makes.
func publishingKind(name string, n int, next func() publication) kind {
	return kind{name, func(ctx context.Context, s *stack) int64 {
		return runClients(ctx, n, func(ctx context.Context) (sent int64) {
			l, err := s.connect(ctx, nil)
			if err != nil {
				return 0
			}
			defer l.Close()
			l.discard()
			for ctx.Err() == nil && sent < maxSent/int64(n) {
				if l.publish(next()) != nil {
					break
				}
				sent++
			}
			_ = l.w.Flush()
			return sent
		})
	}}
}

// randomWord is n random letters.
func randomWord(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + rand.IntN(26))
	}
	return string(b)
}

// randomBytes are n random bytes.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}
