//go:build !unix

package supervise

import (
	"os"
	"os/exec"
)

func setProcessGroup(*exec.Cmd) {}

func setNice(int, int) {}

func terminateProcess(pid int) { killProcess(pid) }

func killProcess(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}
