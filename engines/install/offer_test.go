package install

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"
)

func TestTheOfferIsMadeOnce(t *testing.T) {
	tests := map[string]struct {
		answer, typed string
		person        bool
		installs      bool
		asksAgain     bool
		err           string
	}{
		"a person says yes":            {typed: "y\n", person: true, installs: true},
		"a person presses enter":       {typed: "\n", person: true, installs: true},
		"a person says no":             {typed: "no\n", person: true},
		"a person says something else": {typed: "maybe\n", person: true, asksAgain: true},
		"a person leaves":              {person: true, asksAgain: true},
		"nobody is there":              {typed: "y\n", asksAgain: true},
		"a script says yes":            {answer: "yes", installs: true},
		"a script says none":           {answer: "none", typed: "y\n", person: true, asksAgain: true},
		"a script says nonsense":       {answer: "perhaps", asksAgain: true, err: "want yes, none"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			x, text := usual(t)
			x.use(t)
			home := t.TempDir()
			i, out := installer(t, home, text, x.lock())
			err := i.Offer(t.Context(), tt.answer, strings.NewReader(tt.typed), tt.person)
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Fatal(err)
			}
			if _, err := Read(home); (err == nil) != tt.installs {
				t.Errorf("installed: %v", err == nil)
			}
			out.Reset()
			if err := i.Offer(t.Context(), "", strings.NewReader(""), true); err != nil {
				t.Fatal(err)
			}
			if asked := strings.Contains(out.String(), "[Y/n]"); asked != tt.asksAgain {
				t.Errorf("asks again: %v", asked)
			}
		})
	}
}

// Ctrl-C at the question is an answer as well.
func TestTheOfferEndsWhenItIsInterrupted(t *testing.T) {
	i, _ := installer(t, t.TempDir(), bare, "")
	in, typed := io.Pipe()
	defer typed.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ended := make(chan error, 1)
	go func() { ended <- i.Offer(ctx, "", in, true) }()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "interrupted") {
			t.Errorf("said %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it still waits")
	}
}
