//go:build unix

package main

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

func resourceUsage() (u syscall.Rusage) {
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u
}

// cpuTime is what this process has used, in user and kernel mode.
func cpuTime() time.Duration {
	u := resourceUsage()
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// residentSet is the memory of this process in bytes; where the system does
// not say, the most it ever was.
func residentSet() uint64 {
	if b, err := os.ReadFile("/proc/self/statm"); err == nil {
		if f := bytes.Fields(b); len(f) > 1 {
			if pages, err := strconv.ParseUint(string(f[1]), 10, 64); err == nil {
				return pages * uint64(os.Getpagesize())
			}
		}
	}
	most := uint64(resourceUsage().Maxrss)
	if runtime.GOOS != "darwin" { // there it is in bytes
		most <<= 10
	}
	return most
}
