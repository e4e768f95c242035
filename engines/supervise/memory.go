package supervise

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Memory is the resident bytes of pid and its process group; 0 when it is not
// there or this machine does not tell.
func Memory(pid int) int64 {
	if pid <= 0 {
		return 0
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	if len(stats) == 0 {
		return memoryByPS(pid)
	}
	var pages int64
	for _, name := range stats {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it ended
		}
		// The name, in brackets, may hold anything; the group is the third field
		// behind it and the resident pages are the twenty-second.
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		if len(f) > 21 && f[2] == strconv.Itoa(pid) {
			n, _ := strconv.ParseInt(f[21], 10, 64)
			pages += n
		}
	}
	return pages * int64(os.Getpagesize())
}

func memoryByPS(pid int) (all int64) {
	out, _ := exec.Command("ps", "-axo", "pgid=,rss=").Output()
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) == 2 && f[0] == strconv.Itoa(pid) {
			kib, _ := strconv.ParseInt(f[1], 10, 64)
			all += kib << 10
		}
	}
	return all
}
