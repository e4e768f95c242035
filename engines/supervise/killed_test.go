//go:build unix

package supervise

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/engines/discovery"
)

// However the parent ends, its engine does too.
func TestAnEngineEndsWithItsParent(t *testing.T) {
	home := t.TempDir()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "SUPERVISE_TEST_AS=parent", "PARENT_HOME="+home)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	said, err := bufio.NewReader(out).ReadString('\n')
	pid, err2 := strconv.Atoi(strings.TrimSpace(said))
	if err != nil || err2 != nil || !alive(pid) {
		t.Fatalf("the parent said %q: %v %v", said, err, err2)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	_ = parent.Wait()
	until(t, "the engine ends", func() bool { return !alive(pid) || zombie(pid) })
	took := time.Since(killed)
	t.Logf("gone after %v", took.Round(time.Millisecond))
	if took > 2*time.Second {
		t.Errorf("the engine outlived its parent by %v", took)
	}
	if _, running := discovery.Installed(t.Context(), home); running {
		t.Error("the file of the dead parent is believed")
	}
	s := start(t, Options{Home: home}, fake("killed"))
	if got := pidOf(t, s); got == pid {
		t.Errorf("process %d again", got)
	}
}

// zombie reports whether pid has ended and nobody has asked how: its new
// parent may take its time.
func zombie(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(b), ") Z ")
}
