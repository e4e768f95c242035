//go:build !unix

package mcp

import "os/exec"

func setProcessGroup(*exec.Cmd) {}

// killGroup ends cmd.
func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
