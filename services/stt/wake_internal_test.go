package stt

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"testing/synctest"

	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/engines/wyoming"
	"github.com/gotars/tars/services/stt/engine"
)

// Pages come and go, each a room of its own, and most machines have no server
// for wake words.
func TestRoomsThatAreGoneAreForgottenWithoutAServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWakeListener(Config{WakeEngine: "wyoming", Config: engine.Config{Hosts: []string{"none"}}}, "", slog.New(slog.DiscardHandler))
		over := make(chan error)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { over <- w.run(ctx) }()
		for n := range maxSources {
			if err := w.hear(fmt.Sprint("web-", n), make([]byte, 640)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * (sourceTTL + maxWakeBackoff))
		w.mu.Lock()
		if len(w.rooms) > 0 {
			t.Errorf("%d rooms without a microphone are listened to", len(w.rooms))
		}
		w.mu.Unlock()
		cancel()
		<-over
	})
}

// A server that hangs takes audio for minutes before its connection is full. This
// takes the time after which it is tried again.
func TestAWakeWordServerThatHangsIsLeft_RealTime(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var hangs atomic.Bool
	asked := make(chan string, 100)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for {
					e, err := wyoming.Read(r)
					switch {
					case err != nil:
						return
					case e.Type == wyoming.Describe && hangs.Load():
						asked <- "nothing"
					case e.Type == wyoming.Describe:
						fmt.Fprintln(c, `{"type":"info","data":{"wake":[{"name":"x"}]}}`)
						fallthrough
					case e.Type == wyoming.Detect:
						asked <- e.Type
					}
				}
			}()
		}
	}()
	w := newWakeListener(Config{WakeURI: "tcp://" + l.Addr().String(), WakeEngine: "wyoming"}, "", slog.New(slog.DiscardHandler))
	w.checkEvery = 500 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = w.run(ctx) })
	defer wg.Wait()
	defer cancel()
	if err := w.hear("kitchen", make([]byte, 640)); err != nil {
		t.Fatal(err)
	}
	until := func(what string, times int) {
		t.Helper()
		for times > 0 {
			select {
			case got := <-asked:
				if got == what {
					times--
				}
			case <-time.After(30 * time.Second):
				t.Fatalf("%s is not asked of the server", what)
			}
		}
	}
	until(wyoming.Detect, 1)
	until(wyoming.Describe, 3)
	if err := w.trouble.Load(); err != nil {
		t.Errorf("of a server that is well: %v", *err)
	}
	hangs.Store(true)
	until("nothing", 2) // also when it is tried again
	if err := w.trouble.Load(); err == nil || !strings.Contains((*err).Error(), "it does not answer") {
		t.Errorf("trouble %v", err)
	}
	hangs.Store(false)
	until(wyoming.Detect, 1)
}

// A server may be well for others and have given up the one connection, as one does
// whose detection broke. This takes the time after which it is tried again.
func TestAStreamThatIsNotReadIsRenewed_RealTime(t *testing.T) {
	detects := make(chan bool, 10)
	uri := enginetest.ServeTCP(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		for dead := false; ; {
			e, err := wyoming.Read(r)
			switch {
			case err != nil:
				return
			case e.Type == wyoming.Detect:
				detects <- true
				dead = true
			case e.Type == wyoming.Describe && !dead:
				fmt.Fprintln(c, `{"type":"info","data":{"wake":[{"name":"x"}]}}`)
			}
		}
	})
	w := newWakeListener(Config{WakeURI: uri, WakeEngine: "wyoming"}, "", slog.New(slog.DiscardHandler))
	w.checkEvery = 200 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = w.run(ctx) })
	defer wg.Wait()
	defer cancel()
	if err := w.hear("kitchen", make([]byte, 640)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		select {
		case <-detects:
		case <-time.After(30 * time.Second):
			t.Fatal("nobody listens any more")
		}
	}
}

func TestTheAssistantDoesNotWakeItself(t *testing.T) {
	tests := map[string]struct {
		said, room, phrase string
		want               bool
	}{
		"it says the phrase":            {"You can say: Hey Jarvis!", "kitchen", "hey_jarvis_v0.1", true},
		"with markup":                   {"Say **hey** *Jarvis* to wake me.", "kitchen", "hey_jarvis", true},
		"okay is written in two ways":   {"Just say Okay Nabu.", "kitchen", "ok_nabu", true},
		"by the file of a model":        {"You can say: Hey Jarvis!", "kitchen", "hey_jarvis_v0.1.tflite", true},
		"in one word":                   {"You can say: Hey Tars!", "kitchen", "heytars", true},
		"in letters":                    {"My name is T.A.R.S. Say hey T.A.R.S.", "kitchen", "hey_tars", true},
		"in two sentences":              {"She shouts: hey! Jarvis does not answer.", "kitchen", "hey_jarvis", true},
		"it says something else":        {"Jarvis is a butler, hey.", "kitchen", "hey_jarvis_v0.1", false},
		"it says it in another room":    {"Hey Jarvis!", "office", "hey_jarvis_v0.1", false},
		"a server that names no phrase": {"Hey Jarvis!", "kitchen", "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := echoes{window: time.Second}
			e.start(tt.room, "u1", tt.said)
			if got := e.saysPhrase("kitchen", tt.phrase, time.Now(), time.Now()); got != tt.want {
				t.Errorf("%q while it says %q in %s: %v, want %v", tt.phrase, tt.said, tt.room, got, tt.want)
			}
		})
	}
}
