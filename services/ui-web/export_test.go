package uiweb

import (
	"log/slog"
	"maps"
	"slices"
	"testing"

	"github.com/gotars/tars/kit"
)

// Routes are the patterns of all that is served.
func Routes(t *testing.T) []string {
	t.Helper()
	house, err := NewHouse(Config{}, nil, kit.Settings{}, nil, NoEngines(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{house: house}
	return slices.Concat(slices.Sorted(maps.Keys(s.routes())), slices.Sorted(maps.Keys(s.openRoutes())))
}
