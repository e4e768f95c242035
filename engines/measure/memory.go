package measure

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/supervise"
)

// Memory is the resident bytes of the program behind s; 0 when it runs on
// another machine, or this one does not tell. It waits a moment for that of an
// installed engine which has just started: it is told of a second later.
func Memory(ctx context.Context, home string, s discovery.Server) int64 {
	for begin := time.Now(); ; {
		pid, ok := installedProcess(ctx, home, s)
		if !ok {
			break
		}
		if pid > 0 || time.Since(begin) > statusDelay {
			return supervise.Memory(pid)
		}
		select {
		case <-time.After(statusDelay / 20):
		case <-ctx.Done():
			return 0
		}
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return 0
	}
	addr, err := netip.ParseAddr(u.Hostname())
	port, err2 := strconv.Atoi(u.Port())
	if err != nil || err2 != nil || !addr.IsLoopback() {
		return 0
	}
	return residentBytes(processListening(port))
}

const statusDelay = 2 * time.Second // in which an engine that started is told of

// installedProcess is the process of the installed engine that serves s, if one does; 0
// while it is not told of.
func installedProcess(ctx context.Context, home string, s discovery.Server) (pid int, ok bool) {
	running, _ := discovery.Installed(ctx, home)
	for _, e := range running.Engines {
		if slices.ContainsFunc(e.Serves, func(o discovery.Server) bool { return o.URL == s.URL }) {
			return e.PID, true
		}
	}
	return 0, false
}

// processListening is the process that listens on port; 0: not known. Linux tells.
func processListening(port int) (pid int) {
	sockets := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		b, _ := os.ReadFile(table)
		for line := range strings.Lines(string(b)) {
			const listening = "0A"
			f := strings.Fields(line)
			if len(f) > 9 && f[3] == listening && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port)) {
				sockets["socket:["+f[9]+"]"] = true
			}
		}
	}
	files, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, name := range files {
		if to, err := os.Readlink(name); err == nil && sockets[to] {
			pid, _ = strconv.Atoi(strings.Split(name, "/")[2])
			return pid
		}
	}
	return 0
}

func residentBytes(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	f := strings.Fields(string(b))
	if err != nil || len(f) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(f[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
