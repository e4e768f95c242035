package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/gotars/tars/cmd/tars/internal/address"
)

func TestURLIsPrintedForOtherClients(t *testing.T) {
	home := unnamed(t)
	if err := (urlCmd{}).Run(home); err == nil || !strings.Contains(err.Error(), "no tars up is running") {
		t.Errorf("without a broker: %v", err)
	}
	_, stop, err := haveBroker(t.Context(), home, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	out := printed(t, &os.Stdout, func() { err = urlCmd{}.Run(home) })
	if err != nil || strings.TrimSpace(out) != address.Find(home).URL || login(t, strings.TrimSpace(out)) != nil {
		t.Errorf("printed %q, %v", out, err)
	}
}

// printed is what f prints to a standard file.
func printed(t *testing.T, std **os.File, f func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	was := *std
	*std = w
	f()
	*std = was
	_ = w.Close()
	var out bytes.Buffer
	if _, err := out.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
