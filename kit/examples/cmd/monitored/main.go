// Command monitored runs the alarm with metrics, health endpoints and traces,
// as ADMIN_ADDR and OTEL_EXPORTER_OTLP_ENDPOINT say.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/gotars/tars/kit/admin"
	"github.com/gotars/tars/kit/examples/alarm"
	"github.com/gotars/tars/kit/otel"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal stops at once
	err := admin.Run(ctx, otel.Trace(alarm.Module)...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
