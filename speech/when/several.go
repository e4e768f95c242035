package when

import (
	"slices"
	"strings"
	"time"
)

// maxRequests is how many requests one sentence may hold.
const maxRequests = 4

// parseSeveral parses text at each of its "and"; nil where a part is no request.
func (l *language) parseSeveral(text string, now time.Time) (all []Request) {
	rest := strings.Fields(text)
	if !slices.ContainsFunc(rest, func(w string) bool { return l.and[strings.ToLower(w)] }) {
		return nil
	}
	for len(rest) > 0 && len(all) < maxRequests {
		r, n := l.firstRequest(rest, all, now)
		if n == 0 {
			return nil
		}
		all = append(all, r)
		if rest = rest[n:]; len(rest) > 0 && l.and[strings.ToLower(strings.Trim(rest[0], ",."))] {
			rest = rest[1:]
		}
	}
	return all
}

// firstRequest is the longest beginning of words, up to an "and" or a comma, that sets
// something, and how many words it takes. before are the requests before it.
func (l *language) firstRequest(words []string, before []Request, now time.Time) (r Request, n int) {
	for n = len(words); n > 0; n-- {
		if n < len(words) && !l.and[strings.ToLower(words[n])] && !strings.HasSuffix(words[n-1], ",") && !strings.HasSuffix(words[n-1], ".") {
			continue
		}
		part := strings.Join(words[:n], " ")
		if len(before) > 0 {
			if again := l.another.FindStringIndex(joinTokens(l.numerals(tokenize(part))) + " "); again != nil {
				plain := joinTokens(l.numerals(tokenize(part)))
				part = l.SetAgain[before[len(before)-1].Kind] + " " + strings.TrimSpace(plain[min(again[1], len(plain)):])
			}
		}
		if r, ok := l.parse(part, now); ok && r.Action == Set && r.Ask == NoQuestion {
			return r, n
		}
	}
	return r, 0
}
