package fault

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/testcontainers/testcontainers-go"

	"github.com/gotars/tars/kit"
)

// authority signs certificates and keeps them in a folder.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.key = newKey(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	a.cert = a.sign(t, template, template, a.key, "ca.pem")
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue writes <name>.pem and <name>.key for this machine.
func (a *authority) issue(t *testing.T, name string, usage x509.ExtKeyUsage) {
	t.Helper()
	key := newKey(t)
	a.sign(t, &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{usage}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)},
		a.cert, key, name+".pem")
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	a.write(t, name+".key", "PRIVATE KEY", der)
}

func (a *authority) sign(t *testing.T, template, parent *x509.Certificate, key *ecdsa.PrivateKey, name string) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	a.write(t, name, "CERTIFICATE", der)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func (a *authority) write(t *testing.T, name, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(a.path(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

// doors are the listeners of a broker that has one of each kind.
type doors struct {
	*authority
	plain, tls, mutual, ws, wss string // URLs
}

func listeners(t *testing.T) *doors {
	t.Helper()
	a := newAuthority(t, "fault authority")
	a.issue(t, "server", x509.ExtKeyUsageServerAuth)
	a.issue(t, "client", x509.ExtKeyUsageClientAuth)
	secure := "cafile /mosquitto/config/ca.pem\ncertfile /mosquitto/config/server.pem\nkeyfile /mosquitto/config/server.key\n"
	text := conf(t, "mosquitto.conf",
		"listener 8883\n"+secure,
		"listener 8884\n"+secure+"require_certificate true\n",
		"listener 8080\nprotocol websockets\n",
		"listener 8443\nprotocol websockets\n"+secure)
	var files []testcontainers.ContainerFile
	for _, name := range []string{"ca.pem", "server.pem", "server.key"} {
		data, err := os.ReadFile(a.path(name))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file(name, data))
	}
	more := []testcontainers.ContainerCustomizer{testcontainers.WithFiles(files...)}
	url := map[string]string{}
	for inside, scheme := range map[string]string{"8883": "mqtts", "8884": "mqtts", "8080": "ws", "8443": "wss"} {
		port := freePort(t)
		more = append(more, publish(inside+"/tcp", port))
		url[inside] = scheme + "://tars:" + password + "@127.0.0.1:" + port
	}
	m := broker(t, text, more...)
	return &doors{a, m.url, url["8883"], url["8884"], url["8080"], url["8443"]}
}

// TestDoors publishes, handles and asks through every kind of listener.
func TestDoors(t *testing.T) {
	t.Parallel()
	d := listeners(t)
	ca := "MQTT_TLS_CA=" + d.path("ca.pem")
	ways := map[string]struct {
		url string
		env []string
		set func(*kit.Settings)
	}{
		"mqtt":  {d.plain, nil, func(*kit.Settings) {}},
		"mqtts": {d.tls, []string{ca}, func(s *kit.Settings) { s.TLSCA = d.path("ca.pem") }},
		"mqtts, mutual TLS": {d.mutual, []string{ca, "MQTT_TLS_CERT=" + d.path("client.pem"), "MQTT_TLS_KEY=" + d.path("client.key")}, func(s *kit.Settings) {
			s.TLSCA, s.TLSCert, s.TLSKey = d.path("ca.pem"), d.path("client.pem"), d.path("client.key")
		}},
		"ws":  {d.ws, nil, func(*kit.Settings) {}},
		"wss": {d.wss, []string{ca}, func(s *kit.Settings) { s.TLSCA = d.path("ca.pem") }},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			w := start(t, "take", append(way.env, "MQTT_URL="+way.url)...)
			w.ready(t, 1)
			b := bus(t, func(s *kit.Settings) { s.URL = way.url; way.set(s) })
			for n := range 50 {
				send(t, b, n)
			}
			eventually(t, "all are handled", func() bool { return w.tell(t, Tally).Handled == 50 })
			size := 1 << 20
			if strings.Contains(name, "ws") { // Mosquitto 2.0.11 passes 40 kB a second there
				size = 1 << 13
			}
			text := strings.Repeat("x", size)
			if e, err := kit.Ask(t.Context(), b, Question{Text: text}); err != nil || e.Text != text {
				t.Errorf("asked: %d bytes, %v", len(e.Text), err)
			}
			if code := w.stop(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// TestClosedDoors holds what a person reads when a link cannot come up: one line
// at once and then every 10 s, or the only line of a process that must not wait.
func TestClosedDoors(t *testing.T) {
	t.Parallel()
	d := listeners(t)
	stranger := newAuthority(t, "another authority")
	plain := func(url, scheme string) string { return scheme + url[strings.Index(url, "://"):] }
	tests := map[string]struct {
		env   []string
		cause string
	}{
		"an authority that nobody knows":  {[]string{"MQTT_URL=" + d.tls}, "certificate signed by unknown authority"},
		"another authority":               {[]string{"MQTT_URL=" + d.tls, "MQTT_TLS_CA=" + stranger.path("ca.pem")}, "certificate signed by unknown authority"},
		"another authority, wss":          {[]string{"MQTT_URL=" + d.wss, "MQTT_TLS_CA=" + stranger.path("ca.pem")}, "certificate signed by unknown authority"},
		"no client certificate":           {[]string{"MQTT_URL=" + d.mutual, "MQTT_TLS_CA=" + d.path("ca.pem")}, "certificate required"},
		"plain text to a port of TLS":     {[]string{"MQTT_URL=" + plain(d.tls, "mqtt")}, "closes the link before the login"},
		"TLS to a port of plain text":     {[]string{"MQTT_URL=" + plain(d.plain, "mqtts"), "MQTT_TLS_CA=" + d.path("ca.pem")}, "closes the link before the login"},
		"WebSocket to a port of plain":    {[]string{"MQTT_URL=" + plain(d.plain, "ws")}, "closes the link before the login"},
		"nobody listens":                  {[]string{"MQTT_URL=mqtt://tars:" + password + "@127.0.0.1:" + freePort(t)}, "connection refused"},
		"no such host":                    {[]string{"MQTT_URL=mqtt://tars:" + password + "@nowhere.invalid"}, "no such host"},
		"a name that is not on the paper": {[]string{"MQTT_URL=" + strings.Replace(d.tls, "127.0.0.1", "localhost", 1), "MQTT_TLS_CA=" + d.path("ca.pem")}, "localhost"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			waits := start(t, "take", tt.env...)
			ends := start(t, "take", append(tt.env, "MQTT_RECONNECT=no")...)
			if code := ends.exit(t); code != 1 {
				t.Errorf("exit code %d, want 1", code)
			}
			oneLine(t, ends.log.String(), tt.cause)
			eventually(t, "the service says something", func() bool { return len(troubles(waits.log.String())) > 0 })
			time.Sleep(time.Second)
			oneLine(t, waits.log.String(), tt.cause)
			waits.tell(t, Tally) // it lives
		})
	}
}
