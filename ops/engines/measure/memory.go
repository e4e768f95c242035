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

	"github.com/gotars/tars/ops/engines/find"
	"github.com/gotars/tars/ops/engines/supervise"
)

// Memory is the resident bytes of the program behind s; 0 when it runs on
// another machine, or this one does not tell.
func Memory(ctx context.Context, home string, s find.Server) int64 {
	running, _ := find.Installed(ctx, home)
	for _, e := range running.Engines {
		if slices.ContainsFunc(e.Serves, func(o find.Server) bool { return o.URL == s.URL }) {
			return supervise.Memory(e.PID)
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
	return resident(listener(port))
}

// listener is the process that listens on port; 0: not known. Linux tells.
func listener(port int) (pid int) {
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

func resident(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	f := strings.Fields(string(b))
	if err != nil || len(f) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(f[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
