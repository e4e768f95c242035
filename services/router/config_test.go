package router_test

import (
	"strings"
	"testing"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/router"
)

func TestRoomsThatWantAWakeWordHaveNames(t *testing.T) {
	for list, refused := range map[string]string{"": "", "*": "", "hall,web-1": "", "hall, attic": "", "a/b": `"a/b"`, "Hall": `"Hall"`} {
		t.Setenv("ROUTER_WAKE_TO_INTERRUPT", list)
		_, err := kit.FromEnv[router.Config]("router")
		if (err == nil) != (refused == "") || err != nil && !strings.Contains(err.Error(), "ROUTER_WAKE_TO_INTERRUPT names "+refused) {
			t.Errorf("%q: error %v, want one about %s", list, err, refused)
		}
	}
}

// Containers set what is not set to nothing, so a variable that is empty has its default.
func TestWordsThatAreNotWanted(t *testing.T) {
	for _, name := range []string{"APOLOGY", "BROKEN_OFF", "CUT_SHORT", "FILLER", "NOT_UNDERSTOOD"} {
		t.Setenv("ROUTER_"+name, "none")
	}
	c, err := kit.FromEnv[router.Config]("router")
	if err != nil || c.Apology+c.BrokenOff+c.CutShort+c.Filler+c.NotUnderstood != "" {
		t.Errorf("%+v, %v", c, err)
	}
}
