package supervise

import (
	"context"
	"fmt"
	"io"
)

// servePorts are where Serve answers, by the name of the server. Package discovery
// looks there.
var servePorts = map[string]int{"speech": 8000, "llm": 8001, "embed": 8002, "wake": 10400}

// Serve runs what is installed on fixed ports of o.Host until ctx ends: for a
// container of engines. They are started at once and stay awake unless o.Idle
// says otherwise, since a service that looks for them wants an answer within a
// moment.
func Serve(ctx context.Context, o Options, out io.Writer) error {
	o.Ports, o.Awake = servePorts, o.Idle == 0
	k := newKeeper(o)
	if err := k.runInstalled(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	defer k.Close()
	all := k.Engines()
	if len(all) == 0 {
		return fmt.Errorf("no engine is installed: tars engines install")
	}
	for _, e := range all {
		for _, serves := range e.Serves {
			fmt.Fprintf(out, "%-8s %-6s %s\n", e.Name, serves.Kind, serves.URL)
		}
	}
	k.watchList(ctx)
	return nil
}
