package topic

import "testing"

func TestMatches(t *testing.T) {
	tests := map[string]struct {
		filter, name string
		want         bool
	}{
		"the same":                            {"a/b", "a/b", true},
		"another":                             {"a/b", "a/c", false},
		"plus is one level":                   {"a/+/c", "a/b/c", true},
		"plus is not two":                     {"a/+", "a/b/c", false},
		"plus may be empty":                   {"a/+", "a/", true},
		"hash is the rest":                    {"a/#", "a/b/c", true},
		"hash is the parent too":              {"a/#", "a", true},
		"hash is no prefix":                   {"system/health/#", "system/healthy", false},
		"everything":                          {"#", "a/b", true},
		"everything leaves out system topics": {"#", "$SYS/x", false},
		"plus leaves out system topics":       {"+/x", "$SYS/x", false},
		"longer filter":                       {"a/b/c", "a/b", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Matches(tt.filter, tt.name); got != tt.want {
				t.Errorf("Matches(%q, %q) = %v", tt.filter, tt.name, got)
			}
		})
	}
}

func TestCoversAndOverlap(t *testing.T) {
	tests := map[string]struct {
		a, b            string
		covers, overlap bool
	}{
		"itself":          {"a/b", "a/b", true, true},
		"hash over plus":  {"a/#", "a/+", true, true},
		"plus over name":  {"a/+", "a/b", true, true},
		"name over plus":  {"a/b", "a/+", false, true},
		"crossing":        {"a/+", "+/b", false, true},
		"apart":           {"a/+", "b/+", false, false},
		"plus over hash":  {"a/+", "a/#", false, true},
		"hash over less":  {"a/#", "a/b/#", true, true},
		"hash over more":  {"a/b/#", "a/#", false, true},
		"hash over name":  {"a/#", "a", true, true},
		"name over hash":  {"a", "a/#", false, true},
		"different depth": {"a/+", "a/+/c", false, false},
		"system topics":   {"#", "$SYS/#", false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Covers(tt.a, tt.b); got != tt.covers {
				t.Errorf("Covers(%q, %q) = %v", tt.a, tt.b, got)
			}
			if got := Overlap(tt.a, tt.b); got != tt.overlap {
				t.Errorf("Overlap(%q, %q) = %v", tt.a, tt.b, got)
			}
		})
	}
}

// FuzzMatches holds Matches against Covers: a filter covers a name it matches.
func FuzzMatches(f *testing.F) {
	f.Add("a/+/#", "a/b/c")
	f.Add("#", "$x")
	f.Fuzz(func(t *testing.T, filter, name string) {
		if Valid(name) && Matches(filter, name) && !Overlap(filter, name) && filter != "" && filter[0] != '$' && name[0] != '$' {
			t.Errorf("%q matches %q, which does not overlap it", filter, name)
		}
		Key(filter, name)
	})
}
