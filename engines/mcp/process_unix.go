//go:build unix

package mcp

import (
	"os/exec"
	"syscall"
)

// setProcessGroup gives cmd a process group of its own, so that a Ctrl-C of the terminal is
// not for it, and that what it starts can be ended with it.
func setProcessGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends the group of cmd.
func killGroup(cmd *exec.Cmd) {
	if pid := cmd.Process.Pid; pid > 1 { // 0 and 1 would mean our own group and everybody
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}
