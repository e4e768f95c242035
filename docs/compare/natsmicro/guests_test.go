package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

func connect(t *testing.T) *nats.Conn {
	t.Helper()
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	go srv.Start()
	t.Cleanup(srv.Shutdown)
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("no server")
	}
	nc, err := nats.Connect(srv.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if _, err := Start(nc); err != nil {
		t.Fatal(err)
	}
	return nc
}

func TestGuests(t *testing.T) {
	nc := connect(t)
	for range 2 {
		if err := nc.Publish("door.guest", []byte(`{"name":"Ann"}`)); err != nil {
			t.Fatal(err)
		}
	}
	if err := nc.Publish("door.guest", []byte(`{"nmae":"Ann"}`)); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); ; { // two subscriptions have no common order
		m, err := nc.Request("door.how-often", []byte(`{"name":"Ann"}`), time.Second)
		if err != nil {
			t.Fatal(err)
		}
		var v Visits
		if err := json.Unmarshal(m.Data, &v); err != nil {
			t.Fatal(err)
		}
		if v.Times == 2 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("came %d times", v.Times)
		}
	}
}

// TestPanic runs a handler that panics in a process of its own.
func TestPanic(t *testing.T) {
	if os.Getenv("PANIC") != "" {
		nc := connect(t)
		_ = nc.Publish("door.guest", []byte(`{"name":"nobody"}`))
		_ = nc.Flush()
		time.Sleep(5 * time.Second)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestPanic$")
	cmd.Env = append(os.Environ(), "PANIC=1")
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("the process lived on:\n%s", out)
	}
	t.Log("panic: the process ends")
}
