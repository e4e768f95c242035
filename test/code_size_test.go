package test

import (
	"go/ast"
	"go/scanner"
	"go/token"
	"strings"
	"testing"
)

func TestSize(t *testing.T) {
	const fileLines, funcLines = 400, 50
	for _, s := range sources(t) {
		if s.test || ast.IsGenerated(s.file) {
			continue
		}
		if n := s.set.File(s.file.Pos()).LineCount(); n > fileLines {
			t.Errorf("%s has %d lines, more than %d: it holds two ideas", s.path, n, fileLines)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1; n > funcLines {
				t.Errorf("%s: %s has %d lines, more than %d: it holds two ideas", s.at(f.Pos()), f.Name.Name, n, funcLines)
			}
		}
	}
}

// A whole service with two handlers is small, or the kit left something to it.
func TestTemplateIsSmall(t *testing.T) {
	const want = 40
	for _, s := range sources(t) {
		if s.path == "services/template/template.go" {
			if got := code(s); got > want {
				t.Errorf("%s has %d lines of code, want at most %d", s.path, got, want)
			}
		}
	}
}

// code counts lines, without package clause, imports, comments and blank ones.
func code(s source) int {
	first := token.Pos(s.file.Name.End())
	for _, d := range s.file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			first = g.End()
		}
	}
	set := token.NewFileSet()
	f := set.AddFile(s.path, set.Base(), len(s.text))
	var scan scanner.Scanner
	scan.Init(f, s.text, nil, 0)
	lines := map[int]bool{}
	after := s.set.Position(first).Offset
	for {
		pos, tok, lit := scan.Scan()
		if tok == token.EOF {
			return len(lines)
		}
		if at := set.Position(pos); at.Offset >= after && !(tok == token.SEMICOLON && lit == "\n") {
			for i := range strings.Count(lit, "\n") + 1 {
				lines[at.Line+i] = true
			}
		}
	}
}
