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
		for i := range 3 * maxMarks {
			k.Cancel(fmt.Sprint(i), 0, false)
		}
		if len(k.marks) > maxMarks {
			t.Errorf("%d marks", len(k.marks))
		}
		time.Sleep(Soon + time.Second)
		k.Cancel("last", 0, true)
		if len(k.marks) != 1 {
			t.Errorf("%d marks after their time", len(k.marks))
		}
	})
}

// A cancel may come twice: ahead of what was sent before it, and in order.
func TestTwoCopies(t *testing.T) {
	type step struct {
		cancel string // "ahead" or "in order", of the cancel with this id
		id     string
		work   string // or work that arrives, by its key
		ends   bool
	}
	const ahead, inOrder = "ahead", "in order"
	tests := map[string]struct {
		key   string
		steps []step
	}{
		"between the copies all ends, after them nothing": {All, []step{
			{cancel: ahead, id: "1"}, {work: "a", ends: true}, {work: "b", ends: true}, {cancel: inOrder, id: "1"}, {work: "c"},
		}},
		"in order first: nothing was overtaken, and what follows runs": {All, []step{
			{cancel: inOrder, id: "1"}, {work: "a"}, {cancel: ahead, id: "1"}, {work: "b"},
		}},
		"two cancels, each with its copies": {All, []step{
			{cancel: ahead, id: "1"}, {cancel: ahead, id: "2"}, {work: "a", ends: true}, {cancel: inOrder, id: "1"}, {cancel: inOrder, id: "2"}, {work: "b"},
		}},
		"the same id twice": {All, []step{
			{cancel: ahead, id: "1"}, {cancel: inOrder, id: "1"}, {work: "a"}, {cancel: ahead, id: "1"}, {work: "b", ends: true}, {cancel: inOrder, id: "1"}, {work: "c"},
		}},
		"a key ends its own work only, and soon after too": {"a", []step{
			{cancel: ahead, id: "1"}, {work: "b"}, {work: "a", ends: true}, {cancel: inOrder, id: "1"}, {work: "a", ends: true}, {work: "b"},
		}},
		"no key ends nothing": {"", []step{{cancel: ahead, id: "1"}, {work: "a"}, {cancel: inOrder, id: "1"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var k Keys
			seq := uint64(0)
			for i, s := range tt.steps {
				switch s.cancel {
				case ahead:
					k.CancelAhead(tt.key, s.id, seq, false)
				case inOrder:
					k.CancelInOrder(tt.key, s.id, seq, false)
				default:
					seq++
					ended := false
					k.Enter(s.work, seq, time.Now(), func() { ended = true })()
					if ended != s.ends {
						t.Errorf("step %d: work %s ended %t, want %t", i, s.work, ended, s.ends)
					}
				}
			}
			if n := k.copies.Len(); n > 0 {
				t.Errorf("%d cancels without their other copy", n)
			}
		})
	}
}

// The copy in order may be lost, when a broker drops what it cannot queue.
func TestLostCopyEndsNothingForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var k Keys
		ended := func() (ended bool) {
			k.Enter("a", 7, time.Now(), func() { ended = true })()
			return ended
		}
		k.CancelAhead(All, "1", 0, false)
		if !ended() {
			t.Error("runs although the cancel overtook it")
		}
		time.Sleep(Soon)
		if ended() {
			t.Error("ended by a cancel from long ago")
		}
	})
}
