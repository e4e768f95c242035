package kit

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Admin is read from ADMIN_* variables, once for a process.
type Admin struct {
	Addr  string `desc:"where to serve /healthz, /readyz, /metrics and /debug/pprof, such as 127.0.0.1:9090; empty: nowhere. One that others can reach wants ADMIN_TOKEN"`
	Token string `desc:"what /metrics and /debug/pprof want as Authorization: Bearer, 12 characters or more; empty: nothing"`
}

// admin shows the state of the buses of one process.
type admin struct {
	mu    sync.Mutex
	buses []*Bus
}

func (a *admin) add(b *Bus) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.buses = append(a.buses, b)
}

func (a *admin) all() []*Bus {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.buses
}

// serve opens the listener and serves until ctx ends. want is how many services
// there are to be.
func (a *admin) serve(ctx context.Context, log *slog.Logger, want int) error {
	var cfg Admin
	if err := read("ADMIN", &cfg, log); err != nil || cfg.Addr == "" {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("ADMIN_ADDR: %w", err)
	}
	s := &http.Server{Handler: cfg.guard(a.handler(want)), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.Serve(l) }()
	context.AfterFunc(ctx, func() { _ = s.Close() })
	log.Info("admin listens", "url", "http://"+l.Addr().String())
	return nil
}

func (a *admin) handler(want int) http.Handler {
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), a)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { a.ready(w, want) })
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// ready is 200 when every service is linked and serving, else 503 with the
// names of those that are not.
func (a *admin) ready(w http.ResponseWriter, want int) {
	buses := a.all()
	text, code := "ok\n", http.StatusOK
	if len(buses) < want {
		text, code = "starting\n", http.StatusServiceUnavailable
	}
	for _, b := range buses {
		if !b.linked.Load() || b.shut.Load() {
			text, code = fmt.Sprintf("%s is not ready\n", b.name), http.StatusServiceUnavailable
		}
	}
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text))
}

var (
	byHandler = []string{"service", "handler"}
	byService = []string{"service"}

	handledDesc    = prometheus.NewDesc("kit_handled_total", "Messages a handler has taken.", byHandler, nil)
	failedDesc     = prometheus.NewDesc("kit_failed_total", "Messages a handler has failed on.", byHandler, nil)
	droppedDesc    = prometheus.NewDesc("kit_dropped_total", "Messages that no handler saw, by reason.", []string{"service", "handler", "reason"}, nil)
	deadDesc       = prometheus.NewDesc("kit_dead_total", "Messages sent to the dead letters.", byHandler, nil)
	retriedDesc    = prometheus.NewDesc("kit_retried_total", "Tries after the first.", byHandler, nil)
	duplicatesDesc = prometheus.NewDesc("kit_duplicates_total", "Messages that came twice and were handled once.", byHandler, nil)
	queueDesc      = prometheus.NewDesc("kit_queue_length", "Messages that wait for a handler.", byHandler, nil)
	waitedDesc     = prometheus.NewDesc("kit_wait_seconds", "Time in the queue.", byHandler, nil)
	tookDesc       = prometheus.NewDesc("kit_handle_seconds", "Time in the handler, retries included.", byHandler, nil)
	upDesc         = prometheus.NewDesc("kit_link_up", "1 while linked to the broker and subscribed.", byService, nil)
	reconnectsDesc = prometheus.NewDesc("kit_link_reconnects_total", "Links after the first.", byService, nil)
	inFlightDesc   = prometheus.NewDesc("kit_publish_in_flight", "Publications that wait for the broker's acknowledgement.", byService, nil)
	lostDesc       = prometheus.NewDesc("kit_publish_lost_total", "AtMostOnce publications without a link.", byService, nil)
	givenUpDesc    = prometheus.NewDesc("kit_publish_given_up_total", "AtLeastOnce publications for which the broker closed the link again and again.", byService, nil)
	publishDesc    = prometheus.NewDesc("kit_publish_seconds", "Time until the broker has acknowledged.", byService, nil)
	publishedDesc  = prometheus.NewDesc("kit_published_total", "Messages sent, by event type.", []string{"service", "type"}, nil)
)

// Describe makes admin an unchecked collector: handlers come and go.
func (a *admin) Describe(chan<- *prometheus.Desc) {}

// Collect is asked for each scrape.
func (a *admin) Collect(out chan<- prometheus.Metric) {
	for _, b := range a.all() {
		b.collect(out)
	}
}

func (b *Bus) collect(out chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(d *prometheus.Desc, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	s := b.Stats()
	gauge(upDesc, map[bool]int64{true: 1}[s.Link.Up], b.name)
	counter(reconnectsDesc, s.Link.Reconnects, b.name)
	gauge(inFlightDesc, s.Link.InFlight, b.name)
	counter(lostDesc, s.Link.Lost, b.name)
	counter(givenUpDesc, s.Link.GivenUp, b.name)
	n, sum, buckets := b.link.took.Cumulative()
	out <- prometheus.MustNewConstHistogram(publishDesc, n, sum, buckets, b.name)
	for typ, n := range s.Published {
		counter(publishedDesc, n, b.name, typ)
	}
	for i, h := range b.metered() {
		labels := []string{b.name, h.name}
		stats := s.Handlers[i]
		counter(handledDesc, stats.Handled, labels...)
		counter(failedDesc, stats.Failed, labels...)
		counter(deadDesc, stats.Dead, labels...)
		counter(retriedDesc, stats.Retried, labels...)
		counter(duplicatesDesc, stats.Duplicates, labels...)
		gauge(queueDesc, stats.Queue, labels...)
		for reason, n := range stats.Dropped {
			counter(droppedDesc, n, b.name, h.name, reason)
		}
		n, sum, buckets := h.meter.Took.Cumulative()
		out <- prometheus.MustNewConstHistogram(tookDesc, n, sum, buckets, labels...)
		n, sum, buckets = h.meter.Waited.Cumulative()
		out <- prometheus.MustNewConstHistogram(waitedDesc, n, sum, buckets, labels...)
	}
}
