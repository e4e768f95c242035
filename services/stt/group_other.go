//go:build !unix

package stt

import "os/exec"

// setProcessGroup does nothing: a cancel ends cmd alone.
func setProcessGroup(*exec.Cmd) {}
