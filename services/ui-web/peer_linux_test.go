package uiweb

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// askAs is the status that a program of the user uid gets at address.
func askAs(t *testing.T, uid uint32, address string) string {
	t.Helper()
	host, port, _ := net.SplitHostPort(address)
	ask := exec.Command("bash", "-c", `exec 3<>/dev/tcp/"$0"/"$1" && printf 'GET /api/memory?q=x HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3 && cat <&3`, host, port)
	ask.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	ask.Dir = "/"
	out, err := ask.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	status, _, _ := strings.Cut(strings.TrimPrefix(string(out), "HTTP/1.0 "), " ")
	return status
}

// Every user of a machine reaches its loopback addresses.
func TestOtherUsersOfTheMachine(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can act as another user")
	}
	const nobody = 65534
	for name, tt := range map[string]struct {
		cfg    Config
		listen string
		uid    uint32
		want   string
	}{
		"the owner":                      {Config{}, "127.0.0.1:0", 0, "200"},
		"another user":                   {Config{}, "127.0.0.1:0", nobody, "403"},
		"another user, on all addresses": {Config{}, ":0", nobody, "403"},
		"another user, by IPv6":          {Config{}, "[::1]:0", nobody, "403"},
		"another user who is invited":    {Config{Loopback: true}, "127.0.0.1:0", nobody, "200"},
		"another user without the token": {Config{Token: "correct horse"}, "127.0.0.1:0", nobody, "401"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", tt.listen)
			if err != nil {
				t.Skip(err) // no IPv6 here
			}
			log := slog.New(slog.NewTextHandler(io.Discard, nil))
			s := &Server{log: log, loopback: tt.cfg.Loopback, guard: newOriginGuard(tt.cfg), login: newAuthenticator(tt.cfg, context.Background(), log), strangers: newTokenBucket(1, time.Minute)}
			page := httptest.NewUnstartedServer(s.private(func(http.ResponseWriter, *http.Request) {}))
			_ = page.Listener.Close()
			page.Listener = l
			page.Start()
			defer page.Close()
			address := l.Addr().String()
			if tt.listen == ":0" {
				_, port, _ := net.SplitHostPort(address)
				address = "127.0.0.1:" + port
			}
			if got := askAs(t, tt.uid, address); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// A program that sends and goes says no less than one that stays.
func TestSocketThatIsClosedIsNobodys(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	peer, own := netip.MustParseAddrPort(far.RemoteAddr().String()), netip.MustParseAddrPort(far.LocalAddr().String())
	if uid, ok := peerUser(peer, own); !ok || uid != os.Geteuid() {
		t.Errorf("the open socket is of %d, %t", uid, ok)
	}
	near.Close()
	if uid, ok := peerUser(peer, own); !ok || uid != closedSocket {
		t.Errorf("the closed socket is of %d, %t", uid, ok)
	}
}
