// Command kit operates every system of the kit from a terminal: it lists services,
// watches them, and is about messages that failed, that pass, or that were recorded.
// MQTT_URL names the broker.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/gotars/tars/kit/cmd/operate"
)

func main() {
	var c operate.Commands
	k := kong.Parse(&c, kong.Name("kit"), kong.Description("Operates the services of a broker. MQTT_URL names the broker."),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal stops at once
	k.BindTo(ctx, (*context.Context)(nil))
	if err := k.Run(operate.FromEnvironment("kit")); err != nil {
		fmt.Fprintln(os.Stderr, "kit:", err)
		os.Exit(1)
	}
}
