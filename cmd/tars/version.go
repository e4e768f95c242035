package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version and commit are stamped by the linker, see VERSION in the Makefile. They
// are empty after a plain go build or go install; then the build information
// that Go itself records is used.
var version, commit string

// versionText is what tars --version prints: the version, the commit it was built
// from, and the Go release that compiled it.
func versionText() string {
	info, _ := debug.ReadBuildInfo()
	v, c := stampedOr(info, version, commit)
	return fmt.Sprintf("tars %s, commit %s, %s %s/%s", v, c, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// stampedOr returns the stamped version and commit, and what info knows in place of
// the one that is not stamped. info may be nil.
func stampedOr(info *debug.BuildInfo, stampedVersion, stampedCommit string) (v, c string) {
	var recorded, revision, modified string
	if info != nil {
		recorded = info.Main.Version
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				revision = s.Value
			case "vcs.modified":
				if s.Value == "true" {
					modified = "-dirty"
				}
			}
		}
	}
	if recorded == "(devel)" {
		recorded = ""
	}
	if revision != "" {
		revision += modified
	}
	return cmp.Or(stampedVersion, recorded, "unknown"), cmp.Or(stampedCommit, revision, "unknown")
}
