package tts

import (
	"context"

	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/kit"
)

// Describe says for people which engine the service takes with c, where that
// was found, and what would be better; empty when nothing is missing. It looks
// for servers, for at most a second.
func Describe(ctx context.Context, c Config, home kit.Home) (name, from, better string) {
	if c.Engine == "flite" {
		return flite, "TTS_ENGINE", neural
	}
	one, ok, err := c.set()
	return failover.Describe(one, ok, err, func() []engineCandidate {
		return append(c.found(ctx, string(home)), builtIn(c, FilesOf(c, home)))
	})
}

// FilesOf is where the engines of c keep files in home.
func FilesOf(c Config, home kit.Home) Files {
	return Files{Assets: home.Path(c.Assets), Cache: home.Path("cache/wazero"), Home: string(home)}
}
