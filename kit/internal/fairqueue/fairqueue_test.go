package fairqueue

import (
	"fmt"
	"strings"
	"testing"
)

func TestFrequentKeysSurviveAFlood(t *testing.T) {
	for name, each := range map[string]int{"one message of each": 1, "many of each": 20} {
		var n KeyCounts
		for range 100 {
			n.Add("kitchen")
		}
		for i := range 20_000 {
			for range each {
				n.Add(fmt.Sprint("made-up-", i))
			}
			if i%10 == 0 {
				n.Add("kitchen") // it goes on meanwhile
			}
		}
		if inUse := n.Add("kitchen"); !inUse || len(n.counts) > maxKeys {
			t.Errorf("%s: the kitchen is in use: %v, %d keys are counted", name, inUse, len(n.counts))
		}
	}
	var n KeyCounts
	for i := range frequentAfter {
		if inUse := n.Add("hall"); inUse != (i == frequentAfter-1) {
			t.Errorf("after %d turns the hall is in use: %v", i+1, inUse)
		}
	}
}

func TestFrequentAndRareTakeTurns(t *testing.T) {
	var r Queue[string]
	for _, v := range []string{"x1", "x2", "x3"} {
		r.Push(v, false)
	}
	r.Push("a", true)
	r.Push("b", true)
	r.RemoveAll(func(v string) bool { return v == "x2" })
	var got []string
	for r.Len() > 0 {
		got = append(got, r.Pop())
	}
	if s := strings.Join(got, " "); s != "a x1 b x3" {
		t.Errorf("took %s, want a x1 b x3", s)
	}
	r.Push("y1", false)
	r.Push("y2", false)
	r.Push("c", true)
	if v := r.PopNewestRare(); v != "y2" || r.RareLen() != 1 {
		t.Errorf("the newest of the others is %q, and %d are left", v, r.RareLen())
	}
}
