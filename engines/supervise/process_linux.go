package supervise

import "syscall"

// dieWithUs has the kernel kill the child when our thread ends.
func dieWithUs(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }
