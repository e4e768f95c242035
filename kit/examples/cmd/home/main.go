// Command home runs the broker, the thermometer and the alarm in one process.
// Others may join at the address where MQTT_URL points by default.
package main

import (
	"fmt"
	"os"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/examples/alarm"
	"github.com/gotars/tars/kit/examples/thermometer"
)

func main() {
	b, err := broker.New(broker.Options{Addr: "127.0.0.1:1883"})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	kit.Main(thermometer.Module, alarm.Module)
	_ = b.Close()
}
