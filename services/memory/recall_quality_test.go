package memory

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// tables collects those of docs/memory.md.
type tables struct{ strings.Builder }

func (r *tables) row(cells ...any) {
	for _, c := range cells {
		if f, ok := c.(float64); ok {
			c = fmt.Sprintf("%.3f", f)
		}
		fmt.Fprintf(r, "| %v ", c)
	}
	r.WriteString("|\n")
}

func (r *tables) counts(name string, c counted) {
	r.row(name, c.of, c.part(byWordsAlone), c.part(byVectorsAlone), c.part(byBothTogether))
}

// write puts the tables between their marks in the file of RECALL_WRITE.
func (r *tables) write(t *testing.T) {
	file := os.Getenv("RECALL_WRITE")
	if file == "" {
		return
	}
	const begin, end = "<!-- recall: begin -->", "<!-- recall: end -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no %s and %s", file, begin, end)
	}
	if err := os.WriteFile(file, []byte(before+begin+"\n\n"+r.String()+"\n"+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestRecallQuality asks what docs/memory.md tells of. RECALL_WRITE names the file whose
// tables it writes; with TARS_EMBED_CACHE that takes less the second time. Without
// RECALL_SIZES=all it asks among 500 lines and one conversation, as ten thousand lines take
// a server for vectors some minutes.
func TestRecallQuality_RealEngines(t *testing.T) {
	e, r := newEmbeddings(t), &tables{}
	sizes, lines, most := []int{500}, 500, 1
	if os.Getenv("RECALL_SIZES") == "all" {
		sizes, lines, most = []int{1000, 10_000, 100_000}, 10_000, len(pairs)
	}
	r.WriteString("100 facts among lines of a household, asked in their own words and in others:\n\n")
	r.WriteString("| lines | words, same | vectors, same | both, same | words, other | vectors, other | both, other |\n|---|---|---|---|---|---|---|\n")
	for _, n := range sizes {
		same, other := factsAmong(t, e, "facts.tsv", n)
		r.row(n, same.part(byWordsAlone), same.part(byVectorsAlone), same.part(byBothTogether), other.part(byWordsAlone), other.part(byVectorsAlone), other.part(byBothTogether))
		if n != lines {
			continue
		}
		for what, x := range map[string]struct{ got, want float64 }{
			"by words, in the same words": {same.part(byWordsAlone), 0.86}, "by both, in the same words": {same.part(byBothTogether), 0.95},
			"by both, in other words": {other.part(byBothTogether), 0.9}, "by both, beside vectors alone": {other.part(byBothTogether), other.part(byVectorsAlone)},
		} {
			if x.got < x.want {
				t.Errorf("facts found %s: %.3f, want %.3f", what, x.got, x.want)
			}
		}
	}
	same, other := factsAmong(t, e, "other_facts.tsv", lines)
	fmt.Fprintf(r, "\n50 further facts among %d lines, to which no number was fitted:\n\n| | questions | words | vectors | both |\n|---|---|---|---|---|\n", lines)
	r.counts("same words", same)
	r.counts("other words", other)
	if got := other.part(byBothTogether); got < 0.9 {
		t.Errorf("of further facts %.3f are found by both, in other words, want 0.9", got)
	}
	conversations(t, e, r, most)
	changedFacts(t, e, r, lines)
	neverTold(t, e, r, lines)
	r.write(t)
}

func factsAmong(t *testing.T, e *embeddings, set string, n int) (same, other counted) {
	var said, asks, others []string
	for _, f := range readFacts(t, set) {
		said, asks, others = append(said, f.told), append(asks, f.same), append(others, f.other)
	}
	right := func(i int, l Line) bool { return l.Text == said[i] }
	m := newRemembered(t, e, among(chatter(n), said))
	return m.count(t, fmt.Sprint(n, " facts, same words"), asks, right), m.count(t, fmt.Sprint(n, " facts, other words"), others, right)
}

// changedFacts asks for 50 facts of which a later line says otherwise.
func changedFacts(t *testing.T, e *embeddings, r *tables, lines int) {
	rows := readTable(t, "changed.tsv")
	var said []string
	for column := range 2 {
		for _, c := range rows {
			said = append(said, c[column])
		}
	}
	m := newRemembered(t, e, among(chatter(lines), said))
	fmt.Fprintf(r, "\n50 facts that changed, among %d lines:\n\n| | the later one is first | the earlier one is marked, of those recalled |\n|---|---|---|\n", lines)
	for _, w := range []way{byWordsAlone, byBothTogether} {
		first, old, marked := 0, 0, 0
		for _, c := range rows {
			found := m.recall(t, w, c[2], 5)
			if len(found) > 0 && found[0].Text == c[1] {
				first++
			}
			for _, l := range found {
				if l.Text == c[0] {
					old++
					if l.Superseded != 0 {
						marked++
					}
				}
			}
		}
		r.row([]string{"words", "vectors", "both"}[w], first, fmt.Sprintf("%d of %d", marked, old))
		if w == byBothTogether && (first < len(rows) || marked < old) {
			t.Errorf("by both, %d of %d are first, %d of %d old ones marked", first, len(rows), marked, old)
		}
	}
}

// neverTold asks for 30 things of which nothing was said, and tells how many of the facts
// are sure in comparison.
func neverTold(t *testing.T, e *embeddings, r *tables, lines int) {
	var said []string
	facts := readFacts(t, "facts.tsv")
	for _, f := range facts {
		said = append(said, f.told)
	}
	m := newRemembered(t, e, among(chatter(lines), said))
	fmt.Fprintf(r, "\nQuestions of which a hit is sure (0.75 or more), among %d lines:\n\n| | words | both |\n|---|---|---|\n", lines)
	sure := func(w way, ask string, is func(Line) bool) bool {
		return slices.ContainsFunc(m.recall(t, w, ask, 5), func(l Line) bool { return l.Score >= sureFrom && is(l) })
	}
	var same, other, never [2]int
	for k, w := range []way{byWordsAlone, byBothTogether} {
		for _, f := range facts {
			is := func(l Line) bool { return l.Text == f.told }
			if sure(w, f.same, is) {
				same[k]++
			}
			if sure(w, f.other, is) {
				other[k]++
			}
		}
		for _, x := range readTable(t, "never.txt") {
			if sure(w, x[0], func(Line) bool { return true }) {
				never[k]++
				t.Logf("%q is answered: %+v", x[0], m.recall(t, w, x[0], 1))
			}
		}
	}
	r.row("of 100 facts, in the same words", same[0], same[1])
	r.row("of 100 facts, in other words", other[0], other[1])
	r.row("of 30 that were never told", never[0], never[1])
	if never[0]+never[1] > 0 || same[1] < 90 {
		t.Errorf("sure of %v that were never told, and of %v of 100 that were", never, same)
	}
}

// conversations asks for things in some long conversations, of which each turn is a line, and
// each session is one.
func conversations(t *testing.T, e *embeddings, r *tables, most int) {
	var turns, whole [2]counted
	for i := range most {
		c := newConversation(t, i)
		var said, sessions []Message
		session := map[string]int{}
		for s, all := range c.sessions {
			text := ""
			for _, m := range all {
				session[m.Line.UttID] = s
				text += m.Line.Speaker + ": " + m.Line.Text + "\n"
			}
			l := all[0].Line
			l.Text, l.Role = text, user
			sessions = append(sessions, Message{all[0].ID, l})
			said = append(said, all...)
		}
		byTurns, bySessions := newRemembered(t, e, said), newRemembered(t, e, sessions)
		for k, asks := range [][]asking{c.same, c.other} {
			var texts []string
			for _, a := range asks {
				texts = append(texts, a.text)
			}
			right := func(i int, l Line) bool { return session[l.UttID] == asks[i].session }
			turns[k].add(byTurns.count(t, "turns", texts, right))
			whole[k].add(bySessions.count(t, "sessions", texts, right))
		}
	}
	fmt.Fprintf(r, "\n%d conversations of two people, 24 sessions of some 25 turns each; the right session among those of the first five hits:\n\n"+
		"| a line is | questions | words | vectors | both |\n|---|---|---|---|---|\n", most)
	for k, name := range []string{"same words", "other words"} {
		r.counts("a turn, "+name, turns[k])
		r.counts("a session, "+name, whole[k])
	}
	for _, c := range []counted{turns[0], turns[1], whole[0], whole[1]} {
		if best := max(c.part(byWordsAlone), c.part(byVectorsAlone)); c.part(byBothTogether) < best-0.01 {
			t.Errorf("both together find %.3f, one of them %.3f", c.part(byBothTogether), best)
		}
	}
}
