// Command guests counts who came, and answers how often.
package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/components/cqrs"
	"github.com/ThreeDotsLabs/watermill/components/requestreply"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
)

// Guest says that somebody came.
type Guest struct {
	Name string `json:"name"`
}

// HowOften asks how often somebody came; Visits answers.
type HowOften struct {
	Name string `json:"name"`
}

type Visits struct {
	Name  string `json:"name"`
	Times int    `json:"times"`
}

// Service is the book of guests.
type Service struct {
	mu    sync.Mutex
	times map[string]int
}

var errNoName = errors.New("no name")

func (s *Service) came(_ context.Context, g *Guest) error {
	if g.Name == "" {
		return errNoName
	}
	if g.Name == "nobody" {
		panic("nobody came")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.times[g.Name]++
	return nil
}

func (s *Service) howOften(_ context.Context, q *HowOften) (Visits, error) {
	if q.Name == "" {
		return Visits{}, errNoName
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return Visits{Name: q.Name, Times: s.times[q.Name]}, nil
}

// PubSub is a broker, such as one of the watermill-… modules.
type PubSub interface {
	message.Publisher
	message.Subscriber
}

// Replies is how questions are answered over ps.
func Replies(ps PubSub) (*requestreply.PubSubBackend[Visits], error) {
	timeout := 5 * time.Second
	return requestreply.NewPubSubBackend(requestreply.PubSubBackendConfig{
		Publisher: ps,
		SubscriberConstructor: func(requestreply.PubSubBackendSubscribeParams) (message.Subscriber, error) {
			return ps, nil
		},
		GenerateSubscribeTopic: func(requestreply.PubSubBackendSubscribeParams) (string, error) { return "door.visits", nil },
		GeneratePublishTopic:   func(requestreply.PubSubBackendPublishParams) (string, error) { return "door.visits", nil },
		ListenForReplyTimeout:  &timeout,
	}, requestreply.BackendPubsubJSONMarshaler[Visits]{})
}

// NewRouter subscribes both handlers.
func NewRouter(ps PubSub, log watermill.LoggerAdapter) (*message.Router, error) {
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: 5 * time.Second}, log)
	if err != nil {
		return nil, err
	}
	poison, err := middleware.PoisonQueue(ps, "dead")
	if err != nil {
		return nil, err
	}
	router.AddMiddleware(poison, middleware.Recoverer) // the first is outermost
	events, err := cqrs.NewEventProcessorWithConfig(router, cqrs.EventProcessorConfig{
		GenerateSubscribeTopic: func(cqrs.EventProcessorGenerateSubscribeTopicParams) (string, error) { return "door.guest", nil },
		SubscriberConstructor: func(cqrs.EventProcessorSubscriberConstructorParams) (message.Subscriber, error) {
			return ps, nil
		},
		Marshaler: cqrs.JSONMarshaler{}, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	commands, err := cqrs.NewCommandProcessorWithConfig(router, cqrs.CommandProcessorConfig{
		GenerateSubscribeTopic: func(cqrs.CommandProcessorGenerateSubscribeTopicParams) (string, error) { return "door.how-often", nil },
		SubscriberConstructor: func(cqrs.CommandProcessorSubscriberConstructorParams) (message.Subscriber, error) {
			return ps, nil
		},
		Marshaler: cqrs.JSONMarshaler{}, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	replies, err := Replies(ps)
	if err != nil {
		return nil, err
	}
	s := &Service{times: map[string]int{}}
	if err := events.AddHandlers(cqrs.NewEventHandler("came", s.came)); err != nil {
		return nil, err
	}
	return router, commands.AddHandlers(requestreply.NewCommandHandlerWithResult("how-often", replies, s.howOften))
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := watermill.NewSlogLogger(slog.Default())
	router, err := NewRouter(gochannel.NewGoChannel(gochannel.Config{}, log), log)
	if err == nil {
		err = router.Run(ctx)
	}
	if err != nil {
		slog.Error("ended", "err", err)
		os.Exit(1)
	}
}
