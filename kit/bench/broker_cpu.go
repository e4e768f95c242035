package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// processCPU is what the threads of a process have used. Where the system does
// not say it reads 0.
func processCPU(pid int) (sum time.Duration) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, f := range files {
		text, err := os.ReadFile(f)
		var ns int64
		if _, scan := fmt.Sscan(string(text), &ns); err == nil && scan == nil {
			sum += time.Duration(ns)
		}
	}
	return sum
}
