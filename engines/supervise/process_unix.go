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

// terminateProcess asks the group of pid to end.
func terminateProcess(pid int) { signalProcess(pid, syscall.SIGTERM) }

// killProcess ends the group of pid.
func killProcess(pid int) { signalProcess(pid, syscall.SIGKILL) }

func signalProcess(pid int, s syscall.Signal) {
	if pid > 1 { // 0 and 1 would mean our own group and everybody
		_ = syscall.Kill(-pid, s)
	}
}
