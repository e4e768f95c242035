// Package admin serves what operators ask of a process of the kit over HTTP:
// /healthz, /readyz, Prometheus metrics and profiles.
package admin

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
)

// Config is read from ADMIN_* variables, once for a process.
type Config struct {
	Addr  string `desc:"where to serve /healthz, /readyz, /metrics and /debug/pprof, such as 127.0.0.1:9090; empty: nowhere. One that others can reach wants ADMIN_TOKEN"`
	Token string `desc:"what /metrics and /debug/pprof want as Authorization: Bearer, 12 characters or more; empty: nothing"`
}

// Run is [kit.Run] with an HTTP server at ADMIN_ADDR, if that is set, until ctx
// ends.
func Run(ctx context.Context, mods ...kit.Module) error {
	cfg, err := kit.FromEnv[Config]("admin")
	if err != nil {
		return err
	}
	if cfg.Addr == "" {
		return kit.Run(ctx, mods...)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &server{want: len(mods)}
	if err := s.listen(ctx, cfg); err != nil {
		return err
	}
	observed := make([]kit.Module, len(mods))
	for i, m := range mods {
		observed[i] = m.With(fx.Invoke(s.add))
	}
	return kit.Run(ctx, observed...)
}

// server shows the state of the services of one process.
type server struct {
	want int // services

	mu    sync.Mutex
	buses []*kit.Bus // one for each service that has been constructed
}

func (s *server) add(b *kit.Bus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buses = append(s.buses, b)
}

func (s *server) all() []*kit.Bus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.buses)
}

// listen opens the listener and serves until ctx ends.
func (s *server) listen(ctx context.Context, cfg Config) error {
	log, err := kit.NewLogger(os.Stderr)
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("ADMIN_ADDR: %w", err)
	}
	h := &http.Server{Handler: cfg.guard(s.handler()), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = h.Serve(l) }()
	context.AfterFunc(ctx, func() { _ = h.Close() })
	log.Info("admin listens", "url", "http://"+l.Addr().String())
	return nil
}

func (s *server) handler() http.Handler {
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), s)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { s.ready(w) })
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// ready is 200 when every service is linked and serving, else 503 with the
// names of those that are not.
func (s *server) ready(w http.ResponseWriter) {
	buses := s.all()
	text, code := "ok\n", http.StatusOK
	if len(buses) < s.want {
		text, code = "starting\n", http.StatusServiceUnavailable
	}
	for _, b := range buses {
		if !b.IsReady() {
			text, code = fmt.Sprintf("%s is not ready\n", b.Name()), http.StatusServiceUnavailable
		}
	}
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text))
}
