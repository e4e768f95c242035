package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/packets"
)

// driver loads a system under test. It speaks just enough MQTT to cost little:
// packets leave in large writes and are told apart by their first bytes.
type driver struct {
	conn net.Conn
	r    *bufio.Reader

	mu   sync.Mutex // of writes
	id   uint16
	acks atomic.Int64
	got  atomic.Int64
	// arrived is told of every message; it must not keep the payload.
	arrived func(payload []byte)
	ended   chan error // capacity 1: why reading ended
}

// newDriver connects to a broker, and takes what the system under test sends.
func newDriver(ctx context.Context, broker string, arrived func([]byte)) (*driver, error) {
	u, err := url.Parse(broker)
	if err != nil {
		return nil, err
	}
	c, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	d := &driver{conn: c, r: bufio.NewReaderSize(c, 64<<10), arrived: arrived, ended: make(chan error, 1)}
	connect := packets.Connect{ProtocolName: "MQTT", ProtocolVersion: 5, CleanStart: true, ClientID: "bench-driver", Properties: &packets.Properties{}}
	if u.User != nil {
		connect.UsernameFlag, connect.Username = true, u.User.Username()
		if p, ok := u.User.Password(); ok {
			connect.PasswordFlag, connect.Password = true, []byte(p)
		}
	}
	subscribe := packets.Subscribe{PacketID: 1, Properties: &packets.Properties{}, Subscriptions: []packets.SubOptions{{Topic: topicOut}, {Topic: topicReply}}}
	for _, p := range []interface {
		WriteTo(io.Writer) (int64, error)
	}{&connect, &subscribe} {
		if _, err := p.WriteTo(c); err != nil {
			return nil, errors.Join(err, c.Close())
		}
		answer, err := packets.ReadPacket(d.r)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		if a, ok := answer.Content.(*packets.Connack); ok && a.ReasonCode != 0 {
			return nil, errors.Join(fmt.Errorf("broker refuses the driver: reason 0x%02X", a.ReasonCode), c.Close())
		}
	}
	go func() { d.ended <- d.read() }()
	return d, nil
}

func (d *driver) close() {
	_ = d.conn.Close()
	<-d.ended
}

// read takes packets until the connection ends.
func (d *driver) read() error {
	var body []byte
	for {
		first, err := d.r.ReadByte()
		if err != nil {
			return err
		}
		n, err := binary.ReadUvarint(d.r)
		if err != nil {
			return err
		}
		if uint64(cap(body)) < n {
			body = make([]byte, n)
		}
		body = body[:n]
		if _, err := io.ReadFull(d.r, body); err != nil {
			return err
		}
		switch first >> 4 {
		case packets.PUBACK:
			d.acks.Add(1)
		case packets.PUBLISH: // at QoS 0: topic, properties, payload
			topic := 2 + int(binary.BigEndian.Uint16(body))
			length, size := binary.Uvarint(body[topic:])
			d.arrived(body[topic+size+int(length):])
			d.got.Add(1)
		case packets.DISCONNECT:
			return errors.New("the broker disconnects the driver")
		}
	}
}

// appendPublish adds a PUBLISH to buf.
func (d *driver) appendPublish(buf *bytes.Buffer, topic string, qos byte, payload []byte) {
	p := packets.Publish{Topic: topic, QoS: qos, Payload: payload, Properties: &packets.Properties{}}
	if qos > 0 {
		d.id = max(d.id+1, 2)
		p.PacketID = d.id
	}
	_, _ = p.WriteTo(buf)
}

// publishOne publishes one message.
func (d *driver) publishOne(topic string, qos byte, payload []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var buf bytes.Buffer
	d.appendPublish(&buf, topic, qos, payload)
	_, err := d.conn.Write(buf.Bytes())
	return err
}

// maxInFlight is how many messages may be on their way to the broker.
const maxInFlight = 1000

// publishMany publishes a message n times, as fast as the broker takes it.
func (d *driver) publishMany(ctx context.Context, topic string, qos byte, payload []byte, n int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var buf bytes.Buffer
	before := d.acks.Load()
	for k := 0; k < n; {
		buf.Reset()
		for buf.Len() < 32<<10 && k < n {
			d.appendPublish(&buf, topic, qos, payload)
			k++
		}
		for qos > 0 && int64(k)-(d.acks.Load()-before) > maxInFlight {
			if err := d.pause(ctx); err != nil {
				return err
			}
		}
		if _, err := d.conn.Write(buf.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// pause lets a moment pass, unless all is over.
func (d *driver) pause(ctx context.Context) error {
	select {
	case <-time.After(100 * time.Microsecond):
		return nil
	case err := <-d.ended:
		d.ended <- err
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// awaitMessages waits until n messages have arrived.
func (d *driver) awaitMessages(ctx context.Context, n int64) error {
	for d.got.Load() < n {
		if err := d.pause(ctx); err != nil {
			return fmt.Errorf("%d of %d messages came: %w", d.got.Load(), n, err)
		}
	}
	return nil
}
