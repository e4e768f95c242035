package kit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/meter"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
)

// Stats is what a service did since its start. It is published on
// system/stats/<client id> when somebody publishes to system/stats/get.
type Stats struct {
	Name      string           `json:"name" msg:"required"`
	ClientID  string           `json:"client_id" msg:"required"`
	Instance  string           `json:"instance"` // fresh for each process
	UptimeS   float64          `json:"uptime_s"` // seconds
	Link      LinkStats        `json:"link"`
	Handlers  []HandlerStats   `json:"handlers"`
	Published map[string]int64 `json:"published"` // by event type, what comes after a thousand of them as "other"

	Counters  map[string]int64         `json:"counters,omitempty"`  // of the service itself, see [Counts]; nil: none are declared
	Durations map[string]DurationStats `json:"durations,omitempty"` // of the service itself, see [Times]; nil: none are declared
}

// LinkStats is about the connection to the broker.
type LinkStats struct {
	Up           bool    `json:"up"`
	Reconnects   int64   `json:"reconnects"`
	InFlight     int64   `json:"in_flight"`      // AtLeastOnce publications without an acknowledgement
	Lost         int64   `json:"lost"`           // AtMostOnce publications without a link
	GivenUp      int64   `json:"given_up"`       // AtLeastOnce publications for which the broker closed the link again and again
	PublishP50MS float64 `json:"publish_p50_ms"` // until the broker has acknowledged
	PublishP99MS float64 `json:"publish_p99_ms"`
}

// HandlerStats is about one handler. What was cancelled was handled.
type HandlerStats struct {
	Name       string           `json:"name" msg:"required"`
	Topic      string           `json:"topic"` // empty for timers and the like
	Handled    int64            `json:"handled"`
	Failed     int64            `json:"failed"`
	Dropped    map[string]int64 `json:"dropped"` // by reason: overflow, the reason of a Drop, why it was refused
	Dead       int64            `json:"dead"`    // letters
	Retried    int64            `json:"retried"`
	Duplicates int64            `json:"duplicates"`
	Queue      int64            `json:"queue"` // waiting messages
	TookP50MS  float64          `json:"took_p50_ms"`
	TookP99MS  float64          `json:"took_p99_ms"`
	WaitP50MS  float64          `json:"wait_p50_ms"` // in the queue
	WaitP99MS  float64          `json:"wait_p99_ms"`
	LastError  string           `json:"last_error"`
}

// sentMeter counts what goes out.
type sentMeter struct {
	inFlight, lost, givenUp atomic.Int64
	took                    meter.Histogram
	published               sync.Map     // event type to *atomic.Int64
	types                   atomic.Int64 // event types in published, about
}

// count counts a message. A topic known only at run time may be a type of its
// own, so the types that come after maxNames are one, "other".
func (l *sentMeter) count(typ string) {
	n, ok := l.published.Load(typ)
	if !ok {
		if l.types.Add(1) > maxNames {
			typ = "other"
		}
		n, _ = l.published.LoadOrStore(typ, new(atomic.Int64))
	}
	n.(*atomic.Int64).Add(1)
}

// publicationEnded counts an AtLeastOnce publication that began at begin as over, whether
// the broker accepted it or not.
func (l *sentMeter) publicationEnded(begin time.Time) {
	l.inFlight.Add(-1)
	l.took.Add(time.Since(begin))
}

// reportGivenUp counts and logs a publication for which the broker closed every link that
// carried it, and returns the error for its caller.
func (b *Bus) reportGivenUp(ctx context.Context, p *paho.Publish, err error) error {
	b.sent.givenUp.Add(1)
	b.log.ErrorContext(ctx, "publication given up", "topic", p.Topic, "len", len(p.Payload), "err", err)
	return fmt.Errorf("message of %d bytes on %s: %w", len(p.Payload), p.Topic, err)
}

// countDropped counts a message that was lost, and says so at most once a second.
func (b *Bus) countDropped(h *registration, reason string, d *Delivery) {
	if total, loud := h.meter.Drop(reason); loud {
		b.log.Warn("message dropped", "handler", h.name, "reason", reason, "topic", d.Topic, "total", total)
	}
}

// countRefused counts a message that could not be decoded, by the reason, and logs it at
// most once a second, unless the handler has an [OnRefused].
func (b *Bus) countRefused(h *registration, d *Delivery, err error) {
	reason := "invalid"
	if w, ok := errors.AsType[*wire.Error](err); ok {
		reason = string(w.Reason)
	}
	total, loud := h.meter.Drop(reason)
	if f := h.opt.onRefused; f != nil {
		if err := recoverPanic(func() error { f(d, err); return nil }); err != nil {
			b.log.Error("OnRefused failed", "handler", h.name, "err", err)
		}
		return
	}
	if loud {
		b.log.Warn("message refused", "handler", h.name, "topic", d.Topic, "id", d.ID, "source", d.Source, "reason", reason, "err", err, "total", total)
	}
}

