// Command tars is the whole assistant in one binary: all services in one
// process, one of them for a container, and the bus from a terminal.
package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/cmd/operate"
)

// cli is what may be typed.
type cli struct {
	Version kong.VersionFlag `help:"Print the version, the commit and the Go release, and exit."`

	Up    upCmd    `cmd:"" help:"Run everything in this process, with a broker when MQTT_URL and MQTT_HOST are not set."`
	Run   runCmd   `cmd:"" help:"Run one or some services against a broker."`
	URL   urlCmd   `cmd:"" name:"url" help:"Print the broker's address with user and password, for other MQTT clients."`
	Ask   askCmd   `cmd:"" help:"Ask something and print the answer as it is written."`
	Say   sayCmd   `cmd:"" help:"Let the voice say something."`
	MCP   mcpCmd   `cmd:"" name:"mcp" help:"Offer the assistant to other agents by the Model Context Protocol."`
	Timer timerCmd `cmd:"" help:"List, set and cancel timers, alarms and reminders."`
	operate.Commands
	Turn      turnCmd      `cmd:"" help:"Save turns as files, and tell why one went as it did."`
	Memory    memoryCmd    `cmd:"" help:"Search, list, forget, export and import what the assistant remembers."`
	Character characterCmd `cmd:"" help:"Print who the assistant is, and change its traits."`
	Describe  describeCmd  `cmd:"" help:"Print what the services declare: topics, settings, access list, AsyncAPI."`
	Doctor    doctorCmd    `cmd:"" help:"Check this machine and the running stack, and say what would help."`
	Engines   enginesCmd   `cmd:"" help:"Install, list, update and remove speech and language engines for this machine."`
	Bench     benchCmd     `cmd:"" help:"Measure the engines of this machine."`
	Eval      evalCmd      `cmd:"" help:"Play recorded conversations to the assistant and measure what it does."`
	Healthy   healthyCmd   `cmd:"" help:"Exit with 0 when a service is up, for container health checks."`
}

func main() {
	var c cli
	k := kong.Parse(&c, kong.Name("tars"), kong.Description("A private voice assistant."), kong.UsageOnError(),
		kong.Vars{"version": versionText(), "services": strings.Join(serviceNames(), ", ")}, kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal stops at once
	home, err := kit.HomeOf("tars")
	if err == nil {
		warnOfTopics()
		k.BindTo(ctx, (*context.Context)(nil))
		err = k.Run(home, operatingTool(home))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tars:", err)
		os.Exit(1)
	}
}

// warnOfTopics names variables that once moved a topic. Topics are constants.
func warnOfTopics() {
	for _, kv := range os.Environ() {
		if name, value, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "TOPIC_") && value != "" {
			fmt.Fprintf(os.Stderr, "tars: %s has no effect: topics are fixed, see docs/migration.md\n", name)
		}
	}
}

// terminalRoom is where a terminal speaks from. Commands of one shell share it, so
// that a question can refer to the one before.
func terminalRoom() string { return fmt.Sprintf("cli-%d", os.Getppid()) }

// languageOf is the language of what is typed: that of the flag, else of the settings. It is
// nil where they name none: with "auto" recognisers find it out, and of typed text nobody does.
func languageOf(flag string) *string {
	set := strings.ToLower(cmp.Or(flag, os.Getenv("UI_LANG"), os.Getenv("STT_LANG")))
	if set == "" || set == "auto" {
		return nil
	}
	return &set
}

// typedTranscript is a typed transcript and the context to publish it in.
func typedTranscript(ctx context.Context, text, lang string) (context.Context, contract.FinalTranscript) {
	utt := "cli-" + kit.NewID()[:8]
	f := contract.FinalTranscript{Text: text, UttID: &utt}
	if known := languageOf(lang); known != nil {
		f.Lang = *known
	}
	f.MessageID = kit.NewID()
	return kit.WithBaggage(kit.WithBaggage(ctx, "room", terminalRoom()), "typed", "1"), f
}
