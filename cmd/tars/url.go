package main

import (
	"fmt"

	"github.com/gotars/tars/kit"
)

// urlCmd prints the address of the broker.
type urlCmd struct{}

// Run implements the command.
func (urlCmd) Run(home kit.Home) error {
	s, err := busSettings(home, "tars-cli")
	if err != nil {
		return err
	}
	if a := brokerOf(home); s.NamedBy() == "" && a.from != urlFile(home) {
		return fmt.Errorf("no broker is named: no tars up is running, and MQTT_URL is not set")
	}
	text, err := s.URLWithLogin()
	if err != nil {
		return err
	}
	fmt.Println(text)
	return nil
}
