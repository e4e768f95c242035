package uiweb_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/kit"
	uiweb "github.com/gotars/tars/services/ui-web"
)

func TestConfig(t *testing.T) {
	tests := map[string]struct {
		cfg  uiweb.Config
		addr string // after it; empty: as before
		err  string
	}{
		"this machine":              {cfg: uiweb.Config{Addr: "127.0.0.1:8080"}},
		"this machine by name":      {cfg: uiweb.Config{Addr: "localhost:8080"}},
		"this machine by IPv6":      {cfg: uiweb.Config{Addr: "[::1]:8080"}},
		"a port alone":              {cfg: uiweb.Config{Addr: "5010"}, addr: "127.0.0.1:5010"},
		"everybody with a token":    {cfg: uiweb.Config{Addr: "0.0.0.0:8080", Token: "correct horse"}},
		"everybody in a container":  {cfg: uiweb.Config{Addr: "0.0.0.0:8080", Loopback: true}},
		"everybody":                 {cfg: uiweb.Config{Addr: "0.0.0.0:8080"}, err: "UI_ADDR is 0.0.0.0:8080, which others can reach: set UI_TOKEN, or UI_ADDR to 127.0.0.1:8080"},
		"everybody by no address":   {cfg: uiweb.Config{Addr: ":8080"}, err: "UI_ADDR is :8080, which others can reach: set UI_TOKEN, or UI_ADDR to 127.0.0.1:8080"},
		"a name others may resolve": {cfg: uiweb.Config{Addr: "tars.lan:8080"}, err: "UI_ADDR is tars.lan:8080, which others can reach: set UI_TOKEN, or UI_ADDR to 127.0.0.1:8080"},
		"no port":                   {cfg: uiweb.Config{Addr: "127.0.0.1"}, err: `UI_ADDR is "127.0.0.1", want an address and a port such as 127.0.0.1:8080`},
		"a port that is none":       {cfg: uiweb.Config{Addr: "127.0.0.1:99999"}, err: `UI_ADDR is "127.0.0.1:99999", want an address and a port such as 127.0.0.1:8080`},
		"a short token":             {cfg: uiweb.Config{Addr: "127.0.0.1:8080", Token: "hunter2"}, err: "UI_TOKEN has 7 characters, want 12 or more"},
		"a proxy":                   {cfg: uiweb.Config{Addr: "127.0.0.1:8080", Origins: []string{"https://tars.example.org", "http://[fd00::1]:8080"}}},
		"a proxy without a scheme":  {cfg: uiweb.Config{Addr: "127.0.0.1:8080", Origins: []string{"tars.example.org"}}, err: `UI_ORIGINS has "tars.example.org", want addresses such as https://tars.example.org, without a path`},
		"a proxy with a path":       {cfg: uiweb.Config{Addr: "127.0.0.1:8080", Origins: []string{"https://tars.example.org/ui"}}, err: `UI_ORIGINS has "https://tars.example.org/ui", want addresses such as https://tars.example.org, without a path`},
		"any proxy":                 {cfg: uiweb.Config{Addr: "127.0.0.1:8080", Origins: []string{"https://*"}}, err: `UI_ORIGINS has "https://*", want addresses such as https://tars.example.org, without a path`},
		"a session of no time":      {cfg: uiweb.Config{Addr: "127.0.0.1:8080", Session: time.Second}, err: "UI_SESSION is 1s, want 1m to 8760h"},
		"a language":                {cfg: uiweb.Config{Addr: "127.0.0.1:8080", Lang: "de"}},
		"a language in full":        {cfg: uiweb.Config{Addr: "127.0.0.1:8080", Lang: "german"}, err: `UI_LANG is "german", want two letters such as en, or auto`},
		"a host with a scheme":      {cfg: uiweb.Config{Addr: "127.0.0.1:8080", Hosts: []string{"https://x"}}, err: `UI_HOSTS has "https://x", want names such as tars.example.org, without a scheme`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, was := "", tt.cfg.Addr
			if err := tt.cfg.Validate(); err != nil {
				got = err.Error()
			}
			if tt.addr == "" {
				tt.addr = was
			}
			if got != tt.err || tt.cfg.Addr != tt.addr {
				t.Errorf("address %s, error %q, want %s and %q", tt.cfg.Addr, got, tt.addr, tt.err)
			}
		})
	}
}

func TestPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("UI_ADDR", l.Addr().String())
	t.Setenv("MQTT_URL", "mqtt://127.0.0.1:1") // nobody there, which does not matter
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err = kit.Run(ctx, uiweb.Module)
	if err == nil || !strings.Contains(err.Error(), "is taken: stop what uses it, or set UI_ADDR to another than "+l.Addr().String()) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error is %v", err)
	}
}
