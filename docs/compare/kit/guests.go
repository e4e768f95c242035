// Command guests counts who came, and answers how often.
package main

import (
	"context"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
)

// Guest says that somebody came.
type Guest struct {
	Name string `json:"name" msg:"required"`
}

func (Guest) Route() msg.Route { return msg.Route{Topic: "door/guest", QoS: msg.AtLeastOnce} }

// HowOften asks how often somebody came; Visits answers.
type HowOften struct {
	Name string `json:"name" msg:"required"`
}

func (HowOften) Route() msg.Route  { return msg.Route{Topic: "door/how-often", QoS: msg.AtLeastOnce} }
func (HowOften) Reply() (v Visits) { return }

type Visits struct {
	Name  string `json:"name"`
	Times int    `json:"times"`
}

func (Visits) Route() msg.Route { return msg.Route{Topic: "door/visits", QoS: msg.AtLeastOnce} }

var Module = kit.Service[*Service]("guests", fx.Provide(New))

// Service is the book of guests.
type Service struct{ times map[string]int }

func New() *Service { return &Service{times: map[string]int{}} }

func (s *Service) Handlers() []kit.Handler {
	book := kit.Lane("book") // one at a time, so there is no lock
	return []kit.Handler{kit.On(s.came, book), kit.Answer(s.howOften, book)}
}

func (s *Service) came(_ context.Context, g Guest) error {
	if g.Name == "nobody" {
		panic("nobody came")
	}
	s.times[g.Name]++
	return nil
}

func (s *Service) howOften(_ context.Context, q HowOften) (Visits, error) {
	return Visits{Name: q.Name, Times: s.times[q.Name]}, nil
}

func main() { kit.Main(Module) }
