package fault

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/gotars/tars/test/need"
)

const password = "s3cret"

// mosquitto is a broker in a container that keeps its ports when it is started
// again.
type mosquitto struct {
	c    *testcontainers.DockerContainer
	cli  *testcontainers.DockerClient
	port string // of the plain listener, on this machine
	url  string // with name and password
}

// conf is a configuration of ops/mosquitto with lines after it.
func conf(t *testing.T, name string, more ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "ops", "mosquitto", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + strings.Join(more, "\n") + "\n"
}

// ops is a file of ops/mosquitto in its place.
func ops(name string) testcontainers.ContainerFile {
	return testcontainers.ContainerFile{HostFilePath: filepath.Join("..", "..", "ops", "mosquitto", name), ContainerFilePath: "/mosquitto/config/" + name, FileMode: 0o644}
}

// broker starts Mosquitto with this configuration and publishes 1883 and the
// other ports, which the caller has chosen on this machine.
func broker(t *testing.T, conf string, more ...testcontainers.ContainerCustomizer) *mosquitto {
	t.Helper()
	need.Docker(t)
	cli, err := testcontainers.NewDockerClientWithOpts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cli.Close() })
	m := &mosquitto{cli: cli, port: freePort(t)}
	m.url = fmt.Sprintf("mqtt://tars:%s@127.0.0.1:%s", password, m.port)
	m.c, err = testcontainers.Run(t.Context(), "eclipse-mosquitto:2", append([]testcontainers.ContainerCustomizer{
		publish("1883/tcp", m.port),
		testcontainers.WithFiles(
			file("mosquitto.conf", []byte(conf+"log_dest stderr\nlog_type information\n")), // stdout is buffered
			ops("start.sh"), ops("acl")),
		testcontainers.WithEnv(map[string]string{"TARS_MQTT_PASSWORD": password}),
		testcontainers.WithCmd("sh", "/mosquitto/config/start.sh", "mosquitto.conf"),
		testcontainers.WithConfigModifier(func(c *container.Config) { c.User = "1883:1883" }),
		testcontainers.WithWaitStrategyAndDeadline(time.Minute, wait.ForListeningPort("1883/tcp").SkipInternalCheck()),
	}, more...)...)
	testcontainers.CleanupContainer(t, m.c)
	if err != nil {
		t.Fatal(err)
	}
	m.answers(t)
	return m
}

// file is a file in the folder of the configuration.
func file(name string, data []byte) testcontainers.ContainerFile {
	return testcontainers.ContainerFile{Reader: strings.NewReader(string(data)), ContainerFilePath: "/mosquitto/config/" + name, FileMode: 0o644}
}

// publish binds a port of the container to one of this machine.
func publish(inside, port string) testcontainers.CustomizeRequestOption {
	return func(req *testcontainers.GenericContainerRequest) error {
		req.ExposedPorts = append(req.ExposedPorts, inside)
		before := req.HostConfigModifier
		req.HostConfigModifier = func(h *container.HostConfig) {
			if before != nil {
				before(h)
			}
			if h.PortBindings == nil {
				h.PortBindings = network.PortMap{}
			}
			h.PortBindings[network.MustParsePort(inside)] = []network.PortBinding{{HostIP: netip.MustParseAddr("127.0.0.1"), HostPort: port}}
		}
		return nil
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// down ends the broker with SIGTERM or SIGKILL and waits until it is gone.
func (m *mosquitto) down(t *testing.T, signal string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	gone := m.cli.ContainerWait(ctx, m.c.GetContainerID(), client.ContainerWaitOptions{Condition: container.WaitConditionNextExit})
	if _, err := m.cli.ContainerKill(ctx, m.c.GetContainerID(), client.ContainerKillOptions{Signal: signal}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-gone.Result:
	case err := <-gone.Error:
		t.Fatal(err)
	}
}

// up starts the broker again and returns when it began to answer.
func (m *mosquitto) up(t *testing.T) time.Time {
	t.Helper()
	if _, err := m.cli.ContainerStart(t.Context(), m.c.GetContainerID(), client.ContainerStartOptions{}); err != nil {
		t.Fatal(err)
	}
	return m.answers(t)
}

// restart is down and up.
func (m *mosquitto) restart(t *testing.T, signal string) time.Time {
	t.Helper()
	m.down(t, signal)
	return m.up(t)
}

// freeze stops the broker's clock, with its links open.
func (m *mosquitto) freeze(t *testing.T) {
	t.Helper()
	var err error
	for range 10 { // a busy kernel may need more than one attempt to freeze a container
		if _, err = m.cli.ContainerPause(t.Context(), m.c.GetContainerID(), client.ContainerPauseOptions{}); err == nil {
			return
		}
		time.Sleep(time.Second)
	}
	t.Fatal(err)
}

// pause is a freeze for d.
func (m *mosquitto) pause(t *testing.T, d time.Duration) time.Time {
	t.Helper()
	m.freeze(t)
	time.Sleep(d)
	if _, err := m.cli.ContainerUnpause(t.Context(), m.c.GetContainerID(), client.ContainerUnpauseOptions{}); err != nil {
		t.Fatal(err)
	}
	return m.answers(t)
}

// logs is what the broker has said.
func (m *mosquitto) logs(t *testing.T) string {
	t.Helper()
	r, err := m.c.Logs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tells reports whether the broker is 2.0.15 or later. Earlier ones close the link
// of an evicted client without DISCONNECT 0x8E, and send far more than the
// Receive Maximum when messages have piled up (their issues 2607 and 2301).
func (m *mosquitto) tells(t *testing.T) (version string, ok bool) {
	t.Helper()
	line := regexp.MustCompile(`mosquitto version ((\d+)\.(\d+)\.(\d+))`)
	found := line.FindStringSubmatch(m.logs(t))
	for end := time.Now().Add(10 * time.Second); found == nil && time.Now().Before(end); found = line.FindStringSubmatch(m.logs(t)) {
		time.Sleep(100 * time.Millisecond) // Docker hands a log over when it has it
	}
	if found == nil {
		t.Fatalf("no version in %s", m.logs(t))
	}
	number := func(i int) int { n, _ := strconv.Atoi(found[i]); return n }
	return found[1], slices.Compare([]int{number(2), number(3), number(4)}, []int{2, 0, 15}) >= 0
}

// answers waits until the broker answers CONNECT, and returns the time. An open
// port is not enough: Docker's own proxy opens it before the broker listens.
func (m *mosquitto) answers(t *testing.T) time.Time {
	t.Helper()
	eventually(t, "the broker answers", func() bool {
		c, err := net.DialTimeout("tcp", "127.0.0.1:"+m.port, time.Second)
		if err != nil {
			return false
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(2 * time.Second))
		hello := packets.NewControlPacket(packets.CONNECT)
		connect := hello.Content.(*packets.Connect)
		connect.ClientID, connect.CleanStart = "fault-knock", true
		if _, err := hello.WriteTo(c); err != nil {
			return false
		}
		_, err = packets.ReadPacket(c)
		return err == nil
	})
	return time.Now()
}
