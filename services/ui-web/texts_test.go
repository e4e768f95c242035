package uiweb_test

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const maxPageBytes = 250_000 // of all files of the page, as they are, in one language

func TestSizeOfThePage(t *testing.T) {
	files := webFiles(t)
	for _, lang := range []string{"en", "de"} {
		total := 0
		for name, data := range files {
			if !strings.HasPrefix(name, "texts/") || name == "texts/"+lang+".js" {
				total += len(data)
			}
		}
		if total > maxPageBytes || total < 10_000 {
			t.Errorf("the page has %d bytes in %s, want at most %d", total, lang, maxPageBytes)
		}
	}
}

// webFiles are the files of the page by name.
func webFiles(t *testing.T) map[string]string {
	t.Helper()
	all, root := map[string]string{}, os.DirFS("web")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		all[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var (
	textLine    = regexp.MustCompile(`(?m)^  (?:"([^"]+)"|([\w]+)): "((?:[^"\\]|\\.)*)",$`)
	placeholder = regexp.MustCompile(`\{\w+\}`)
	usedText    = regexp.MustCompile(`\bt\("([^"]+)"|data-(?:t|label|placeholder)="([^"]+)"`)
)

// textsOf reads the texts of one language by key.
func textsOf(t *testing.T, file string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, m := range textLine.FindAllStringSubmatch(file, -1) {
		key := m[1] + m[2]
		if texts[key] != "" {
			t.Errorf("%q is there twice", key)
		}
		texts[key] = m[3]
	}
	if lines := strings.Count(file, "\",\n"); lines != len(texts) {
		t.Errorf("%d texts are read of %d lines", len(texts), lines)
	}
	return texts
}

func TestTexts(t *testing.T) {
	files := webFiles(t)
	english := textsOf(t, files["texts/en.js"])
	for name, file := range files {
		switch {
		case path.Dir(name) == "texts":
			texts := textsOf(t, file)
			for key, text := range english {
				if got, want := placeholder.FindAllString(texts[key], -1), placeholder.FindAllString(text, -1); texts[key] == "" || !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
					t.Errorf("%s says %q for %q, which is %q in English", name, texts[key], key, text)
				}
			}
			for key := range maps.Keys(texts) {
				if english[key] == "" {
					t.Errorf("%s has %q, which no other language has", name, key)
				}
			}
		case name != "text.js":
			for _, m := range usedText.FindAllStringSubmatch(file, -1) {
				if key := m[1] + m[2]; english[key] == "" {
					t.Errorf("%s uses %q, which is no text", name, key)
				}
			}
		}
	}
}
