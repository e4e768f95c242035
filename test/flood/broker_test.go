package flood

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/packets"
)

// brokerKinds are what a client can do to a broker, whatever the topics mean.
func brokerKinds() []kind {
	return []kind{
		{"garbage connections", garbage},
		{"claims of 256 MiB", claims},
		{"links that send nothing or drip", dripping},
		{"subscriptions", subscriptions},
		publishingKind("retained messages", 4, func() publication {
			return publication{topic: "flood/" + randomWord(8) + "/" + randomWord(3), payload: randomBytes(1 + rand.IntN(8<<10)), retain: true, qos: byte(rand.IntN(2))}
		}),
		{"clients that never read", neverRead},
		{"clients with a wrong password that never read", wrongNeverRead},
		{"logins with a wrong password", guesses},
		{"one client id again and again", takeovers},
		{"large packets in pieces", pieces},
	}
}

// sessionKinds use up the sessions that the broker keeps: they stay for an hour, and
// make each message cost more, so each of them floods a process of its own.
func sessionKinds() []kind { return []kind{{"endless sessions", sessions}} }

func lastingKinds() []kind {
	return []kind{{"subscriptions of endless sessions", lastingSubscriptions}}
}

// unhex decodes a constant.
func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// malformedSubscribe is a CONNECT of MQTT 5 and a SUBSCRIBE without its options byte.
var malformedSubscribe = unhex("100e00044d5154540502003c000001788206000100000161")

// garbage sends small, mutated, before and after a login.
func garbage(ctx context.Context, s *stack) int64 {
	return runClients(ctx, 8, func(ctx context.Context) int64 {
		b := slices.Clone(malformedSubscribe)
		for range rand.IntN(4) {
			b[rand.IntN(len(b))] = byte(rand.Uint32())
		}
		if rand.IntN(2) == 0 {
			c, err := dial(ctx, s.broker)
			if err != nil {
				return 0
			}
			defer c.Close()
			_, _ = c.Write(b)
			return 1
		}
		l, err := s.connect(ctx, nil)
		if err != nil {
			return 0
		}
		defer l.Close()
		_, _ = l.Write(append(b[16:], randomBytes(rand.IntN(64))...))
		return 1
	})
}

// claims announce 256 MiB and hold the line, half of them after a login.
func claims(ctx context.Context, s *stack) int64 {
	return runClients(ctx, 400, func(ctx context.Context) int64 {
		if rand.IntN(2) == 0 {
			c, err := dial(ctx, s.broker)
			if err != nil {
				return 0
			}
			defer c.Close()
			_, _ = c.Write(unhex("10ffffff7f00044d515454"))
			_, _ = c.Read(make([]byte, 64))
			return 1
		}
		l, err := s.connect(ctx, nil)
		if err != nil {
			return 0
		}
		defer l.Close()
		_, _ = l.Write(unhex("30ffffff7f000161"))
		_, _ = l.Read(make([]byte, 64))
		return 1
	})
}

// dripping connections are silent, or send their CONNECT byte by byte.
func dripping(ctx context.Context, s *stack) int64 {
	return runClients(ctx, 500, func(ctx context.Context) int64 {
		c, err := dial(ctx, s.broker)
		if err != nil {
			return 0
		}
		defer c.Close()
		if rand.IntN(2) == 0 {
			_, _ = c.Read(make([]byte, 64))
			return 1
		}
		for _, b := range malformedSubscribe {
			if _, err := c.Write([]byte{b}); err != nil {
				break
			}
			sleepContext(ctx, 50*time.Millisecond)
		}
		return 1
	})
}

// sessions that never end, each of them subscribed to everything.
func sessions(ctx context.Context, s *stack) int64 {
	return runClients(ctx, 8, func(ctx context.Context) int64 {
		l, err := s.connect(ctx, func(c *packets.Connect) {
			c.ClientID, c.CleanStart = "endless-"+randomWord(12), false
			c.Properties.SessionExpiryInterval = new(uint32(1<<32 - 1))
		})
		if err != nil {
			return 0
		}
		defer l.Close()
		p := packets.Subscribe{PacketID: 1, Properties: &packets.Properties{}, Subscriptions: []packets.SubOptions{{Topic: "#", QoS: 1}}}
		_, _ = p.WriteTo(l)
		_, _ = packets.ReadPacket(l)
		return 1
	})
}

