package test

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// topics returns what the Route methods of contract say, and the constants they use.
func topics(files []source) (out []string) {
	constants := map[string]ast.Expr{}
	var found []ast.Expr
	for _, s := range files {
		if s.dir != "contract" || s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, value := range n.Values {
					constants[n.Names[i].Name] = value
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Topic" {
					found = append(found, n.Value)
				}
			}
			return true
		})
	}
	for _, e := range found {
		if topic := text(e, constants); topic != "" {
			out = append(out, topic)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// text evaluates a string made of literals and constants; "" is anything else.
func text(e ast.Expr, constants map[string]ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, _ := strconv.Unquote(e.Value)
		return s
	case *ast.Ident:
		return text(constants[e.Name], constants)
	case *ast.BinaryExpr:
		return text(e.X, constants) + text(e.Y, constants)
	}
	return ""
}

// looksLike reports whether a literal is a topic, a filter of it, what a format
// or a key makes into it, or all of it before the key.
func looksLike(literal, topic string) bool {
	if before, _, keyed := strings.Cut(topic, "+"); keyed && literal == before {
		return true
	}
	if before, ok := strings.CutSuffix(literal, "/#"); ok {
		return under(topic, before)
	}
	have, want := strings.Split(literal, "/"), strings.Split(topic, "/")
	return len(want) > 1 && slices.EqualFunc(have, want, func(h, w string) bool {
		return h == w || h == "+" || w == "+" && h != "" || strings.HasPrefix(h, "%")
	})
}

func TestTopicsStandInTheContract(t *testing.T) {
	files := sources(t)
	known := topics(files)
	for _, s := range files {
		if s.test || !under(s.dir, "services", "cmd") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.BasicLit:
				literal, _ := strconv.Unquote(n.Value)
				for _, topic := range known {
					if n.Kind == token.STRING && looksLike(literal, topic) {
						t.Errorf("%s: %q is the topic %s: take the type of contract that has this Route", s.at(n.Pos()), literal, topic)
						break
					}
				}
			}
			return true
		})
	}
}

func TestLooksLike(t *testing.T) {
	tests := map[string]struct {
		literal, topic string
		want           bool
	}{
		"the topic":            {"stt/final", "stt/final", true},
		"another":              {"stt/partial", "stt/final", false},
		"a key in it":          {"system/health/tts", "system/health/+", true},
		"what precedes a key":  {"system/health/", "system/health/+", true},
		"a format":             {"audio/mic/%s", "audio/mic/+", true},
		"a filter of a level":  {"stt/+", "stt/final", true},
		"a filter of a tree":   {"stt/#", "stt/final", true},
		"everything":           {"#", "stt/final", false},
		"a media type":         {"audio/wav", "audio/mic/+", false},
		"a word":               {"stt", "stt/final", false},
		"a sentence around it": {"waits for stt/final", "stt/final", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := looksLike(tt.literal, tt.topic); got != tt.want {
				t.Errorf("%t, want %t", got, tt.want)
			}
		})
	}
}
