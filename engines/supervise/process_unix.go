//go:build unix

package supervise

import (
	"os/exec"
	"syscall"
)

// setProcessGroup gives cmd a process group of its own: a Ctrl-C of the terminal is for
// us, who then stop it in order.
func setProcessGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithUs(cmd.SysProcAttr)
}

// setNice lets other programs go before the group of pid.
func setNice(pid, nice int) { _ = syscall.Setpriority(syscall.PRIO_PGRP, pid, nice) }

// terminate asks the group of pid to end.
func terminate(pid int) { signal(pid, syscall.SIGTERM) }

// kill ends the group of pid.
func kill(pid int) { signal(pid, syscall.SIGKILL) }

func signal(pid int, s syscall.Signal) {
	if pid > 1 { // 0 and 1 would mean our own group and everybody
		_ = syscall.Kill(-pid, s)
	}
}
