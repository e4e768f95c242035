//go:build !unix

package engine

import "os/exec"

// setProcessGroup does nothing: a cancel ends cmd alone.
func setProcessGroup(*exec.Cmd) {}
