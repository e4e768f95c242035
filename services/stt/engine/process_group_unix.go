//go:build unix

package engine

import (
	"os"
	"os/exec"
	"syscall"
)

// setProcessGroup has a cancel end all that cmd starts: it is often a shell around the
// program that works.
func setProcessGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != syscall.ESRCH {
			return err
		}
		return os.ErrProcessDone
	}
}
