package pairing

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestFirstOfTwoCopies(t *testing.T) {
	tests := map[string]struct {
		arrivals string // "+a" came ahead, "-a" in order, "=a" so and again, "." is a wait
		first    string // for each copy: y or n
	}{
		"ahead, then in order":            {"+a -a", "yn"},
		"in order, then ahead":            {"-a +a", "yn"},
		"the same id again":               {"+a -a +a -a", "ynyn"},
		"two of one id on their way":      {"+a +a -a -a", "yynn"},
		"ids do not meet":                 {"+a -b -a +b", "yynn"},
		"in order, much later":            {"+a . -a", "yn"},
		"one ahead is waited for a while": {"-a . +a", "yy"},
		"delivered again":                 {"+a -a =a", "ynn"},
		"again, after the id came again":  {"+a -a +a =a =a", "ynynn"},
		"again, and ahead comes later":    {"=a +a", "ny"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var p Pairs
				got := ""
				for i := 0; i < len(tt.arrivals); i++ {
					first := false
					switch id := tt.arrivals[min(i+1, len(tt.arrivals)-1):][:1]; tt.arrivals[i] {
					case '+':
						first = p.Ahead(id)
					case '-':
						first = p.InOrder(id, false)
					case '=':
						first = p.InOrder(id, true)
					case '.':
						time.Sleep(MaxWait)
						continue
					default:
						continue
					}
					got += map[bool]string{true: "y", false: "n"}[first]
				}
				if got != tt.first {
					t.Errorf("got %s, want %s", got, tt.first)
				}
			})
		})
	}
}

func TestUnpairedCopiesAreBounded(t *testing.T) {
	var p Pairs
	for i := range 3 * maxUnpaired {
		p.Ahead(fmt.Sprint(i))
	}
	if p.Len() > maxUnpaired {
		t.Errorf("%d are remembered", p.Len())
	}
	for i := range 3 * maxUnpaired {
		if p.InOrder(fmt.Sprint(i), false) {
			t.Fatalf("copy %d, which came ahead, is taken for the first of the two", i)
		}
	}
	if !p.InOrder("new", false) {
		t.Error("a copy that came first is taken for the second")
	}
}
