//go:build unix

package private

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// noFollow opens a file itself, and nothing that a link leads to.
const noFollow = syscall.O_NOFOLLOW

// checkOwner refuses what belongs to another user, who could change it at any
// time.
func checkOwner(path string, info fs.FileInfo) error {
	if s, ok := info.Sys().(*syscall.Stat_t); ok && int(s.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user", path)
	}
	return nil
}
