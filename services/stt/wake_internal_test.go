package stt

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// Pages come and go, each a room of its own, and most machines have no server
// for wake words.
func TestRoomsThatAreGoneAreForgottenWithoutAServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatch(Config{WakeEngine: "wyoming", Hosts: []string{"none"}}, "", slog.New(slog.DiscardHandler))
		over := make(chan error)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { over <- w.run(ctx) }()
		for n := range earsMost {
			if err := w.hear(fmt.Sprint("web-", n), make([]byte, 640)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * (goneFor + wakeLast))
		w.mu.Lock()
		if len(w.rooms) > 0 {
			t.Errorf("%d rooms without a microphone are listened to", len(w.rooms))
		}
		w.mu.Unlock()
		cancel()
		<-over
	})
}
