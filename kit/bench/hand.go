package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	"github.com/segmentio/encoding/json"

	"github.com/gotars/tars/kit/msg"
)

// byHand starts services as one writes them with paho.golang: a callback that
// decodes the envelope and the message into a struct, and a client that
// acknowledges on arrival.
func (s *systemUnderTest) byHand(ctx context.Context) (stop func() error, err error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, err
	}
	var clients []*autopaho.ConnectionManager
	for i := range s.Services {
		cm, err := s.handService(ctx, i, u)
		if err != nil {
			return nil, err
		}
		clients = append(clients, cm)
	}
	s.publish = func(ctx context.Context, i int, text string) error {
		payload, err := sealSay(newID(), sayMessage[out1]{Ident: msg.Ident{MessageID: newID()}, Text: text, Lang: "en", UttID: "utt-1"})
		if err != nil {
			return err
		}
		_, err = clients[i].Publish(ctx, &paho.Publish{Topic: topicOut, QoS: s.QoS, Payload: payload})
		return err
	}
	return func() error {
		var errs []error
		for _, cm := range clients {
			errs = append(errs, cm.Disconnect(ctx))
		}
		return errors.Join(errs...)
	}, nil
}

func (s *systemUnderTest) handService(ctx context.Context, i int, u *url.URL) (*autopaho.ConnectionManager, error) {
	most := uint16(65535)
	up := make(chan error, 1)
	var cm *autopaho.ConnectionManager
	cm, err := autopaho.NewConnection(ctx, autopaho.ClientConfig{
		ServerUrls: []*url.URL{u}, KeepAlive: 60, CleanStartOnInitialConnection: true,
		ConnectPacketBuilder: func(c *paho.Connect, _ *url.URL) (*paho.Connect, error) {
			c.Properties = &paho.ConnectProperties{ReceiveMaximum: &most, RequestProblemInfo: true}
			return c, nil
		},
		OnConnectionUp: func(m *autopaho.ConnectionManager, _ *paho.Connack) {
			subs := []paho.SubscribeOptions{{Topic: topicIn, QoS: s.QoS}}
			if i == 0 {
				subs = append(subs, paho.SubscribeOptions{Topic: topicAsk, QoS: s.QoS})
			}
			_, err := m.Subscribe(ctx, &paho.Subscribe{Subscriptions: subs})
			up <- err
		},
		ClientConfig: paho.ClientConfig{
			ClientID: fmt.Sprintf("bench-%d", i),
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
				return true, s.receive(ctx, cm, p.Packet)
			}},
		},
	})
	if err != nil {
		return nil, err
	}
	return cm, <-up
}

func (s *systemUnderTest) receive(ctx context.Context, cm *autopaho.ConnectionManager, p *paho.Publish) error {
	var e envelope
	if err := json.Unmarshal(p.Payload, &e); err != nil {
		return err
	}
	switch p.Topic {
	case topicIn:
		var m sayMessage[in1]
		if err := json.Unmarshal(e.Data, &m); err != nil {
			return err
		}
		s.countHandled(m.Text)
	case topicAsk:
		var q askMessage[ask1, reply1]
		if err := json.Unmarshal(e.Data, &q); err != nil {
			return err
		}
		s.countHandled(q.Text)
		r := q.answer()
		r.MessageID = newID()
		payload, err := sealSay(e.ID, r)
		if err != nil {
			return err
		}
		go func() { // the callback must not wait for the broker
			_, _ = cm.Publish(ctx, &paho.Publish{Topic: topicReply, QoS: s.QoS, Payload: payload})
		}()
	}
	return nil
}

func sealSay[P messageRoute](id string, m sayMessage[P]) ([]byte, error) {
	data, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	return json.Marshal(envelope{ID: id, Type: "bench", TS: float64(time.Now().UnixMicro()) / 1e6, Source: "bench", Data: data})
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
