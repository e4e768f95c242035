// Command alarm runs the alarm against MQTT_URL.
package main

import (
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/examples/alarm"
)

func main() { kit.Main(alarm.Module) }
