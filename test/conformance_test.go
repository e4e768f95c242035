package test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/exec"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/gotars/tars/kit/kittest/conformance"
	"github.com/gotars/tars/test/need"
)

// TestKitOnMosquitto runs the kit's promises on a real broker in a container: as
// this project configures it, and as it comes, with 20 messages in flight, a
// thousand in the queue of a client, and Nagle's delay.
func TestKitOnMosquitto(t *testing.T) {
	need.Docker(t)
	const limit = 1 << 20
	const stock = "listener 1883\nallow_anonymous true\n"
	for name, tt := range map[string]struct {
		conf  string
		limit uint32
	}{
		"configured": {stock + "set_tcp_nodelay true\nmax_inflight_messages 0\nmax_packet_size 1048576\n", limit},
		"stock":      {conf: stock},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := testcontainers.Run(t.Context(), "eclipse-mosquitto:2", testcontainers.WithExposedPorts("1883/tcp"),
				testcontainers.WithFiles(testcontainers.ContainerFile{Reader: strings.NewReader(tt.conf), ContainerFilePath: "/mosquitto/config/mosquitto.conf", FileMode: 0o644}),
				testcontainers.WithWaitStrategyAndDeadline(time.Minute, wait.ForListeningPort("1883/tcp").SkipInternalCheck()))
			testcontainers.CleanupContainer(t, c)
			if err != nil {
				t.Fatal(err)
			}
			addr, err := c.PortEndpoint(t.Context(), "1883/tcp", "")
			if err != nil {
				t.Fatal(err)
			}
			lacks := map[conformance.Promise]string{
				conformance.OversizeWindow: "Mosquitto 2.0.11 keeps in flight what it does not send for its size; later ones are not known to do better",
			}
			if version := versionOf(t, c); slices.Compare(version, []int{2, 0, 15}) < 0 {
				lacks[conformance.Takeover] = fmt.Sprintf("Mosquitto %v closes the link of an evicted client without DISCONNECT 0x8E (their issue 2607)", version)
			}
			conformance.Run(t, conformance.Broker{URL: "mqtt://" + addr, Limit: tt.limit, Lacks: lacks})
		})
	}
}

// versionOf asks the program in the container.
func versionOf(t *testing.T, c testcontainers.Container) []int {
	t.Helper()
	_, out, err := c.Exec(t.Context(), []string{"mosquitto", "-h"}, exec.Multiplexed())
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	v := make([]int, 3)
	if _, err := fmt.Sscanf(string(text), "mosquitto version %d.%d.%d", &v[0], &v[1], &v[2]); err != nil {
		t.Fatalf("no version in %.100q: %v", text, err)
	}
	return v
}