// subscriptions with filters of all lengths.
func subscriptions(ctx context.Context, s *stack) int64 {
	return runClients(ctx, 16, func(ctx context.Context) (sent int64) {
		l, err := s.connect(ctx, nil)
		if err != nil {
			return 0
		}
		defer l.Close()
		l.discard()
		for ctx.Err() == nil {
			filters := make([]string, 100)
			for i := range filters {
				filters[i] = randomWord(6) + strings.Repeat("/+", rand.IntN(100)) + "/" + randomWord(1+rand.IntN(200))
			}
			if l.subscribe(filters...) != nil {
				return sent
			}
			sent += int64(len(filters))
		}
		return sent
	})
}

// lastingSubscriptions belong to sessions that outlive their connections.
func lastingSubscriptions(ctx context.Context, s *stack) int64 {
	return runClients(ctx, 8, func(ctx context.Context) (sent int64) {
		l, err := s.connect(ctx, func(c *packets.Connect) { c.Properties.SessionExpiryInterval = new(uint32(1<<32 - 1)) })
		if err != nil {
			return 0
		}
		defer l.Close()
		filters := make([]string, 100)
		for i := range filters {
			filters[i] = randomWord(6) + strings.Repeat("/+", rand.IntN(190)) + "/" + randomWord(1+rand.IntN(200))
		}
		if l.subscribe(filters...) == nil {
			_, _ = packets.ReadPacket(l)
			sent += int64(len(filters))
		}
		return sent
	})
}

// neverRead clients subscribe to everything and read nothing, while others
// publish.
func neverRead(ctx context.Context, s *stack) int64 {
	var wg sync.WaitGroup
	wg.Go(func() {
		runClients(ctx, 60, func(ctx context.Context) int64 {
			l, err := s.connect(ctx, nil)
			if err != nil || l.subscribe("#") != nil {
				return 0
			}
			<-ctx.Done()
			return 1
		})
	})
	defer wg.Wait()
	return publishingKind("", 3, func() publication { return publication{topic: "flood/unread", payload: make([]byte, 64<<10)} }).run(ctx, s)
}

// wrongNeverRead clients send on after a login that cannot work.
func wrongNeverRead(ctx context.Context, s *stack) int64 {
	more := make([]byte, 64<<10)
	return runClients(ctx, 100, func(ctx context.Context) int64 {
		c, err := dial(ctx, s.broker)
		if err != nil {
			return 0
		}
		defer c.Close()
		p := packets.Connect{ProtocolName: "MQTT", ProtocolVersion: 5, ClientID: randomWord(8), Properties: &packets.Properties{},
			UsernameFlag: true, PasswordFlag: true, Username: s.user, Password: []byte("wrong")}
		_, err = p.WriteTo(c)
		for err == nil {
			_, err = c.Write(more)
		}
		return 1
	})
}

// guesses are logins one after the other.
func guesses(ctx context.Context, s *stack) int64 {
	return runClients(ctx, 8, func(ctx context.Context) int64 {
		l, err := s.connect(ctx, func(c *packets.Connect) { c.Password = []byte(randomWord(26)) })
		if err == nil {
			_ = l.Close()
		}
		return 1
	})
}

// takeovers log in with a client id that is connected already.
func takeovers(ctx context.Context, s *stack) int64 {
	return runClients(ctx, 8, func(ctx context.Context) int64 {
		l, err := s.connect(ctx, func(c *packets.Connect) {
			c.ClientID = fmt.Sprint("taken-", rand.IntN(3))
			c.WillFlag, c.WillTopic, c.WillMessage, c.WillProperties = true, "flood/will", make([]byte, 4<<10), &packets.Properties{}
		})
		if err != nil {
			return 0
		}
		_ = l.subscribe("#")
		return 1
	})
}

// pieces are packets of nearly the largest size, of which the end never comes.
func pieces(ctx context.Context, s *stack) int64 {
	part := make([]byte, 64<<10)
	return runClients(ctx, 150, func(ctx context.Context) (sent int64) {
		l, err := s.connect(ctx, nil)
		if err != nil {
			return 0
		}
		defer l.Close()
		_, err = l.Write(unhex("30ffffff0100046c6f6e67"))
		for range 62 {
			if err != nil {
				break
			}
			_, err = l.Write(part)
			sent++
		}
		_, _ = l.Read(make([]byte, 64))
		return sent
	})
}
