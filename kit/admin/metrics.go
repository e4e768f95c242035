package admin

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gotars/tars/kit"
)

var (
	byHandler = []string{"service", "handler"}
	byService = []string{"service"}
	byName    = []string{"service", "name"}

	handledDesc    = prometheus.NewDesc("kit_handled_total", "Messages a handler has taken.", byHandler, nil)
	failedDesc     = prometheus.NewDesc("kit_failed_total", "Messages a handler has failed on.", byHandler, nil)
	droppedDesc    = prometheus.NewDesc("kit_dropped_total", "Messages that no handler saw, by reason.", []string{"service", "handler", "reason"}, nil)
	deadDesc       = prometheus.NewDesc("kit_dead_letters_total", "Messages sent to the dead letters.", byHandler, nil)
	retriedDesc    = prometheus.NewDesc("kit_retried_total", "Tries after the first.", byHandler, nil)
	duplicatesDesc = prometheus.NewDesc("kit_duplicates_total", "Messages that came twice and were handled once.", byHandler, nil)
	queueDesc      = prometheus.NewDesc("kit_queue_length", "Messages that wait for a handler.", byHandler, nil)
	waitedDesc     = prometheus.NewDesc("kit_queue_wait_seconds", "Time in the queue.", byHandler, nil)
	tookDesc       = prometheus.NewDesc("kit_handler_duration_seconds", "Time in the handler, retries included.", byHandler, nil)
	upDesc         = prometheus.NewDesc("kit_link_up", "1 while linked to the broker and subscribed.", byService, nil)
	reconnectsDesc = prometheus.NewDesc("kit_link_reconnects_total", "Links after the first.", byService, nil)
	inFlightDesc   = prometheus.NewDesc("kit_publish_in_flight", "Publications that wait for the broker's acknowledgement.", byService, nil)
	lostDesc       = prometheus.NewDesc("kit_publish_lost_total", "AtMostOnce publications without a link.", byService, nil)
	givenUpDesc    = prometheus.NewDesc("kit_publish_given_up_total", "AtLeastOnce publications for which the broker closed the link again and again.", byService, nil)
	publishDesc    = prometheus.NewDesc("kit_publish_seconds", "Time until the broker has acknowledged.", byService, nil)
	ownCountDesc   = prometheus.NewDesc("kit_service_total", "What the service counts itself, by name.", byName, nil)
	ownTimesDesc   = prometheus.NewDesc("kit_service_seconds", "Durations that the service measures itself, by name.", byName, nil)
	publishedDesc  = prometheus.NewDesc("kit_published_total", "Messages sent, by event type.", []string{"service", "type"}, nil)
)

// Describe makes the server an unchecked collector: handlers come and go.
func (s *server) Describe(chan<- *prometheus.Desc) {}

// Collect is asked for each scrape.
func (s *server) Collect(out chan<- prometheus.Metric) {
	for _, b := range s.all() {
		collectMetrics(b.Metrics(), out)
	}
}

// collectMetrics turns what one service did into metrics.
func collectMetrics(m kit.Metrics, out chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(d *prometheus.Desc, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	histogram := func(d *prometheus.Desc, h kit.Histogram, labels ...string) {
		out <- prometheus.MustNewConstHistogram(d, h.Count, h.Sum, h.Buckets, labels...)
	}
	gauge(upDesc, map[bool]int64{true: 1}[m.Link.Up], m.Name)
	counter(reconnectsDesc, m.Link.Reconnects, m.Name)
	gauge(inFlightDesc, m.Link.InFlight, m.Name)
	counter(lostDesc, m.Link.Lost, m.Name)
	counter(givenUpDesc, m.Link.GivenUp, m.Name)
	histogram(publishDesc, m.Publish, m.Name)
	for typ, n := range m.Published {
		counter(publishedDesc, n, m.Name, typ)
	}
	for name, n := range m.Counters {
		counter(ownCountDesc, n, m.Name, name)
	}
	for name, h := range m.OwnTimes {
		histogram(ownTimesDesc, h, m.Name, name)
	}
	for i, h := range m.Handlers {
		labels := []string{m.Name, h.Name}
		counter(handledDesc, h.Handled, labels...)
		counter(failedDesc, h.Failed, labels...)
		counter(deadDesc, h.Dead, labels...)
		counter(retriedDesc, h.Retried, labels...)
		counter(duplicatesDesc, h.Duplicates, labels...)
		gauge(queueDesc, h.Queue, labels...)
		for reason, n := range h.Dropped {
			counter(droppedDesc, n, m.Name, h.Name, reason)
		}
		histogram(tookDesc, m.Times[i].Took, labels...)
		histogram(waitedDesc, m.Times[i].Waited, labels...)
	}
}
