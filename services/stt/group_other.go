//go:build !unix

package stt

import "os/exec"

// together does nothing: a cancel ends cmd alone.
func together(*exec.Cmd) {}
