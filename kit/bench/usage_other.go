//go:build !unix

package main

import "time"

// Where there is no getrusage, CPU time and memory read 0.
func cpuTime() time.Duration { return 0 }
func residentSet() uint64    { return 0 }
