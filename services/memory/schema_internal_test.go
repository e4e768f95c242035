package memory

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
)

// oldFile makes a file as a version did that knew n migrations, with one line.
func oldFile(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "memory.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	run := func(query string) {
		if _, err := db.Exec(query); err != nil {
			t.Fatalf("format %d: %v", n, err)
		}
	}
	for _, m := range migrations[:n] {
		run(m)
	}
	run(fmt.Sprintf("PRAGMA user_version = %d", n))
	run("INSERT INTO line (role, text, at, utt_id, trace) VALUES ('user', 'the boat is red', 1700000000, '', '')")
	run("INSERT INTO message (id, line) VALUES ('m', 1)")
	run("INSERT INTO trait VALUES ('TARS', 'humor', 5)")
	switch {
	case n == 2 || n == 3:
		run("INSERT INTO vector VALUES (1, 'model', x'0000803f00000000')") // 1, 0
	case n > 3:
		run("INSERT INTO vector VALUES (1, 'model', 1, x'0000803f00000000')")
	}
	return path
}

// TestFilesOfEveryFormatOpen opens what each earlier version left behind.
func TestFilesOfEveryFormatOpen(t *testing.T) {
	for n := 1; n <= len(migrations); n++ {
		t.Run(fmt.Sprint("format ", n), func(t *testing.T) {
			s := newStore(oldFile(t, n))
			if err := s.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.Add(t.Context(), "m", Line{Role: user, Text: "a copy of the message"}); err != nil {
				t.Error(err)
			}
			if hits := s.words.Search([]string{"boat"}, 5, 1)[told]; len(hits) != 1 || s.words.Len() != 1 {
				t.Errorf("%d lines, found %v", s.words.Len(), hits)
			}
			vectors := 0
			if err := s.Vectors(t.Context(), "model", func(_ int64, parts [][]float32) {
				if len(parts) == 1 && len(parts[0]) == 2 && parts[0][0] == 1 {
					vectors++
				}
			}); err != nil || n > 1 && vectors != 1 {
				t.Errorf("%d vectors, %v", vectors, err)
			}
			if traits, err := s.Traits(t.Context(), "TARS"); err != nil || traits["humor"] != 5 {
				t.Errorf("traits %v, %v", traits, err)
			}
			if gone, err := s.ForgetLines(t.Context(), []int64{1}); err != nil || len(gone) != 1 {
				t.Errorf("forgot %v, %v", gone, err)
			}
		})
	}
}
