// Command thermometer runs the thermometer against MQTT_URL.
package main

import (
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/examples/thermometer"
)

func main() { kit.Main(thermometer.Module) }
