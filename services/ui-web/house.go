package uiweb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gotars/tars/docs"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/cmd/operate"
)

const (
	statsEvery     = 2 * time.Second // between two questions to all services for what they did, while somebody looks
	lettersTimeout = 8 * time.Second // for the broker to tell its dead letters, and to take back some
	publishTimeout = 5 * time.Second // for the broker to take a message
	maxLetterBytes = 16 << 10        // of the payload of a dead letter that is shown
	maxLetters     = 200             // dead letters that are shown, the newest
)

// House is what a page can see and do of the whole house, beside the conversation: its
// services, its messages and its engines. What it watches it watches by a connection of its
// own, which stands only while somebody looks.
type House struct {
	may     permissions
	bus     *kit.Bus
	system  kit.Settings
	engines *engineRoom
	watches chan struct{} // a place for each that runs
	log     *slog.Logger
}

// NewHouse returns a house that is seen through bus.
func NewHouse(cfg Config, bus *kit.Bus, system kit.Settings, pages *Pages, engines Engines, log *slog.Logger) (*House, error) {
	may, err := permissionsOf(cfg)
	if err != nil {
		return nil, err
	}
	return &House{may: may, bus: bus, system: system, engines: newEngineRoom(engines, pages, log), watches: make(chan struct{}, maxWatches), log: log}, nil
}

// routes are what the house serves, all of it to pages that are let in.
func (h *House) routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /api/house":            h.watchServices,
		"GET /api/bus":              h.may.needing(mayInspect, h.watchBus),
		"POST /api/bus":             h.may.needing(mayPublish, h.publish),
		"POST /api/letters":         h.may.needing(mayPublish, h.letter),
		"GET /api/asyncapi":         h.asyncAPI,
		"GET /api/engines":          h.engines.report,
		"POST /api/engines/try":     h.engines.try,
		"POST /api/engines/install": h.may.needing(mayInstall, h.engines.install),
		"POST /api/engines/cancel":  h.may.needing(mayInstall, h.engines.cancel),
	}
}

// watchServices streams what all services say of themselves: who they are, how they are
// and what they did; how loud it is in the rooms, which tells nothing of what is said there;
// and the dead letters to who may see them.
func (h *House) watchServices(w http.ResponseWriter, r *http.Request) {
	told := func(event string) func(context.Context, *kit.Delivery, *watch) error {
		return func(_ context.Context, d *kit.Delivery, to *watch) error {
			if len(d.Payload) > maxShownBytes || len(d.Payload) > 0 && !json.Valid(d.Data) {
				return kit.Drop("unreadable")
			}
			to.send(event, map[string]any{"id": d.Topic[strings.LastIndexByte(d.Topic, '/')+1:], "data": rawOrNull(d.Data)})
			return nil
		}
	}
	h.watch(w, r, func(to *watch) []kit.Handler {
		tap := func(event string, h func(context.Context, *kit.Delivery, *watch) error) kit.Handler {
			return kit.Tap(to.system.Topic(event, "+"), func(ctx context.Context, d *kit.Delivery) error { return h(ctx, d, to) }, kit.Name(event), kit.Lane("services"), kit.Queue(1024))
		}
		ask := func(ctx context.Context) error {
			return to.bus().PublishTo(ctx, to.system.Topic("stats", "get"), "system.stats.get", map[string]any{})
		}
		rooms := &levels{rooms: map[string]*roomLevel{}}
		hs := []kit.Handler{tap("info", told("info")), tap("health", told("health")), tap("stats", told("stats")), kit.OnConnect(ask), kit.Every(statsEvery, ask)}
		hs = append(hs, rooms.handlers(to)...)
		if h.may.has(mayInspect) {
			letters := operate.NewLetters(h.system)
			hs = append(append(hs, letters.Handlers()...), kit.Every(statsEvery, func(context.Context) error { to.sendChanged("letters", shownLetters(letters.All())); return nil }))
		}
		return hs
	})
}

// rawOrNull is JSON as it came; null for nothing.
func rawOrNull(data []byte) json.RawMessage {
	if len(data) == 0 {
		return json.RawMessage("null")
	}
	return json.RawMessage(data)
}

