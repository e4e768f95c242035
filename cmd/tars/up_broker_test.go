package main

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/cmd/tars/internal/ownbroker"
	"github.com/gotars/tars/cmd/tars/internal/private"
	"github.com/gotars/tars/kit"
)

// unnamed is a home of its own, and takes away what names a broker.
func unnamed(t *testing.T) kit.Home {
	t.Helper()
	for _, key := range []string{"MQTT_URL", "MQTT_HOST", "MQTT_PORT", "MQTT_USERNAME", "MQTT_PASSWORD", "MQTT_PASSWORD_FILE", "BROKER_ANONYMOUS"} {
		t.Setenv(key, "")
	}
	return kit.Home(t.TempDir())
}

func modeOf(t *testing.T, file string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

// login connects to the broker at url once, with the user name and password in it.
func login(t *testing.T, url string) error {
	t.Helper()
	s, err := kit.Load("tars-cli")
	if err != nil {
		t.Fatal(err)
	}
	b, err := kit.Open(t.Context(), "tars-cli", address.PointAt(s, url))
	if err == nil {
		err = b.Close(context.Background())
	}
	return err
}

func TestPasswordIsMadeOnceAndGivenToCommandsOnly(t *testing.T) {
	home := unnamed(t)
	_, stop, err := haveBroker(t.Context(), home, nil)
	if err != nil {
		t.Fatal(err)
	}
	first := address.Find(home).URL
	for _, file := range []string{ownbroker.PasswordFile(home), address.File(home)} {
		if m := modeOf(t, file); m != 0o600 {
			t.Errorf("%s has mode %v", file, m)
		}
	}
	for _, folder := range []string{string(home), filepath.Dir(address.File(home))} {
		if m := modeOf(t, folder); m.Perm() != 0o700 {
			t.Errorf("%s has mode %v", folder, m)
		}
	}
	password, err := private.ReadFile(ownbroker.PasswordFile(home))
	password = strings.TrimSpace(password)
	if err != nil || len(password) < 26 || !strings.Contains(first, "://tars:"+password+"@127.0.0.1:") {
		t.Errorf("the password has %d characters, %v", len(password), err)
	}
	if slices.ContainsFunc(os.Environ(), func(kv string) bool { return strings.Contains(kv, password) }) {
		t.Error("child processes inherit the password")
	}
	if err := login(t, first); err != nil {
		t.Errorf("the address of the file does not let in: %v", err)
	}
	without := strings.Replace(first, "tars:"+password+"@", "", 1)
	for _, url := range []string{without, strings.Replace(first, password, "wrong", 1)} {
		if err := login(t, url); err == nil || !strings.Contains(err.Error(), "bad user name or password") || strings.Contains(err.Error(), password) {
			t.Errorf("without the password: %v", err)
		}
	}
	stop()
	_, stop, err = haveBroker(t.Context(), home, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if again := address.Find(home).URL; !strings.Contains(again, ":"+password+"@") {
		t.Error("a restart made another password")
	}
}

// A login in the environment is for another broker than the one of tars up.
func TestLoginOfTheEnvironmentIsForAnotherBroker(t *testing.T) {
	home := unnamed(t)
	t.Setenv("MQTT_USERNAME", "somebody")
	t.Setenv("MQTT_PASSWORD", "else")
	_, stop, err := haveBroker(t.Context(), home, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	s, err := address.Settings(home, "tars-cli")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := s.URLWithLogin(); err != nil || login(t, text) != nil {
		t.Errorf("a command does not get in: %v", err)
	}
}

func TestAnonymousLetsEverybodyIn(t *testing.T) {
	home := unnamed(t)
	t.Setenv("BROKER_ANONYMOUS", "yes")
	var err error
	said := printed(t, &os.Stderr, func() {
		var stop func()
		if _, stop, err = haveBroker(t.Context(), home, nil); err == nil {
			defer stop()
			err = login(t, address.Find(home).URL)
		}
	})
	if err != nil || !strings.Contains(said, "BROKER_ANONYMOUS is set: every user of this machine can hear the microphone") {
		t.Errorf("%v; it said %q", err, said)
	}
	if _, err := os.Stat(ownbroker.PasswordFile(home)); err == nil {
		t.Error("a password was made for nobody")
	}
}

// What is there already when tars up starts, made by nobody or by a stranger.
func TestFilesOfOthersAreNotUsed(t *testing.T) {
	tests := map[string]struct {
		prepare func(t *testing.T, home kit.Home)
		want    string // in the error; empty is none
		root    bool
	}{
		"an address that others can read": {func(t *testing.T, home kit.Home) {
			write(t, address.File(home), "mqtt://127.0.0.1:1", 0o666)
		}, "", false},
		"a link in the place of the address": {func(t *testing.T, home kit.Home) {
			target := filepath.Join(t.TempDir(), "target")
			write(t, target, "untouched", 0o644)
			if err := os.MkdirAll(filepath.Dir(address.File(home)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(target, address.File(home)); err != nil {
				t.Skip(err)
			}
			t.Cleanup(func() {
				if b, _ := os.ReadFile(target); string(b) != "untouched" {
					t.Errorf("the target has %q", b)
				}
			})
		}, "", false},
		"a password that others can read": {func(t *testing.T, home kit.Home) {
			write(t, ownbroker.PasswordFile(home), "kept by its user", 0o644)
		}, "", false},
		"a link in the place of the password": {func(t *testing.T, home kit.Home) {
			if err := os.Symlink("/etc/hostname", ownbroker.PasswordFile(home)); err != nil {
				t.Skip(err)
			}
		}, "mqtt-password", false},
		"an empty password": {func(t *testing.T, home kit.Home) {
			write(t, ownbroker.PasswordFile(home), "", 0o600)
		}, "is empty: remove it", false},
		"a home of another user": {func(t *testing.T, home kit.Home) {
			if err := os.Chown(string(home), 65534, 65534); err != nil {
				t.Fatal(err)
			}
		}, "belongs to another user: set TARS_HOME", true},
		"a password of another user": {func(t *testing.T, home kit.Home) {
			write(t, ownbroker.PasswordFile(home), "known to them", 0o644)
			if err := os.Chown(ownbroker.PasswordFile(home), 65534, 65534); err != nil {
				t.Fatal(err)
			}
		}, "belongs to another user", true},
		"a home for all users": {func(t *testing.T, home kit.Home) {
			if err := os.Chmod(string(home), 0o777|os.ModeSticky); err != nil {
				t.Fatal(err)
			}
		}, "is for all users", false},
		"a home that others can enter": {func(t *testing.T, home kit.Home) {
			if err := os.Chmod(string(home), 0o777); err != nil {
				t.Fatal(err)
			}
		}, "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.root && os.Geteuid() != 0 {
				t.Skip("only root can give a file away")
			}
			home := unnamed(t)
			tt.prepare(t, home)
			_, stop, err := haveBroker(t.Context(), home, nil)
			if err == nil {
				defer stop()
			}
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{ownbroker.PasswordFile(home), address.File(home)} {
				if m := modeOf(t, file); m != 0o600 {
					t.Errorf("%s has mode %v", file, m)
				}
			}
			if m := modeOf(t, string(home)); m.Perm() != 0o700 {
				t.Errorf("the home has mode %v", m)
			}
		})
	}
}

// A command of root is not led to the broker of whoever owns the folder.
func TestAddressOfAnotherUserIsNotUsed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	home := unnamed(t)
	write(t, address.File(home), "mqtt://127.0.0.1:1", 0o600)
	if err := os.Chown(address.File(home), 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if a := address.Find(home); a.URL == "mqtt://127.0.0.1:1" || !strings.Contains(a.From, "belongs to another user") {
		t.Errorf("it is %+v", a)
	}
}

func write(t *testing.T, file, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, mode); err != nil {
		t.Fatal(err)
	}
}

// The client ids of the services are known before they connect, also when
// variables change them.
func TestClientIDsOfServicesAreReserved(t *testing.T) {
	unnamed(t)
	t.Setenv("LLM_MQTT_CLIENT_ID", "my-llm")
	ids, err := ownbroker.ClientIDs(services)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"tars-stt", "tars-router", "my-llm", "tars-memory", "tars-tts", "ui-web"}
	if len(ids) != len(services) || !slices.Equal(ids[:len(want)], want) { // services that were added stand behind these
		t.Errorf("%v of %d services, want %v first", ids, len(services), want)
	}
}

func TestUsualPortThatIsTaken(t *testing.T) {
	if l, err := net.Listen("tcp", "127.0.0.1:1883"); err == nil {
		defer l.Close()
	}
	home := unnamed(t)
	_, stop, err := haveBroker(t.Context(), home, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if err := login(t, address.Find(home).URL); err != nil {
		t.Error(err)
	}
}
