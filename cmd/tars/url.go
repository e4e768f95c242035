package main

import (
	"fmt"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/kit"
)

// urlCmd prints the address of the broker.
type urlCmd struct{}

// Run implements the command.
func (urlCmd) Run(home kit.Home) error {
	s, err := address.Settings(home, "tars-cli")
	if err != nil {
		return err
	}
	if a := address.Find(home); s.NamedBy() == "" && a.From != address.File(home) {
		return fmt.Errorf("no broker is named: no tars up is running, and MQTT_URL is not set")
	}
	text, err := s.URLWithLogin()
	if err != nil {
		return err
	}
	fmt.Println(text)
	return nil
}
