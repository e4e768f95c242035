//go:build !unix

package supervise

import (
	"os"
	"os/exec"
)

func setProcessGroup(*exec.Cmd) {}

func setNice(int, int) {}

func terminate(pid int) { kill(pid) }

func kill(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}