// shownLetter is a dead letter as a page shows it.
type shownLetter struct {
	ID       string          `json:"id"`
	Client   string          `json:"client"`
	Handler  string          `json:"handler"`
	Topic    string          `json:"topic"`
	Attempts string          `json:"attempts"`
	Problem  string          `json:"problem"`
	Reason   string          `json:"reason"`
	Sent     float64         `json:"sent"` // Unix seconds; 0: it is not known
	Payload  json.RawMessage `json:"payload"`
}

// shownLetters are the newest letters, the oldest of them first.
func shownLetters(all []operate.Letter) []shownLetter {
	shown := []shownLetter{}
	for _, l := range all[max(0, len(all)-maxLetters):] {
		d, sent := l.Delivery(), 0.0
		if !d.Sent.IsZero() {
			sent = float64(d.Sent.UnixMilli()) / 1000
		}
		shown = append(shown, shownLetter{ID: l.ID, Client: l.Client, Handler: l.Header["handler"], Topic: l.Header["topic"], Attempts: l.Header["attempts"],
			Problem: l.Problem, Reason: l.Header["reason"], Sent: sent, Payload: shownPayload(d, maxLetterBytes)})
	}
	return shown
}

// letter gives a dead letter back to the service that failed on it, or drops it.
func (h *House) letter(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Action string `json:"action"`
		ID     string `json:"id"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	if body.Action != "replay" && body.Action != "drop" || body.ID == "" {
		writeError(w, http.StatusBadRequest, "action is replay or drop, and id that of a letter")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), lettersTimeout)
	defer cancel()
	letters := operate.NewLetters(h.system)
	bus, err := h.bus.Beside(ctx, letters.Handlers()...)
	if err != nil {
		writeError(w, http.StatusGatewayTimeout, "The broker does not answer.")
		return
	}
	defer func() { _ = bus.Close(context.WithoutCancel(ctx)) }()
	letters.AwaitPause(ctx)
	for _, l := range letters.All() {
		if l.ID != body.ID {
			continue
		}
		if body.Action == "drop" {
			err = l.Drop(ctx, bus)
		} else {
			err = letters.Replay(ctx, bus, l)
		}
		if err != nil {
			writeError(w, http.StatusConflict, err.Error())
			return
		}
		h.log.Info("a page dealt with a dead letter", "id", l.ID, "topic", l.Header["topic"], "handler", l.Header["handler"])
		writeJSON(w, http.StatusOK, map[string]string{"done": body.Action})
		return
	}
	writeError(w, http.StatusNotFound, "That letter is gone already.")
}

// publish sends a message that a person wrote.
func (h *House) publish(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Topic   string          `json:"topic"`
		Payload json.RawMessage `json:"payload"`
		Bare    bool            `json:"bare"`   // without an envelope
		Retain  bool            `json:"retain"` // the broker keeps it
	}
	if !readJSON(w, r, &body) {
		return
	}
	if body.Topic == "" || strings.ContainsAny(body.Topic, "+#") {
		writeError(w, http.StatusBadRequest, "A message needs a topic without + and #.")
		return
	}
	opts := []kit.PublishOption{}
	if body.Retain {
		opts = append(opts, kit.Retain())
	}
	if body.Bare {
		opts = append(opts, kit.Bare())
	}
	ctx, cancel := context.WithTimeout(r.Context(), publishTimeout)
	defer cancel()
	bus, err := h.bus.Beside(ctx)
	if err != nil {
		writeError(w, http.StatusGatewayTimeout, "The broker does not answer.")
		return
	}
	defer func() { _ = bus.Close(context.WithoutCancel(ctx)) }()
	if err := bus.PublishTo(ctx, body.Topic, "", body.Payload, opts...); err != nil && !errors.Is(err, kit.ErrNobody) {
		writeError(w, http.StatusBadRequest, fmt.Sprintf("It was not sent: %v.", err))
		return
	} else if err != nil {
		writeJSON(w, http.StatusOK, map[string]any{"sent": true, "nobody": true})
		return
	}
	h.log.Info("a page published a message", "topic", body.Topic)
	writeJSON(w, http.StatusOK, map[string]any{"sent": true})
}

// asyncAPI is the description of all channels.
func (h *House) asyncAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(docs.AsyncAPI)
}
