package engine

import (
	"strings"
	"testing"
)

func TestAloud(t *testing.T) {
	tests := map[string]struct{ deltas, want []string }{
		"no thoughts":             {[]string{"Hel", "lo"}, []string{"Hel", "lo"}},
		"a short answer":          {[]string{"<"}, nil},
		"thoughts, then words":    {[]string{"<thi", "nk>\nhm", "m</th", "ink>\n\n", "Hello", " you"}, []string{"Hello", " you"}},
		"all at once":             {[]string{"<think>hmm</think>\nHello"}, []string{"Hello"}},
		"only thoughts":           {[]string{"<think>", "hmm"}, nil},
		"a sign and no thought":   {[]string{"<", "3 you"}, []string{"<3 you"}},
		"thoughts in the middle":  {[]string{"Say ", "<think>"}, []string{"Say ", "<think>"}},
		"white space before them": {[]string{"\n", "<think>a</think>b"}, []string{"b"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			say := stripThinking(func(s string) error {
				if s != "" {
					got = append(got, s)
				}
				return nil
			})
			for _, d := range tt.deltas {
				_ = say(d)
			}
			if strings.Join(got, "|") != strings.Join(tt.want, "|") {
				t.Errorf("said %q, want %q", got, tt.want)
			}
		})
	}
}
