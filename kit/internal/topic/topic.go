// Package topic compares MQTT topics and filters by the rules of MQTT 5, 4.7.
package topic

import "strings"

// Matches reports whether a message on name is delivered to filter.
func Matches(filter, name string) bool { return Covers(filter, name) } // a name is a filter without wildcards

// Covers reports whether every name that matches b matches a. "#" also matches
// its parent level; a wildcard at the first level matches no "$" topic.
func Covers(a, b string) bool {
	if strings.HasPrefix(b, "$") && (strings.HasPrefix(a, "#") || strings.HasPrefix(a, "+")) {
		return false
	}
	for {
		x, aRest, aMore := strings.Cut(a, "/")
		if x == "#" {
			return true
		}
		y, bRest, bMore := strings.Cut(b, "/")
		if x != y && (x != "+" || y == "#") {
			return false
		}
		if !aMore || !bMore {
			return aMore == bMore || aMore && aRest == "#"
		}
		a, b = aRest, bRest
	}
}

// Overlap reports whether some name matches both filters.
func Overlap(a, b string) bool {
	if strings.HasPrefix(a, "$") != strings.HasPrefix(b, "$") {
		return false
	}
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	for i := 0; ; i++ {
		aEnd, bEnd := i >= len(as), i >= len(bs)
		switch {
		case aEnd && bEnd:
			return true
		case !aEnd && as[i] == "#", !bEnd && bs[i] == "#":
			return true
		case aEnd || bEnd:
			return false
		case as[i] != "+" && bs[i] != "+" && as[i] != bs[i]:
			return false
		}
	}
}

// Key is the text of name that the first "+" of filter matched, or "".
func Key(filter, name string) string {
	for {
		f, fRest, fMore := strings.Cut(filter, "/")
		n, nRest, nMore := strings.Cut(name, "/")
		if f == "+" {
			return n
		}
		if !fMore || !nMore {
			return ""
		}
		filter, name = fRest, nRest
	}
}

// Valid reports whether name may be published to: no wildcard, not empty.
func Valid(name string) bool { return name != "" && !strings.ContainsAny(name, "+#\x00") }

// Share is the filter of a shared subscription, or filter without a group.
func Share(group, filter string) string {
	if group == "" {
		return filter
	}
	return "$share/" + group + "/" + filter
}

// Unshared is the filter inside that of a shared subscription.
func Unshared(filter string) string {
	if rest, ok := strings.CutPrefix(filter, "$share/"); ok {
		_, rest, _ = strings.Cut(rest, "/")
		return rest
	}
	return filter
}
