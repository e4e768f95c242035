package phrases

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// node is a place in the graph of all phrases. A phrase is a way from the root to a node at
// which one ends, so that a phrase with many wordings takes no more room than it is long.
type node struct {
	next map[string][]*node // by the word that leads there
	skip []*node            // where it goes on without a word
	ends piece              // of the phrase that ends here
}

// piece is what a phrase is. The zero value is none.
type piece struct {
	as     Intent
	filler bool
}

// merge is a piece that is both p and other.
func (p piece) merge(other piece) piece { return piece{max(p.as, other.as), p.filler || other.filler} }

// addTemplate adds a phrase in all its wordings, of which none is empty:
//
//	(wait|hold on)    one of these
//	go on [please]    with this or without it
//	wait <moment>     one of the alternatives that words has under this name
func (n *node) addTemplate(phrase string, words map[string][]string, as piece) error {
	t := template{words: words}
	begin := &node{}
	end, err := t.read(phrase, begin)
	switch {
	case err != nil:
		return fmt.Errorf("the phrase %q: %w", phrase, err)
	case slices.Contains(reachable(begin), end):
		return fmt.Errorf("the phrase %q may be no word at all", phrase)
	}
	end.ends = as
	for _, first := range reachable(begin) {
		n.addNext(first.next)
	}
	return nil
}

// addNext adds words that lead on from n.
func (n *node) addNext(next map[string][]*node) {
	if n.next == nil {
		n.next = map[string][]*node{}
	}
	for word, to := range next {
		n.next[word] = append(n.next[word], to...)
	}
}

// step returns the nodes to which a word leads from others.
func step(from []*node, word string) (to []*node) {
	for _, n := range from {
		to = append(to, n.next[word]...)
	}
	return reachable(to...)
}

// reachable returns nodes, and those where it goes on from them without a word.
func reachable(from ...*node) []*node {
	all := slices.Clone(from)
	for i := 0; i < len(all); i++ {
		for _, n := range all[i].skip {
			if !slices.Contains(all, n) {
				all = append(all, n)
			}
		}
	}
	return all
}

// pieceAt is what the phrases are that end at nodes.
func pieceAt(nodes []*node) (p piece) {
	for _, n := range nodes {
		p = p.merge(n.ends)
	}
	return p
}

// template is what of a phrase is to be read yet.
type template struct {
	rest  string
	words map[string][]string
	names []string // whose alternatives are being read: none may contain itself
}

// read adds text to the graph, and returns where it ends.
func (t *template) read(text string, from *node) (*node, error) {
	t.rest = text
	to, err := t.alternatives(from)
	if err == nil && t.rest != "" {
		err = fmt.Errorf("%q closes nothing", t.rest[0])
	}
	return to, err
}

// alternatives reads sequences between bars.
func (t *template) alternatives(from *node) (*node, error) {
	to := &node{}
	for {
		end, err := t.sequence(from)
		if err != nil {
			return nil, err
		}
		end.skip = append(end.skip, to)
		if !strings.HasPrefix(t.rest, "|") {
			return to, nil
		}
		t.rest = t.rest[1:]
	}
}

// sequence reads words and groups in a row.
func (t *template) sequence(from *node) (_ *node, err error) {
	at := &node{}
	from.skip = append(from.skip, at)
	for err == nil && t.rest != "" && !strings.ContainsRune("|)]", rune(t.rest[0])) {
		at, err = t.part(at)
	}
	return at, err
}

// part reads one group, or words up to the next one.
func (t *template) part(from *node) (*node, error) {
	sign := t.rest[0]
	switch sign {
	case '(', '[':
		closing := map[byte]string{'(': ")", '[': "]"}[sign]
		t.rest = t.rest[1:]
		to, err := t.alternatives(from)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(t.rest, closing) {
			return nil, fmt.Errorf("%s is missing", closing)
		}
		if t.rest = t.rest[1:]; sign == '[' {
			from.skip = append(from.skip, to)
		}
		return to, nil
	case '<':
		name, rest, ok := strings.Cut(t.rest[1:], ">")
		if !ok {
			return nil, errors.New("> is missing")
		}
		t.rest = rest
		return t.named(name, from)
	}
	n := strings.IndexAny(t.rest, "([<|)]")
	if n < 0 {
		n = len(t.rest)
	}
	for _, w := range spokenForms(t.rest[:n]) {
		to := &node{}
		from.addNext(map[string][]*node{w: {to}})
		from = to
	}
	t.rest = t.rest[n:]
	return from, nil
}

// named reads the alternatives that have a name.
func (t *template) named(name string, from *node) (*node, error) {
	list, ok := t.words[name]
	if !ok || slices.Contains(t.names, name) {
		return nil, fmt.Errorf("<%s> is not in its words, or contains itself", name)
	}
	inner := template{words: t.words, names: append(slices.Clone(t.names), name)}
	to := &node{}
	for _, alternative := range list {
		end, err := inner.read(alternative, from)
		if err != nil {
			return nil, err
		}
		end.skip = append(end.skip, to)
	}
	return to, nil
}
