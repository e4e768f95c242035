package supervise

import (
	"context"
	"fmt"
	"io"

	"github.com/gotars/tars/ops/engines"
)

// ports are where Serve answers, by the name of the server. Package find looks
// there.
var ports = map[string]int{"speech": 8000, "llm": 8001, "embed": 8002, "wake": 10400}

// Serve runs all servers on fixed ports of o.Host until ctx ends: for a
// container of engines. They are started at once and stay awake unless o.Idle
// says otherwise, since a service that looks for them wants an answer within a
// moment.
func Serve(ctx context.Context, servers []engines.Server, o Options, out io.Writer) error {
	if len(servers) == 0 {
		return fmt.Errorf("no engine is installed: tars engines install")
	}
	o.Ports, o.Awake = ports, o.Idle == 0
	s, err := Start(ctx, servers, o)
	if err != nil {
		return err
	}
	defer s.Close()
	for _, e := range s.Engines() {
		for _, serves := range e.Serves {
			fmt.Fprintf(out, "%-8s %-6s %s\n", e.Name, serves.Kind, serves.URL)
		}
	}
	<-ctx.Done()
	return nil
}
