package cancel

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestCancel(t *testing.T) {
	tests := map[string]struct {
		cancel string        // key
		before uint64        // the cancel knows of work up to this number
		seq    uint64        // of the work that begins after it
		later  time.Duration // arrival of the work after the cancel
		want   bool
	}{
		"what waits ends":                     {"a", 5, 5, 0, true},
		"what arrives soon ends":              {"a", 5, 6, Soon - 1, true},
		"what arrives later does not":         {"a", 5, 6, Soon, false},
		"what waited long ends all the same":  {"a", 5, 4, time.Hour, true},
		"another key goes on":                 {"b", 5, 5, 0, false},
		"no key ends nothing":                 {"", 5, 5, 0, false},
		"all ends what waits":                 {All, 5, 5, 0, true},
		"all does not end what arrives later": {All, 5, 6, 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var k Keys
				k.Cancel(tt.cancel, tt.before, false)
				ended := false
				defer k.Enter("a", tt.seq, time.Now().Add(tt.later), func() { ended = true })()
				if ended != tt.want {
					t.Errorf("ended: %v", ended)
				}
			})
		})
	}
}

func TestRunningEnds(t *testing.T) {
	for key, want := range map[string]bool{"a": true, "b": false, All: true, "": false} {
		var k Keys
		ended := false
		leave := k.Enter("a", 1, time.Now(), func() { ended = true })
		k.Cancel(key, 1, true)
		if ended != want {
			t.Errorf("cancel %q ended it: %v", key, ended)
		}
		leave()
		ended = false
		k.Cancel(All, 1, true)
		if ended {
			t.Errorf("ended after it had left")
		}
	}
}

func TestMarksAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var k Keys
		for i := range 3 * most {
			k.Cancel(fmt.Sprint(i), 0, false)
		}
		if len(k.marks) > most {
			t.Errorf("%d marks", len(k.marks))
		}
		time.Sleep(Soon + time.Second)
		k.Cancel("last", 0, true)
		if len(k.marks) != 1 {
			t.Errorf("%d marks after their time", len(k.marks))
		}
	})
}
