package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/components/cqrs"
	"github.com/ThreeDotsLabs/watermill/components/requestreply"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
)

func TestGuests(t *testing.T) {
	ps := gochannel.NewGoChannel(gochannel.Config{OutputChannelBuffer: 100}, watermill.NopLogger{})
	dead, err := ps.Subscribe(t.Context(), "dead")
	if err != nil {
		t.Fatal(err)
	}
	router, err := NewRouter(ps, watermill.NopLogger{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- router.Run(ctx) }()
	<-router.Running()
	events, err := cqrs.NewEventBusWithConfig(ps, cqrs.EventBusConfig{
		GeneratePublishTopic: func(cqrs.GenerateEventPublishTopicParams) (string, error) { return "door.guest", nil }, Marshaler: cqrs.JSONMarshaler{}})
	if err != nil {
		t.Fatal(err)
	}
	commands, err := cqrs.NewCommandBusWithConfig(ps, cqrs.CommandBusConfig{
		GeneratePublishTopic: func(cqrs.CommandBusGeneratePublishTopicParams) (string, error) { return "door.how-often", nil }, Marshaler: cqrs.JSONMarshaler{}})
	if err != nil {
		t.Fatal(err)
	}
	replies, err := Replies(ps)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Ann", "nobody", "Ann"} {
		if err := events.Publish(t.Context(), &Guest{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	var letter *message.Message
	select {
	case letter = <-dead:
		letter.Ack()
	case <-time.After(5 * time.Second):
		t.Fatal("no poisoned message")
	}
	if !strings.Contains(string(letter.Payload), "nobody") {
		t.Errorf("poisoned %s", letter.Payload)
	}
	t.Log("panic: with the Recoverer and PoisonQueue middleware, the message goes to the poison queue")
	for deadline := time.Now().Add(5 * time.Second); ; {
		r, err := requestreply.SendWithReply(t.Context(), commands, replies, &HowOften{Name: "Ann"})
		if err != nil || r.Error != nil {
			t.Fatal(err, r.Error)
		}
		if r.HandlerResult.Times == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("came %d times", r.HandlerResult.Times)
		}
	}
	stop()
	if err := <-over; err != nil {
		t.Error(err)
	}
}
