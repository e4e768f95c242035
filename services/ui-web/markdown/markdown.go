// Package markdown makes HTML of what a model writes: lists, tables, code and links. What is
// HTML in it is text and stays text, so that it is read and never run.
package markdown

import (
	"bytes"
	"html"
	"net/url"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	gmtext "github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

const (
	// maxText is the longest text that is rendered, in bytes: four times the longest answer of
	// the default settings. A longer one is shown as it is.
	maxText = 16 << 10
	// maxNesting is how many brackets, quotes or stars may stand in a row: nobody writes more,
	// and each is a level of nesting, which costs time by its square.
	maxNesting = 64
	// maxBrackets is how many may open in all, as each is looked at for each that may end it.
	maxBrackets = 400
)

// pattern parses all of CommonMark but HTML, and tables and deletions as GitHub has them.
var pattern = goldmark.New(
	goldmark.WithParser(parser.NewParser(
		parser.WithBlockParsers(without(parser.DefaultBlockParsers(), parser.NewHTMLBlockParser())...),
		parser.WithInlineParsers(without(parser.DefaultInlineParsers(), parser.NewRawHTMLParser())...),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
	)),
	goldmark.WithExtensions(extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)), extension.Strikethrough, extension.Linkify),
	goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(plainer{}, 100))),
)

// policy lets through what [pattern] makes and nothing else, whatever that makes.
var policy = allowed()

func allowed() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "strong", "em", "del", "code", "pre", "blockquote", "ul", "li", "hr", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowElements("ol", "th", "td")
	p.AllowAttrs("align").Matching(bluemonday.CellAlign).OnElements("th", "td")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("mailto")
	for _, scheme := range []string{"http", "https"} {
		p.AllowURLSchemeWithCustomPolicy(scheme, func(u *url.URL) bool { return u.Host != "" }) // without one it is an address on this page
	}
	p.RequireParseableURLs(true)
	p.AllowRelativeURLs(false)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	return p
}

// without are the parsers of all but one.
func without(all []util.PrioritizedValue, one any) (rest []util.PrioritizedValue) {
	for _, p := range all {
		if p.Value != one {
			rest = append(rest, p)
		}
	}
	return rest
}

// HTML returns text as HTML that may stand in a page. It is empty when there is nothing to
// mark up, and when the text is too much to: then the text itself is to be shown.
func HTML(text string) string {
	if len(text) > maxText || !strings.ContainsAny(text, "*_`#[]|>-+~=\\\n:.") || isNested(text) || strings.Count(text, "[") > maxBrackets {
		return ""
	}
	source := []byte(text)
	doc := pattern.Parser().Parse(gmtext.NewReader(source))
	var out bytes.Buffer
	if isDeep(doc) || pattern.Renderer().Render(&out, source, doc) != nil {
		return ""
	}
	safe := strings.TrimSpace(policy.Sanitize(out.String()))
	if inner, ok := strings.CutPrefix(safe, "<p>"); ok && html.UnescapeString(strings.TrimSuffix(inner, "</p>")) == strings.TrimSpace(text) {
		return "" // plain text
	}
	return safe
}

// isNested reports whether marks stand in a row that would nest deeply.
func isNested(text string) bool {
	run := 0
	for _, r := range text {
		switch {
		case strings.ContainsRune("[]()*_>~`<!\"", r):
			if run++; run > maxNesting {
				return true
			}
		case r != ' ':
			run = 0
		}
	}
	return false
}

// maxDepth is how deep lists and quotes may stand in each other. Browsers give up at 512.
const maxDepth = 40

// isDeep reports whether a document nests deeper than anybody reads.
func isDeep(doc ast.Node) bool {
	depth, deepest := 0, 0
	_ = ast.Walk(doc, func(_ ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			depth--
			return ast.WalkContinue, nil
		}
		depth++
		deepest = max(deepest, depth)
		return ast.WalkContinue, nil
	})
	return deepest > maxDepth
}

// plainer renders what a page should not have as it is: headings as small ones, as the page
// has larger ones of its own, and pictures as links, as nothing is fetched from elsewhere.
type plainer struct{}

// RegisterFuncs implements renderer.NodeRenderer.
func (plainer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindHeading, heading)
	r.Register(ast.KindImage, picture)
	r.Register(ast.KindText, textNode)
}

func heading(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	open := "</h"
	if entering {
		open = "<h"
	}
	_, _ = w.WriteString(open)
	_ = w.WriteByte('0' + byte(min(6, n.(*ast.Heading).Level+2)))
	_, _ = w.WriteString(">")
	return ast.WalkContinue, nil
}

func picture(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		_, _ = w.WriteString("</a>")
		return ast.WalkContinue, nil
	}
	where := string(n.(*ast.Image).Destination)
	_, _ = w.WriteString(`<a href="` + html.EscapeString(where) + `">`)
	if n.ChildCount() == 0 { // it has no words
		if u, err := url.Parse(where); err == nil {
			_, _ = w.WriteString(html.EscapeString(u.Host + u.Path))
		}
	}
	return ast.WalkContinue, nil
}

// textNode keeps the lines that a model writes.
func textNode(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	t := n.(*ast.Text)
	_, _ = w.WriteString(html.EscapeString(html.UnescapeString(string(util.UnescapePunctuations(t.Segment.Value(source))))))
	if t.SoftLineBreak() || t.HardLineBreak() {
		_, _ = w.WriteString("<br>\n")
	}
	return ast.WalkContinue, nil
}
