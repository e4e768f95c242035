// Command azure is a system under test for kit/bench, written with Azure's
// iot-operations-sdks: its session client, and typed telemetry of its protocol.
//
//	GOWORK=off go mod tidy && GOWORK=off go build -o /tmp/azure .
//	go run ../../../../kit/bench -cells '(in|out) qos1 350B x1$' -peer azure=/tmp/azure
//
// It speaks QoS 1 and nothing else, as telemetry does.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/Azure/iot-operations-sdks/go/mqtt"
	"github.com/Azure/iot-operations-sdks/go/protocol"
)

// message is what travels, as the driver of the benchmark writes it.
type message struct {
	ID     string  `json:"id"`
	Type   string  `json:"type"`
	TS     float64 `json:"ts"`
	Source string  `json:"source"`
	Data   say     `json:"data"`
}

type say struct {
	MessageID string   `json:"message_id"`
	Text      string   `json:"text"`
	Voice     *string  `json:"voice"`
	Lang      string   `json:"lang"`
	UttID     string   `json:"utt_id"`
	Style     *string  `json:"style"`
	SttTS     *float64 `json:"stt_ts"`
	System    *bool    `json:"system_announce"`
}

var (
	spec struct {
		Mode             string
		QoS              byte
		Size, Publishers int
		URL              string
	}
	handled, goal atomic.Int64
	reached       = make(chan struct{}, 1)
)

func main() {
	ctx := context.Background()
	check(json.Unmarshal([]byte(os.Getenv("BENCH_SPEC")), &spec))
	if spec.QoS != 1 {
		check(fmt.Errorf("telemetry travels at QoS 1, not %d", spec.QoS))
	}
	u := must(url.Parse(spec.URL))
	port := must(strconv.Atoi(u.Port()))
	client := must(mqtt.NewSessionClient("bench-azure", mqtt.TCPConnection(u.Hostname(), uint16(port)),
		mqtt.WithCleanStart(true), mqtt.WithReceiveMaximum(65535), mqtt.WithDisableAIOBrokerFeatures(true)))
	app := must(protocol.NewApplication())
	sender := must(protocol.NewTelemetrySender(app, client, protocol.JSON[message]{}, "bench/out"))
	receiver := must(protocol.NewTelemetryReceiver(app, client, protocol.JSON[message]{}, "bench/in",
		func(_ context.Context, m *protocol.TelemetryMessage[message]) error {
			if m.Payload.Data.Text == "" {
				panic("a message without text")
			}
			if handled.Add(1) == goal.Load() {
				reached <- struct{}{}
			}
			return nil
		}, protocol.WithConcurrency(1))) // in order, as the others
	check(client.Start())
	check(receiver.Start(ctx))
	report()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		order, arg, _ := strings.Cut(lines.Text(), " ")
		n, _ := strconv.Atoi(arg)
		switch order {
		case "await":
			goal.Store(handled.Load() + int64(n))
			report()
			go func() { <-reached; report() }()
		case "send":
			report()
			go func() { send(ctx, sender, n); report() }()
		default:
			report()
		}
	}
	receiver.Close()
	check(client.Stop())
}

// send publishes n messages, as many at once as the specification says.
func send(ctx context.Context, sender *protocol.TelemetrySender[message], n int) {
	one := func() message {
		return message{ID: id(), Type: "bench.out", TS: float64(time.Now().UnixMicro()) / 1e6, Source: "bench",
			Data: say{MessageID: id(), Lang: "en", UttID: "utt-1"}}
	}
	empty := must(json.Marshal(one()))
	text := strings.Repeat("The quick brown fox jumps over the lazy dog. ", spec.Size/45+1)[:spec.Size-len(empty)]
	var left atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	for range spec.Publishers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				m := one()
				m.Data.Text = text
				check(sender.Send(ctx, m))
			}
		})
	}
	wg.Wait()
}

// report writes down what the process has used.
func report() {
	now := time.Now()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	var r syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &r))
	fmt.Println(string(must(json.Marshal(map[string]any{"At": now, "CPU": r.Utime.Nano() + r.Stime.Nano(), "Mallocs": m.Mallocs,
		"Bytes": m.TotalAlloc, "RSS": r.Maxrss << 10, "Handled": handled.Load()}))))
}

func id() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "azure:", err)
		os.Exit(1)
	}
}

func must[T any](v T, err error) T {
	check(err)
	return v
}
