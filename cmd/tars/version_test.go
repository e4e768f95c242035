package main

import (
	"regexp"
	"runtime"
	"runtime/debug"
	"testing"
)

func TestVersionPrefersWhatTheLinkerStamped(t *testing.T) {
	checkout := &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "0123abc"}, {Key: "vcs.modified", Value: "true"},
	}}
	installed := &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}
	for name, c := range map[string]struct {
		info            *debug.BuildInfo
		version, commit string
		want            [2]string
	}{
		"stamped by make build":              {checkout, "v1.2.3-4-g0123abc", "4567def", [2]string{"v1.2.3-4-g0123abc", "4567def"}},
		"go build in a changed checkout":     {checkout, "", "", [2]string{"unknown", "0123abc-dirty"}},
		"go install of a released version":   {installed, "", "", [2]string{"v1.2.3", "unknown"}},
		"a binary without build information": {nil, "", "", [2]string{"unknown", "unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			v, commit := stampedOr(c.info, c.version, c.commit)
			if got := [2]string{v, commit}; got != c.want {
				t.Errorf("stampedOr = %q, want %q", got, c.want)
			}
		})
	}
}

func TestVersionTextNamesGoAndSystem(t *testing.T) {
	want := regexp.MustCompile(`^tars \S+, commit \S+, ` + regexp.QuoteMeta(runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH) + `$`)
	if got := versionText(); !want.MatchString(got) {
		t.Errorf("versionText() = %q, want it to match %s", got, want)
	}
}
