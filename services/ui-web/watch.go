package uiweb

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gotars/tars/kit"
)

const (
	maxWatches      = 8                // that run at once, of all pages
	maxWatchEvents  = 512              // that wait for one page; what comes beyond is lost and counted
	maxWatchPayload = 8 << 10          // bytes of one payload in the inspector
	watchAlive      = 10 * time.Second // between two signs of life, so that a dead line is noticed
	connectTimeout  = 5 * time.Second  // for a connection of its own to the broker
)

// watch is one page that looks: a stream of events, fed by a connection of its own to the
// broker. Handlers send from several goroutines.
type watch struct {
	system kit.Settings
	own    atomic.Pointer[kit.Bus]
	ready  chan struct{} // closed when own is set
	events chan []byte
	lost   atomic.Int64 // events, since the page was last told

	mu   sync.Mutex
	last map[string][]byte // by event, of those that are sent when they change
}

// bus is the connection; handlers run only when it stands.
func (t *watch) bus() *kit.Bus {
	<-t.ready
	return t.own.Load()
}

// send queues an event, or counts it as lost.
func (t *watch) send(event string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		return
	}
	t.queue(event, data)
}

func (t *watch) queue(event string, data []byte) {
	select {
	case t.events <- fmt.Appendf(nil, "event: %s\ndata: %s\n\n", event, data):
	default:
		t.lost.Add(1)
	}
}

// sendChanged queues an event unless it says what the last of its kind said.
func (t *watch) sendChanged(event string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !bytes.Equal(t.last[event], data) {
		t.last[event] = data
		t.queue(event, data)
	}
}

// watch streams what handlers send, as server-sent events, until the page or the server
// ends it.
func (h *House) watch(w http.ResponseWriter, r *http.Request, handlers func(*watch) []kit.Handler) {
	select {
	case h.watches <- struct{}{}:
		defer func() { <-h.watches }()
	default:
		writeError(w, http.StatusServiceUnavailable, "Too many pages look at the house already.")
		return
	}
	to := &watch{system: h.system, ready: make(chan struct{}), events: make(chan []byte, maxWatchEvents), last: map[string][]byte{}}
	ctx, cancel := context.WithTimeout(r.Context(), connectTimeout)
	bus, err := h.bus.Beside(ctx, handlers(to)...)
	cancel()
	if err != nil {
		close(to.ready)
		writeError(w, http.StatusBadGateway, err.Error())
		return
	}
	to.own.Store(bus)
	close(to.ready)
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Second)
		defer cancel()
		_ = bus.Close(ctx)
	}()
	to.stream(w, r, bus.Done())
}

// stream writes events until r or the link to the broker ends.
func (t *watch) stream(w http.ResponseWriter, r *http.Request, over <-chan struct{}) {
	w.Header().Set("Content-Type", "text/event-stream")
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Time{}) // else it ends the request, which is read already
	alive := time.NewTicker(watchAlive)
	defer alive.Stop()
	for text := []byte(": here\n\n"); ; {
		_ = conn.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := w.Write(text); err != nil || conn.Flush() != nil {
			return
		}
		select {
		case text = <-t.events:
			for n := len(t.events); n > 0; n-- { // what is there goes out together
				text = append(text, <-t.events...)
			}
		case <-alive.C:
			text = []byte(": here\n\n")
		case <-over:
			return
		case <-r.Context().Done():
			return
		}
		if n := t.lost.Swap(0); n > 0 {
			text = fmt.Appendf(text, "event: lost\ndata: %d\n\n", n)
		}
	}
}

// shownMessage is a message as the inspector shows it.
type shownMessage struct {
	At       float64         `json:"at"` // Unix seconds
	Topic    string          `json:"topic"`
	Source   string          `json:"source,omitempty"` // empty: it came without an envelope
	ID       string          `json:"id,omitempty"`
	Trace    string          `json:"trace,omitempty"`
	Room     string          `json:"room,omitempty"`
	QoS      int             `json:"qos"`
	Retained bool            `json:"retained,omitempty"`
	Size     int             `json:"size"` // bytes
	Kind     string          `json:"kind,omitempty"`
	Data     json.RawMessage `json:"data"` // JSON as it is, other text as a string, else null
	Cut      bool            `json:"cut,omitempty"`
}

// watchBus streams the messages of a filter.
func (h *House) watchBus(w http.ResponseWriter, r *http.Request) {
	filter, audio := strings.TrimSpace(r.URL.Query().Get("filter")), r.URL.Query().Get("audio") == "1"
	if filter == "" {
		filter = "#"
	}
	h.watch(w, r, func(to *watch) []kit.Handler {
		return []kit.Handler{kit.Tap(filter, func(_ context.Context, d *kit.Delivery) error {
			if audio || !strings.HasPrefix(d.Header.ContentType, "audio/") {
				to.send("message", newShownMessage(d, time.Now()))
			}
			return nil
		}, kit.Name("inspector"), kit.Queue(4096))}
	})
}

func newShownMessage(d *kit.Delivery, now time.Time) shownMessage {
	m := shownMessage{At: float64(now.UnixMilli()) / 1000, Topic: d.Topic, Source: d.Source, ID: d.ID, Trace: d.Trace, Room: d.Baggage["room"],
		QoS: int(d.QoS), Retained: d.Retained, Size: len(d.Payload), Kind: d.Header.ContentType}
	m.Data = shownPayload(d, maxWatchPayload)
	m.Cut = len(d.Data) > maxWatchPayload
	return m
}

// shownPayload is the payload of a message for people, at most so many bytes of it.
func shownPayload(d *kit.Delivery, most int) json.RawMessage {
	text := d.Data
	switch {
	case len(text) <= most && json.Valid(text):
		return text
	case !utf8.Valid(text):
		return json.RawMessage("null")
	}
	data, err := json.Marshal(strings.ToValidUTF8(string(text[:min(len(text), most)]), ""))
	if err != nil {
		return json.RawMessage("null")
	}
	return data
}
