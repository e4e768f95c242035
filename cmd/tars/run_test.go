package main

import (
	"path/filepath"
	"testing"

	"go.uber.org/fx"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/cmd/tars/internal/private"
	"github.com/gotars/tars/kit"
)

// A login without an address is for the broker at the usual port, unless a tars
// up is running, whose address holds another one.
func TestLoginOfTarsRun(t *testing.T) {
	for name, tt := range map[string]struct{ file, want string }{
		"for the usual port":      {"", "mqtt://u:p@127.0.0.1:1883"},
		"not that of a tars up":   {"mqtt://tars:x@127.0.0.1:1", "mqtt://tars:x@127.0.0.1:1"},
		"a tars up without login": {"mqtt://127.0.0.1:1", "mqtt://127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			home := unnamed(t)
			t.Setenv("MQTT_USERNAME", "u")
			t.Setenv("MQTT_PASSWORD", "p")
			if tt.file != "" {
				if err := private.MakeFolder(filepath.Dir(address.File(home))); err != nil {
					t.Fatal(err)
				}
				if err := private.WriteFile(address.File(home), tt.file); err != nil {
					t.Fatal(err)
				}
			}
			mods, err := namedModules(home, "memory")
			if err != nil {
				t.Fatal(err)
			}
			if mods, err = pointedModules(home, mods); err != nil {
				t.Fatal(err)
			}
			var s kit.Settings
			if _, err := mods[0].With(fx.Populate(&s)).Describe(); err != nil {
				t.Fatal(err)
			}
			if got, err := s.URLWithLogin(); err != nil || got != tt.want {
				t.Errorf("the service connects to %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}
