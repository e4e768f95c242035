package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/cmd/tars/internal/health"
	"github.com/gotars/tars/kit"
)

// doctorCmd checks what can be checked.
type doctorCmd struct{}

// errUnwell makes the exit code tell.
var errUnwell = errors.New("something above needs attention")

// Run implements the command.
func (doctorCmd) Run(ctx context.Context, home kit.Home) error {
	x := &examination{well: true}
	err := checkWritable(home)
	x.note(err == nil, "data", detailOrError(string(home), err))
	x.stack(ctx, home)
	if page, err := address.Page(); err == nil {
		err := checkPage(ctx, page)
		if err != nil {
			err = fmt.Errorf("%w (UI_ADDR says where it is; it may be another in the shell of tars up)", err)
		}
		x.note(err == nil, "page", detailOrError(page, err))
	}
	x.engines(ctx, home)
	if !x.well {
		return errUnwell
	}
	return nil
}

// examination prints what it finds.
type examination struct{ well bool }

func (x *examination) note(ok bool, what, detail string) {
	mark := "ok  "
	if !ok {
		mark, x.well = "FAIL", false
	}
	x.line(mark, what, detail)
}

func (x *examination) line(mark, what, detail string) {
	fmt.Printf("%s  %-8s  %s\n", mark, what, detail)
}

// stack looks at the broker and at what the services say of themselves.
func (x *examination) stack(ctx context.Context, home kit.Home) {
	a := address.Find(home)
	board := health.NewBoard()
	short, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	var refused refusals
	bus, err := address.OpenAt(short, home, slog.LevelError, "tars-cli", board.Handler(), refused.handler())
	if err != nil {
		x.note(false, "broker", err.Error()+"; start it with: make up")
		return
	}
	defer bus.Close(context.WithoutCancel(ctx))
	took, err := roundTrip(ctx, bus)
	hint := ""
	if took > slowBroker {
		hint = "; Mosquitto wants set_tcp_nodelay true, see ops/mosquitto"
	}
	x.note(err == nil && hint == "", "broker",
		detailOrError(fmt.Sprintf("%s (from %s), accepts a message in %s%s", kit.RedactURL(a.URL), a.From, took.Round(10*time.Microsecond), hint), err))
	_ = board.Wait(ctx, serviceNames(), 2*time.Second)
	if text := refused.String(); text != "" {
		x.line("warn", "broker", "refused since the start: "+text+" (the limits are BROKER_ variables, docs/config.md)")
	}
	for _, s := range services {
		h, told := board.Of(s.Name)
		if !told {
			x.note(false, s.Name, "has not reported: tars run "+s.Name)
			continue
		}
		text := health.Text(h)
		if h.Err != nil {
			text += ": " + *h.Err
		}
		if !h.OK && health.IsAlive(h) { // it works, but not as it should: nothing is broken
			x.line("warn", s.Name, text)
			continue
		}
		x.note(h.OK, s.Name, text)
	}
}

// slowBroker is what no broker on the same machine needs for one message, with
// Nagle's algorithm off on both sides.
const slowBroker = 10 * time.Millisecond

func detailOrError(ok string, err error) string {
	if err != nil {
		return err.Error()
	}
	return ok
}

func checkWritable(home kit.Home) error {
	if err := os.MkdirAll(string(home), 0o700); err != nil {
		return err
	}
	probe := filepath.Join(string(home), ".doctor")
	if err := os.WriteFile(probe, nil, 0o600); err != nil {
		return err
	}
	return os.Remove(probe)
}

// roundTrip is the median time the broker takes to accept a message.
func roundTrip(ctx context.Context, bus *kit.Bus) (time.Duration, error) {
	var all []time.Duration
	for range 21 {
		begin := time.Now()
		if err := bus.PublishTo(ctx, "tars/doctor/ping", "", struct{}{}, kit.Bare()); err != nil {
			return 0, err
		}
		all = append(all, time.Since(begin))
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

func checkPage(ctx context.Context, page string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, page+"/healthz", nil)
	if err != nil {
		return err
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", page, r.Status)
	}
	return nil
}
