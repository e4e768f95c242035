package kit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/examples/house"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
)

// playground runs services on a broker of their own and returns a bus that may
// do what hs declares. It stands for a machine on which all of them run.
func playground(hs []kit.Handler, mods ...kit.Module) (bus *kit.Bus, stop func()) {
	srv, err := broker.New(broker.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		panic(err)
	}
	s, err := kit.Load("example")
	if err != nil {
		panic(err)
	}
	s.URL, s.LogLevel = "mqtt://"+srv.Addr(), slog.LevelError
	var apps []*fx.App
	for _, m := range mods {
		var b *kit.Bus
		app := m.App(fx.Populate(&b), fx.Replace(s, slog.New(slog.DiscardHandler)))
		if err := errors.Join(app.Err(), app.Start(context.Background())); err != nil {
			panic(err)
		}
		if err := b.Ready(context.Background()); err != nil {
			panic(err)
		}
		apps = append(apps, app)
	}
	bus, err = kit.Open(context.Background(), "example", s, hs...)
	if err != nil {
		panic(err)
	}
	return bus, func() {
		_ = bus.Close(context.Background())
		for _, app := range apps {
			_ = app.Stop(context.Background())
		}
		_ = srv.Close()
	}
}

func ExampleOn() {
	heard := make(chan string)
	siren := kittest.ServiceOf("siren", kit.On(func(_ context.Context, a house.Alarm) error {
		heard <- fmt.Sprintf("%s: %v at %.1f degrees", a.Room, a.On, a.Celsius)
		return nil // the broker may forget it now
	}, kit.Name("alarm")))
	bus, stop := playground([]kit.Handler{kit.Sends[house.Alarm]()}, siren)
	defer stop()
	go func() {
		_ = bus.Publish(context.Background(), house.Alarm{Room: "attic", On: true, Celsius: 31.5})
	}()
	fmt.Println(<-heard)
	// Output: attic: true at 31.5 degrees
}

func ExampleAsk() {
	thermometer := kittest.ServiceOf("thermometer", kit.Answer(func(_ context.Context, q house.History) (house.Readings, error) {
		if q.Room != "attic" {
			return house.Readings{}, &kit.Error{Code: kit.CodeNotFound, Message: "no thermometer in the " + q.Room}
		}
		return house.Readings{Room: q.Room, Celsius: []float64{20, 21}}, nil
	}, kit.Name("history")))
	bus, stop := playground([]kit.Handler{kit.Asks[house.History]()}, thermometer)
	defer stop()
	r, err := kit.Ask(context.Background(), bus, house.History{Room: "attic"})
	fmt.Println(r.Celsius, err)
	_, err = kit.Ask(context.Background(), bus, house.History{Room: "cellar"})
	fmt.Println(err)
	// Output:
	// [20 21] <nil>
	// not_found: no thermometer in the cellar
}

func ExampleAskStream() {
	thermometer := kittest.ServiceOf("thermometer", kit.Stream(func(_ context.Context, q house.Report, send func(house.Line) error) (house.Summary, error) {
		for i := range q.Lines {
			if err := send(house.Line{ID: q.ID, Seq: i, Celsius: 20 + float64(i)}); err != nil {
				return house.Summary{}, err
			}
		}
		return house.Summary{ID: q.ID, Mean: 21}, nil
	}, kit.Name("report")))
	bus, stop := playground([]kit.Handler{kit.AsksStream[house.Report]()}, thermometer)
	defer stop()
	var end house.Summary
	for line, err := range kit.AskStream(context.Background(), bus, house.Report{ID: "r1", Lines: 3}, &end) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(line.Seq, line.Celsius)
	}
	fmt.Println("mean", end.Mean)
	// Output:
	// 0 20
	// 1 21
	// 2 22
	// mean 21
}

