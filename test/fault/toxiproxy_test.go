package fault

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/testcontainers/testcontainers-go"
	dockernet "github.com/testcontainers/testcontainers-go/network"
	"github.com/testcontainers/testcontainers-go/wait"
)

// toxiproxy stands between the services and a broker.
type toxiproxy struct {
	api string
	url string // of the broker, through the proxy
}

// toxic is a fault of a link, as the proxy's API names it.
type toxic struct {
	Name       string         `json:"name"`
	Type       string         `json:"type"`
	Stream     string         `json:"stream"` // upstream is towards the broker
	Toxicity   float64        `json:"toxicity"`
	Attributes map[string]int `json:"attributes"`
}

// proxied starts a broker and a proxy before it.
func proxied(t *testing.T, conf string) (*mosquitto, *toxiproxy) {
	t.Helper()
	nw, err := dockernet.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	testcontainers.CleanupNetwork(t, nw)
	m := broker(t, conf, dockernet.WithNetwork([]string{"broker"}, nw))
	port := freePort(t)
	c, err := testcontainers.Run(t.Context(), "ghcr.io/shopify/toxiproxy:2.5.0", testcontainers.WithExposedPorts("8474/tcp"),
		publish("1883/tcp", port), dockernet.WithNetwork([]string{"proxy"}, nw),
		testcontainers.WithWaitStrategyAndDeadline(time.Minute, wait.ForHTTP("/version").WithPort("8474/tcp")))
	testcontainers.CleanupContainer(t, c)
	if err != nil {
		t.Fatal(err)
	}
	api, err := c.PortEndpoint(t.Context(), "8474/tcp", "http")
	if err != nil {
		t.Fatal(err)
	}
	p := &toxiproxy{api: api, url: "mqtt://tars:" + password + "@127.0.0.1:" + port}
	p.call(t, http.MethodPost, "/proxies", map[string]any{"name": "mqtt", "listen": "0.0.0.0:1883", "upstream": "broker:1883", "enabled": true})
	return m, p
}

func (p *toxiproxy) call(t *testing.T, method, path string, body any) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, p.api+path, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if said, _ := io.ReadAll(r.Body); r.StatusCode >= 300 {
		t.Fatalf("toxiproxy: %s %s: %s %s", method, path, r.Status, said)
	}
}

// enable lets links through, or cuts all and refuses new ones.
func (p *toxiproxy) enable(t *testing.T, on bool) {
	t.Helper()
	p.call(t, http.MethodPost, "/proxies/mqtt", map[string]any{"enabled": on})
}

// with adds toxics for the time of f.
func (p *toxiproxy) with(t *testing.T, f func(), toxics ...toxic) {
	t.Helper()
	for _, x := range toxics {
		x.Name = x.Type + "-" + x.Stream
		p.call(t, http.MethodPost, "/proxies/mqtt/toxics", x)
	}
	f()
	for _, x := range toxics {
		p.call(t, http.MethodDelete, "/proxies/mqtt/toxics/"+x.Type+"-"+x.Stream, nil)
	}
}

// both is a toxic in both directions.
func both(kind string, toxicity float64, attributes map[string]int) []toxic {
	return []toxic{{Type: kind, Stream: "upstream", Toxicity: toxicity, Attributes: attributes}, {Type: kind, Stream: "downstream", Toxicity: toxicity, Attributes: attributes}}
}
