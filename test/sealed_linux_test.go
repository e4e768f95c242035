package test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// sealed is set in the process that has a network of its own.
const sealed = "TARS_TEST_SEALED"

// TestNothingLeavesTheMachine goes whole turns in a network that has nothing but its own
// loopback: typed and spoken ones with scripted engines, built-in ones with the built-in voice and
// memory, one with a tool, and a timer that is set, rings and is stopped. They are done, and the
// kernel was asked for no packet to anywhere else.
func TestNothingLeavesTheMachine(t *testing.T) {
	if os.Getenv(sealed) != "" {
		t.Skip("this is the sealed process")
	}
	if testing.Short() {
		t.Skip("starts the whole program twice")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTurnsInASealedNetwork$", "-test.v", "-test.timeout=8m")
	cmd.Env = append(os.Environ(), sealed+"=yes")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out := &output{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Skipf("a network of its own is not permitted here: %v", err)
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(out.String(), "--- PASS: TestTurnsInASealedNetwork") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestTurnsInASealedNetwork is the other half of [TestNothingLeavesTheMachine].
func TestTurnsInASealedNetwork(t *testing.T) {
	if os.Getenv(sealed) == "" {
		t.Skip("only in a network of its own")
	}
	if err := raiseLoopback(); err != nil {
		t.Fatal(err)
	}
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all { // tunnels that the kernel makes for every network are down and have no address
		if addrs, _ := i.Addrs(); i.Flags&net.FlagLoopback == 0 && (i.Flags&net.FlagUp != 0 || len(addrs) > 0) {
			t.Fatalf("there is a way out: %s", i.Name)
		}
	}
	if _, err := program(); err != nil {
		t.Fatal(err)
	}
	before := packetsRefused(t)
	for _, network := range []string{"tcp4", "udp4"} {
		if c, err := net.DialTimeout(network, "192.0.2.1:9", time.Second); err == nil {
			c.Close()
			t.Fatal("a foreign address can be reached")
		}
	}
	tried := packetsRefused(t)
	if tried < before+2 {
		t.Fatalf("two connections to a foreign address count as %d, so this test sees nothing", tried-before)
	}
	t.Run("typed and spoken, with engines on this machine", func(t *testing.T) {
		s := up(t, scripted(t)...)
		typed(t, s)
		spoken(t, s, s.url(t))
	})
	t.Run("with what is built in", func(t *testing.T) {
		s := up(t, "TTS_ENGINE=auto", "LLM_ENGINE=auto", "STT_ENGINE=auto")
		for question, want := range map[string]string{"what is 17 times 23?": "391", "how many minutes are in two hours?": "120 minutes", "what time is it?": "It is"} {
			if out, err := s.tars(t, "ask", question); err != nil || !strings.Contains(out, want) {
				t.Errorf("asked %q: %q, %v, want %q", question, out, err, want)
			}
		}
		if out, err := s.tars(t, "ask", "remember that the key is under the mat"); err != nil {
			t.Errorf("%q, %v", out, err)
		}
		if out, err := s.tars(t, "ask", "what did I say about the key?"); err != nil || !strings.Contains(out, "mat") {
			t.Errorf("recalled %q, %v", out, err)
		}
		timerRings(t, s)
	})
	t.Run("with a tool", TestASpokenTurnCallsATool)
	if left := packetsRefused(t) - tried; left != 0 {
		t.Errorf("%d packets wanted to leave the machine", left)
	}
}

// timerRings sets a timer with the words of a person, hears it ring in the room of the
// terminal, and stops it.
func timerRings(t *testing.T, s *stack) {
	t.Helper()
	audio, says, states := make(chan contract.SpeakerAudio, 4096), make(chan contract.TtsSay, 64), make(chan contract.TimerState, 64)
	s.bus(t, kit.On(into(audio), kit.Name("audio"), kit.Queue(4096)), kit.On(into(says), kit.Name("says")), kit.On(into(states), kit.Name("states")))
	if out, err := s.tars(t, "ask", "set a tea timer for two seconds"); err != nil || !strings.Contains(out, "Tea timer set") {
		t.Errorf("the timer is not set: %q, %v", out, err)
	}
	for state := within(t, "a timer that rings", states); !slices.ContainsFunc(state.Timers, func(x contract.Timer) bool { return x.State == contract.TimerRinging }); {
		state = within(t, "a timer that rings", states)
	}
	rings := within(t, "words of what rings", says)
	for rings.UttID == nil || !strings.HasPrefix(*rings.UttID, "timer-") {
		rings = within(t, "words of what rings", says)
	}
	for a := within(t, "the sound of it", audio); a.UttID != *rings.UttID; {
		a = within(t, "the sound of it", audio)
	}
	if out, err := s.tars(t, "ask", "stop"); err != nil {
		t.Errorf("it is not stopped: %q, %v", out, err)
	}
	for state := within(t, "the end of it", states); len(state.Timers) > 0; {
		state = within(t, "the end of it", states)
	}
}

// raiseLoopback brings up the loopback of a fresh network.
func raiseLoopback() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	request := struct { // ifreq of netdevice(7)
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		rest  [22]byte
	}{flags: syscall.IFF_UP | syscall.IFF_RUNNING | syscall.IFF_LOOPBACK}
	copy(request.name[:], "lo")
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return fmt.Errorf("bring up lo: %w", errno)
	}
	return nil
}

// packetsRefused is how many packets of this network had no route since it was made,
// connections and datagrams of both families.
func packetsRefused(t *testing.T) (n int) {
	t.Helper()
	read := func(file string) []string {
		b, err := os.ReadFile("/proc/self/net/" + file)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(string(b), "\n")
	}
	add := func(text string) {
		v, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		n += v
	}
	var names []string
	for _, line := range read("snmp") {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "Ip:" {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		for i, name := range names {
			if name == "OutNoRoutes" {
				add(fields[i])
			}
		}
	}
	for _, line := range read("snmp6") {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == "Ip6OutNoRoutes" {
			add(fields[1])
		}
	}
	return n
}
