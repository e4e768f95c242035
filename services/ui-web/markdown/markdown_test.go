package markdown_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/gotars/tars/services/ui-web/markdown"
	"github.com/gotars/tars/test/hostile"
)

func TestMarkdown(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"plain text needs none":                 {"The boat is red. It's old & small: 3 < 4.", ""},
		"two lines":                             {"one\ntwo", "<p>one<br>\ntwo</p>"},
		"stress":                                {"a **b** *c* ~~d~~ `e<f`", "<p>a <strong>b</strong> <em>c</em> <del>d</del> <code>e&lt;f</code></p>"},
		"a list":                                {"Buy:\n\n- milk\n- bread\n", "<p>Buy:</p>\n<ul>\n<li>milk</li>\n<li>bread</li>\n</ul>"},
		"a list that begins at three":           {"3. c\n4. d", "<ol start=\"3\">\n<li>c</li>\n<li>d</li>\n</ol>"},
		"code":                                  {"```js\nif (a < b) {}\n```", "<pre><code>if (a &lt; b) {}\n</code></pre>"},
		"a table":                               {"| a | b |\n|---|--:|\n| 1 | 2 |", "<table>\n<thead>\n<tr>\n<th>a</th>\n<th align=\"right\">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td align=\"right\">2</td>\n</tr>\n</tbody>\n</table>"},
		"a heading is a small one":              {"# Boats", "<h3>Boats</h3>"},
		"a link":                                {"[site](https://example.org/a?b=c&d)", `<p><a href="https://example.org/a?b=c&amp;d" rel="nofollow noreferrer noopener" target="_blank">site</a></p>`},
		"an address":                            {"see https://example.org now", `<p>see <a href="https://example.org" rel="nofollow noreferrer noopener" target="_blank">https://example.org</a> now</p>`},
		"a picture is a link":                   {"![a cat](https://example.org/cat.png)", `<p><a href="https://example.org/cat.png" rel="nofollow noreferrer noopener" target="_blank">a cat</a></p>`},
		"a link to this page is none":           {"[out](/logout)", "<p>out</p>"},
		"HTML is text":                          {"a <b>bold</b> *word*", "<p>a &lt;b&gt;bold&lt;/b&gt; <em>word</em></p>"},
		"a block of HTML is text":               {"<div onclick=x>\nhello\n</div>\n\n*end*", "<p>&lt;div onclick=x&gt;<br>\nhello<br>\n&lt;/div&gt;</p>\n<p><em>end</em></p>"},
		"a link that runs something is none":    {"[run](javascript:alert(1)) *x*", "<p>run <em>x</em></p>"},
		"characters that are escaped are meant": {`2 \* 3 \* 4 &amp; *x*`, "<p>2 * 3 * 4 &amp; <em>x</em></p>"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := markdown.HTML(tt.text); got != tt.want {
				t.Errorf("%q becomes\n%s\nwant\n%s", tt.text, got, tt.want)
			}
		})
	}
}

var elements = strings.Fields("html head body p br strong em del code pre blockquote ul ol li hr h3 h4 h5 h6 table thead tbody tr th td a")

// harmless fails the test where HTML has an element or an attribute that it should not.
func harmless(t *testing.T, text, made string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(made))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type == html.CommentNode {
			t.Errorf("%q becomes a comment: %s", text, made)
		}
		if n.Type != html.ElementNode {
			continue
		}
		if !slices.Contains(elements, n.Data) {
			t.Errorf("%q becomes <%s>: %s", text, n.Data, made)
		}
		for _, a := range n.Attr {
			ok := n.Data == "a" && (a.Key == "rel" || a.Key == "target") || (n.Data == "td" || n.Data == "th") && a.Key == "align" || n.Data == "ol" && a.Key == "start"
			if n.Data == "a" && a.Key == "href" {
				ok = strings.HasPrefix(a.Val, "https://") || strings.HasPrefix(a.Val, "http://") || strings.HasPrefix(a.Val, "mailto:")
			}
			if !ok {
				t.Errorf("%q becomes <%s %s=%q>", text, n.Data, a.Key, a.Val)
			}
		}
	}
}

func TestWhatIsHostileIsShown(t *testing.T) {
	all := hostile.Payloads(t)
	if len(all) != 50 {
		t.Errorf("there are %d payloads, want 50", len(all))
	}
	for _, p := range all {
		for _, text := range []string{p, "*x* " + p, "- " + p, "| a |\n|---|\n| " + p + " |", "> " + p, "[" + p + "](" + p + ")"} {
			harmless(t, text, markdown.HTML(text))
		}
	}
}

// TestNothingTakesLong renders texts that parsers of Markdown are slow at.
func TestNothingTakesLong(t *testing.T) {
	for _, piece := range []string{"[", "![", "](", "*", "**a ", "*a _", "_a_", ">", "> ", "`", "``a", "<", "<a ", "- ", "1. ", "|", "a|", "\\", "&", "&#", "[a](", "[a]: ", "~", "~~a ", "https://", "www.", "\n-", "\t", "((((", "[a][", "a@b", "|a|\n|-|\n"} {
		text := strings.Repeat(piece, 16<<10/len(piece))
		begun := time.Now()
		harmless(t, piece, markdown.HTML(text))
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("%q, repeated, takes %s", piece, took)
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, p := range hostile.Payloads(f) {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, text string) { harmless(t, text, markdown.HTML(text)) })
}
