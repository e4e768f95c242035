// Command guests counts who came, and answers how often.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
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

func (s *Service) came(m *nats.Msg) {
	var g Guest
	if err := json.Unmarshal(m.Data, &g); err != nil || g.Name == "" {
		slog.Warn("no guest", "err", err)
		return
	}
	if g.Name == "nobody" {
		panic("nobody came")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.times[g.Name]++
}

func (s *Service) howOften(r micro.Request) {
	var q HowOften
	if err := json.Unmarshal(r.Data(), &q); err != nil || q.Name == "" {
		_ = r.Error("400", "no name", nil)
		return
	}
	s.mu.Lock()
	n := s.times[q.Name]
	s.mu.Unlock()
	if err := r.RespondJSON(Visits{Name: q.Name, Times: n}); err != nil {
		slog.Warn("not answered", "err", err)
	}
}

// Start subscribes both handlers.
func Start(nc *nats.Conn) (micro.Service, error) {
	s := &Service{times: map[string]int{}}
	if _, err := nc.Subscribe("door.guest", s.came); err != nil {
		return nil, err
	}
	svc, err := micro.AddService(nc, micro.Config{Name: "guests", Version: "1.0.0"})
	if err != nil {
		return nil, err
	}
	return svc, svc.AddEndpoint("how-often", micro.HandlerFunc(s.howOften), micro.WithEndpointSubject("door.how-often"))
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	closed := make(chan struct{})
	nc, err := nats.Connect(cmp.Or(os.Getenv("NATS_URL"), nats.DefaultURL), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1),
		nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
	if err == nil {
		_, err = Start(nc)
	}
	if err != nil {
		slog.Error("not started", "err", err)
		os.Exit(1)
	}
	<-ctx.Done()
	if err := nc.Drain(); err == nil { // all subscriptions, those of micro included
		<-closed
	}
}