func ExampleCancelledBy() {
	ended := make(chan error, 1)
	endless := func(ctx context.Context, q house.Report, send func(house.Line) error) (house.Summary, error) {
		if err := send(house.Line{ID: q.ID, Celsius: 20}); err != nil {
			return house.Summary{}, err
		}
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return house.Summary{}, ctx.Err()
	}
	thermometer := kittest.ServiceOf("thermometer", kit.Stream(endless, kit.Name("report"), kit.CancelledBy(
		func(s house.Stop) string { return s.ID }, func(r house.Report) string { return r.ID })))
	bus, stop := playground([]kit.Handler{kit.AsksStream[house.Report]()}, thermometer)
	defer stop()
	for line := range kit.AskStream(context.Background(), bus, house.Report{ID: "r1"}, nil) {
		fmt.Println(line.Celsius)
		break // leaving the loop sends house.Stop
	}
	fmt.Println(errors.Is(<-ended, kit.ErrCancelled))
	// Output:
	// 20
	// true
}

func ExampleRetry() {
	letters := make(chan string, 1)
	var tries []int
	siren := kittest.ServiceOf("siren", kit.On(func(ctx context.Context, _ house.Alarm) error {
		tries = append(tries, kit.From(ctx).Attempt)
		return errors.New("the horn is broken")
	}, kit.Name("blow"), kit.Retry(2, time.Millisecond)))
	bus, stop := playground([]kit.Handler{kit.Sends[house.Alarm](), kit.Tap("system/dead/+", func(_ context.Context, d *kit.Delivery) error {
		u := d.Header.User
		letters <- fmt.Sprintf("%s: %s, %s tries of %s", d.Topic, u["reason"], u["attempts"], u["handler"])
		return nil
	})}, siren)
	defer stop()
	_ = bus.Publish(context.Background(), house.Alarm{Room: "attic", On: true})
	fmt.Println(<-letters)
	fmt.Println(tries)
	// Output:
	// system/dead/siren: the horn is broken, 3 tries of blow
	// [1 2 3]
}

func ExampleOrderedBy() {
	var mu sync.Mutex
	var all sync.WaitGroup
	seen := map[string][]float64{}
	log := func(_ context.Context, r house.Reading) error {
		defer all.Done()
		mu.Lock()
		defer mu.Unlock()
		seen[r.Room] = append(seen[r.Room], r.Celsius)
		return nil
	}
	logger := kittest.ServiceOf("logger", kit.On(log, kit.Name("log"),
		kit.Workers(4), // rooms beside each other
		kit.OrderedBy(func(r house.Reading) string { return r.Room }))) // each room in order
	bus, stop := playground([]kit.Handler{kit.Sends[house.Reading]()}, logger)
	defer stop()
	all.Add(6)
	for c := range 3 {
		for _, room := range []string{"attic", "hall"} {
			_ = bus.Publish(context.Background(), house.Reading{Room: room, Celsius: float64(c)})
		}
	}
	all.Wait()
	fmt.Println(seen["attic"], seen["hall"])
	// Output: [0 1 2] [0 1 2]
}

func ExampleTap() {
	heard := make(chan string)
	bridge := kittest.ServiceOf("bridge", kit.Tap("zigbee/#", func(_ context.Context, d *kit.Delivery) error {
		heard <- fmt.Sprintf("%s %s", d.Topic, d.Payload)
		return nil
	}))
	bus, stop := playground(nil, bridge)
	defer stop()
	go func() {
		_ = bus.PublishTo(context.Background(), "zigbee/lamp/set", "", map[string]any{"state": "ON"}, kit.Bare(), kit.AtQoS(msg.AtMostOnce))
	}()
	fmt.Println(<-heard)
	// Output: zigbee/lamp/set {"state":"ON"}
}

func ExampleEnv() {
	type Config struct {
		Limit float64       `default:"30" desc:"degrees Celsius"`
		Every time.Duration `default:"10s" desc:"time between two readings"`
	}
	_ = os.Setenv("ALARM_LIMIT", "28.5")
	defer os.Unsetenv("ALARM_LIMIT")
	_ = kit.Service[*siren]("alarm", kit.Env[Config]()) // a constructor takes it as an argument
	c, err := kit.FromEnv[Config]("alarm")              // the same, without a service
	fmt.Println(c.Limit, c.Every, err)
	_ = os.Setenv("ALARM_LIMITT", "1")
	defer os.Unsetenv("ALARM_LIMITT")
	_, err = kit.FromEnv[Config]("alarm")
	fmt.Println(err)
	// Output:
	// 28.5 10s <nil>
	// ALARM_LIMITT is not known: did you mean ALARM_LIMIT?
}

type siren struct{}

func (*siren) Handlers() []kit.Handler { return nil }
