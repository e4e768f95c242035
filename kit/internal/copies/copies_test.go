package copies

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestFirstOfTwoCopies(t *testing.T) {
	tests := map[string]struct {
		arrivals string // "+a" came ahead, "-a" in order, "." is a wait
		first    string // for each copy: y or n
	}{
		"ahead, then in order":            {"+a -a", "yn"},
		"in order, then ahead":            {"-a +a", "yn"},
		"the same id again":               {"+a -a +a -a", "ynyn"},
		"two of one id on their way":      {"+a +a -a -a", "yynn"},
		"ids do not meet":                 {"+a -b -a +b", "yynn"},
		"a lost copy is not waited for":   {"+a . -a", "yy"},
		"nor one that came ahead of none": {"-a . +a", "yy"},
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
						first = p.InOrder(id)
					case '.':
						time.Sleep(Patience)
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

func TestSingleCopiesAreBounded(t *testing.T) {
	var p Pairs
	for i := range 3 * maxSingle {
		p.Ahead(fmt.Sprint(i))
	}
	if p.Len() > maxSingle {
		t.Errorf("%d are remembered", p.Len())
	}
}
