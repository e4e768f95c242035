package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/cmd/tars/internal/mcpserver"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/cmd/operate"
)

// mcpCmd offers the assistant to other agents.
type mcpCmd struct {
	HTTP  string `name:"http" placeholder:"HOST:PORT" help:"Serve over HTTP at http://HOST:PORT/mcp instead of standard input and output."`
	Token string `name:"token" env:"TARS_MCP_TOKEN" hidden:""`
}

// Run implements the command.
func (c *mcpCmd) Run(ctx context.Context, home kit.Home) error {
	if c.HTTP != "" {
		if err := mcpserver.CheckAddress(c.HTTP, c.Token); err != nil {
			return err
		}
	}
	a := mcpserver.New(serviceNames())
	bus, err := address.Open(ctx, home, "tars-mcp", a.Handlers()...)
	if err != nil {
		return err
	}
	defer bus.Close(context.WithoutCancel(ctx))
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	go func() { // ends with ctx
		select {
		case <-bus.Done():
			end(operate.ErrLinkOver)
		case <-ctx.Done():
		}
	}()
	server := a.Server(bus, versionText())
	if c.HTTP == "" {
		err = server.Run(ctx, &mcp.StdioTransport{})
	} else {
		err = c.serve(ctx, server)
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// serve serves over HTTP.
func (c *mcpCmd) serve(ctx context.Context, server *mcp.Server) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.HTTP)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "http://%s/mcp\n", l.Addr())
	return mcpserver.Serve(ctx, l, mcpserver.Handler(server, c.Token, slog.New(slog.DiscardHandler)))
}
