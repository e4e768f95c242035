package cancel

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestCancelEndsWhatCameBefore(t *testing.T) {
	tests := map[string]struct {
		cancel string        // key
		before uint64        // the cancel knows of work up to this number
		seq    uint64        // of the work that begins after it
		later  time.Duration // arrival of the work after the cancel
		want   bool
	}{
		"what waits ends":                     {"a", 5, 5, 0, true},
		"what arrives soon ends":              {"a", 5, 6, MarkTTL - 1, true},
		"what arrives later does not":         {"a", 5, 6, MarkTTL, false},
		"what waited long ends all the same":  {"a", 5, 4, time.Hour, true},
		"another key goes on":                 {"b", 5, 5, 0, false},
		"no key ends nothing":                 {"", 5, 5, 0, false},
		"all ends what waits":                 {AllKeys, 5, 5, 0, true},
		"all does not end what arrives later": {AllKeys, 5, 6, 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var k Keys
				k.Cancel(tt.cancel, "1", false, tt.before, false)
				ended := false
				defer k.Enter("a", tt.seq, time.Now().Add(tt.later), func() { ended = true })()
				if ended != tt.want {
					t.Errorf("ended: %v", ended)
				}
			})
		})
	}
}

func TestCancelEndsWhatRuns(t *testing.T) {
	for key, want := range map[string]bool{"a": true, "b": false, AllKeys: true, "": false} {
		var k Keys
		ended := false
		leave := k.Enter("a", 1, time.Now(), func() { ended = true })
		k.Cancel(key, "1", false, 1, true)
		if ended != want {
			t.Errorf("cancel %q ended it: %v", key, ended)
		}
		leave()
		ended = false
		k.Cancel(AllKeys, "2", false, 1, true)
		if ended {
			t.Errorf("ended after it had left")
		}
	}
}

func TestMarksAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var k Keys
		for i := range 3 * maxMarks {
			k.Cancel(fmt.Sprint(i), fmt.Sprint(i), false, 0, false)
		}
		if len(k.marks) > maxMarks {
			t.Errorf("%d marks", len(k.marks))
		}
		time.Sleep(MarkTTL + time.Second)
		k.Cancel("last", "last", false, 0, true)
		if len(k.marks) != 1 {
			t.Errorf("%d marks after their time", len(k.marks))
		}
	})
}

// A cancel may come twice: ahead of what was sent before it, and in order.
func TestTwoCopiesOfACancelCountOnce(t *testing.T) {
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
		"between the copies all ends, after them nothing": {AllKeys, []step{
			{cancel: ahead, id: "1"}, {work: "a", ends: true}, {work: "b", ends: true}, {cancel: inOrder, id: "1"}, {work: "c"},
		}},
		"in order first: nothing was overtaken, and what follows runs": {AllKeys, []step{
			{cancel: inOrder, id: "1"}, {work: "a"}, {cancel: ahead, id: "1"}, {work: "b"},
		}},
		"two cancels, each with its copies": {AllKeys, []step{
			{cancel: ahead, id: "1"}, {cancel: ahead, id: "2"}, {work: "a", ends: true}, {cancel: inOrder, id: "1"}, {cancel: inOrder, id: "2"}, {work: "b"},
		}},
		"the same id twice": {AllKeys, []step{
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
					k.CancelInOrder(tt.key, s.id, false, seq, false)
				default:
					seq++
					ended := false
					k.Enter(s.work, seq, time.Now(), func() { ended = true })()
					if ended != s.ends {
						t.Errorf("step %d: work %s ended %t, want %t", i, s.work, ended, s.ends)
					}
				}
			}
			if n := k.pairs.Len(); n > 0 {
				t.Errorf("%d cancels without their other copy", n)
			}
		})
	}
}

// The copy in order may be lost, when a broker drops what it cannot queue.
func TestLostCopyEndsNothingForLong(t *testing.T) {
	for name, tt := range map[string]struct {
		key   string
		later func(*Keys)
	}{
		"of all":                                   {AllKeys, func(*Keys) {}},
		"of a key, and the broker has no more":     {"a", func(k *Keys) { k.CloseExpiredMarks(7) }},
		"of a key, and the broker forgot it":       {"a", func(k *Keys) { k.SessionLost(7) }},
		"of a key, and a later cancel is in order": {"a", func(k *Keys) { k.CancelAhead("b", "2", 7, false); k.CancelInOrder("b", "2", false, 7, false) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var k Keys
				seq := uint64(7)
				ended := func() (ended bool) {
					k.Enter("a", seq, time.Now(), func() { ended = true })()
					return ended
				}
				k.CancelAhead(tt.key, "1", 0, false)
				if !ended() {
					t.Error("runs although the cancel overtook it")
				}
				time.Sleep(MarkTTL + time.Second)
				if tt.key != AllKeys && !ended() {
					t.Error("runs although it may have been sent before the cancel")
				}
				tt.later(&k)
				if seq++; ended() {
					t.Error("ended by a cancel from long ago")
				}
			})
		})
	}
}

// A cancel that is delivered again ends what came again before it.
func TestRedeliveredCancelEndsNothingNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, cancel := range map[string]func(k *Keys, again bool, seq uint64){
			"on one connection": func(k *Keys, again bool, seq uint64) { k.Cancel("a", "1", again, seq, false) },
			"on that of a lane": func(k *Keys, again bool, seq uint64) {
				if !again {
					k.CancelAhead("a", "1", seq, false)
				}
				k.CancelInOrder("a", "1", again, seq, false)
			},
		} {
			var k Keys
			cancel(&k, false, 1)
			time.Sleep(2 * MarkTTL)
			running := false // asked for after the cancel, and at work when the link is lost
			defer k.Enter("a", 2, time.Now(), func() { running = true })()
			k.Relinked(2)
			ended := map[uint64]bool{}
			defer k.Enter("a", 3, time.Now(), func() { ended[3] = true })()
			cancel(&k, true, 4)
			for _, seq := range []uint64{4, 5} {
				defer k.Enter("a", seq, time.Now(), func() { ended[seq] = true })()
			}
			if running || !ended[3] || !ended[4] || ended[5] {
				t.Errorf("%s: ended %v, and what was asked for later %t", name, ended, running)
			}
		}
	})
}

// The work that was sent after a cancel is not ended for coming soon after a
// copy that is late.
func TestLateCopyEndsNothingNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var k Keys
		k.CancelAhead("a", "1", 1, false)
		time.Sleep(time.Minute)
		k.CancelAhead("a", "2", 1, false)
		k.CancelInOrder("a", "1", false, 1, false)
		time.Sleep(2 * MarkTTL)
		before, after := false, false
		defer k.Enter("a", 2, time.Now(), func() { before = true })()
		k.CancelInOrder("a", "2", false, 2, false)
		defer k.Enter("a", 3, time.Now(), func() { after = true })()
		if !before || after {
			t.Errorf("what was sent before the second cancel ended: %t, and what was sent after it: %t", before, after)
		}
	})
}