// metered are the registrations that count: those that run, and the kit's own.
func (b *Bus) metered() []*registration {
	hs := []*registration{b.replies.lostReplies, b.dispatch.unmatched}
	for _, t := range b.dispatch.routes {
		hs = append(hs, t.h)
	}
	return hs
}

// Stats is what the service did since its start.
func (b *Bus) Stats() Stats {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	s := Stats{Name: b.name, ClientID: b.id.ClientID, Instance: b.status.instance, UptimeS: time.Since(b.status.started).Seconds(), Published: map[string]int64{},
		Link: LinkStats{Up: b.conns.linked.Load(), Reconnects: max(b.conns.readyCount.Load()-1, 0), InFlight: b.sent.inFlight.Load(), Lost: b.sent.lost.Load(), GivenUp: b.sent.givenUp.Load(),
			PublishP50MS: ms(b.sent.took.Quantile(.5)), PublishP99MS: ms(b.sent.took.Quantile(.99))}}
	b.sent.published.Range(func(typ, n any) bool {
		s.Published[typ.(string)] = n.(*atomic.Int64).Load()
		return true
	})
	s.Counters, s.Durations = b.measures()
	for _, h := range b.metered() {
		m := &h.meter
		s.Handlers = append(s.Handlers, HandlerStats{Name: h.name, Topic: h.route.Topic,
			Handled: m.Handled.Load(), Failed: m.Failed.Load(), Dropped: m.Dropped(), Dead: m.Dead.Load(), Retried: m.Retried.Load(),
			Duplicates: m.Duplicates.Load(), Queue: m.Waiting.Load(), LastError: m.LastError(),
			TookP50MS: ms(m.Took.Quantile(.5)), TookP99MS: ms(m.Took.Quantile(.99)), WaitP50MS: ms(m.Waited.Quantile(.5)), WaitP99MS: ms(m.Waited.Quantile(.99))})
	}
	return s
}

// Histogram counts durations.
type Histogram struct {
	Count   uint64
	Sum     float64            // seconds
	Buckets map[float64]uint64 // how many lasted at most so many seconds
}

// HandlerTimes are the durations of one handler.
type HandlerTimes struct {
	Took   Histogram // in the handler, retries included
	Waited Histogram // in the queue before it
}

// Metrics are [Stats] and the durations behind their quantiles, for what exports
// them, as kit/admin does.
type Metrics struct {
	Stats
	Publish Histogram      // until the broker has acknowledged
	Times   []HandlerTimes // one for each of Stats.Handlers, in its order

	OwnTimes map[string]Histogram // behind Stats.Durations
}

// Metrics are what the service did since its start.
func (b *Bus) Metrics() Metrics {
	m := Metrics{Stats: b.Stats(), Publish: snapshotHistogram(&b.sent.took)}
	for _, h := range b.metered() {
		m.Times = append(m.Times, HandlerTimes{Took: snapshotHistogram(&h.meter.Took), Waited: snapshotHistogram(&h.meter.Waited)})
	}
	m.OwnTimes = map[string]Histogram{}
	b.measured(func(string, *Counter) {}, func(name string, d *Durations) { m.OwnTimes[name] = snapshotHistogram(&d.all) })
	return m
}

func snapshotHistogram(h *meter.Histogram) (out Histogram) {
	out.Count, out.Sum, out.Buckets = h.Cumulative()
	return out
}

// logTotals are the counts of all handlers as log attributes, without zeros: "recall.handled=3".
func (b *Bus) logTotals() (attrs []any) {
	for _, h := range b.Stats().Handlers {
		n := map[string]int64{"handled": h.Handled, "failed": h.Failed, "dead": h.Dead, "retried": h.Retried, "duplicates": h.Duplicates}
		for reason, lost := range h.Dropped {
			n[reason] += lost
		}
		for what, times := range n {
			if times > 0 {
				attrs = append(attrs, slog.Int64(h.Name+"."+what, times))
			}
		}
	}
	return attrs
}

// publishStats publishes the stats for whoever asked.
func (b *Bus) publishStats(ctx context.Context, d *Delivery) error {
	to := b.ownTopic("stats")
	return b.publishPayload(ctx, msg.Route{Topic: to, Type: "system.stats"}, to, b.Stats(), ID(d.ID))
}
