package flood

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

const (
	question    = "what time is it?" // a rule answers it, no model
	givenUp     = 20 * time.Second   // an answer that takes longer does not count as one
	askBusEvery = 200 * time.Millisecond
	askPageEach = 2100 * time.Millisecond // a page may type that often, see services/ui-web
)

// bystanders are two other rooms: a tool on the bus, as tars ask is one, and a page.
type bystanders struct {
	s    *stack
	bus  *kit.Bus
	said chan string // utterances that were answered on the bus

	page  *websocket.Conn
	shown chan struct{} // answers on the page
}

// waited are the times in which a room was answered.
type waited struct {
	times []time.Duration
	lost  int
	why   error
}

func (w waited) answers() int { return len(w.times) }

func (w waited) most() time.Duration {
	if len(w.times) == 0 {
		return 0
	}
	return slices.Max(w.times)
}

func (w waited) median() time.Duration {
	if len(w.times) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(w.times))[len(w.times)/2]
}

// String implements fmt.Stringer.
func (w waited) String() string {
	text := fmt.Sprintf("%d in %s, at most %s", len(w.times), w.median().Round(time.Millisecond), w.most().Round(time.Millisecond))
	if w.lost > 0 {
		text += fmt.Sprintf(", %d LOST (%v)", w.lost, w.why)
	}
	return text
}

func newBystanders(t *testing.T, s *stack) *bystanders {
	t.Helper()
	c := &bystanders{s: s, said: make(chan string, 16), shown: make(chan struct{}, 16)}
	cfg, err := kit.Load("calm")
	if err != nil {
		t.Fatal(err)
	}
	cfg.URL = s.url
	c.bus, err = kit.Open(t.Context(), "calm", cfg, kit.Sends[contract.FinalTranscript](), kit.On(c.answered))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.bus.Close(context.Background()) })
	header := http.Header{"Authorization": {"Bearer " + token}, "Origin": {"http://" + s.page}}
	c.page, _, err = websocket.Dial(t.Context(), "ws://"+s.page+"/ws?id=calm", &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		t.Fatal(err)
	}
	c.page.SetReadLimit(1 << 20)
	var wg sync.WaitGroup
	wg.Go(func() { c.read(t.Context()) })
	t.Cleanup(func() {
		_ = c.page.CloseNow()
		wg.Wait()
	})
	return c
}

func (c *bystanders) answered(_ context.Context, m contract.TtsSay) error {
	if m.UttID != nil && strings.HasPrefix(*m.UttID, "calm-") {
		select {
		case c.said <- *m.UttID:
		default:
		}
	}
	return nil
}

// read notes the answers that the page shows.
func (c *bystanders) read(ctx context.Context) {
	for {
		_, data, err := c.page.Read(ctx)
		if err != nil {
			return
		}
		var m struct {
			Topic   string
			Payload struct {
				Data struct {
					UttID string `json:"utt_id"`
				}
			}
		}
		if json.Unmarshal(data, &m) == nil && m.Topic == "tts/say" && strings.HasPrefix(m.Payload.Data.UttID, "web-calm-") {
			select {
			case c.shown <- struct{}{}:
			default:
			}
		}
	}
}

// ask lets both rooms ask for a time d, and waits for what they asked last.
func (c *bystanders) ask(t *testing.T, d time.Duration) (w struct{ bus, page waited }) {
	t.Helper()
	ctx, end := context.WithTimeout(t.Context(), d)
	defer end()
	var wg sync.WaitGroup
	wg.Go(func() { w.bus = askRepeatedly(ctx, askBusEvery, c.askBus) })
	wg.Go(func() { w.page = askRepeatedly(ctx, askPageEach, c.askPage) })
	wg.Wait()
	return w
}

// askRepeatedly asks until ctx ends.
func askRepeatedly(ctx context.Context, every time.Duration, one func(context.Context) error) (w waited) {
	for ctx.Err() == nil {
		begin := time.Now()
		late, stop := context.WithTimeout(context.WithoutCancel(ctx), givenUp)
		err := one(late)
		stop()
		if err != nil {
			w.lost, w.why = w.lost+1, err
		} else {
			w.times = append(w.times, time.Since(begin))
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Until(begin.Add(every))):
		}
	}
	return w
}

func (c *bystanders) askBus(ctx context.Context) error {
	utt := "calm-" + kit.NewID()[:8]
	told := kit.WithBaggage(kit.WithBaggage(ctx, "room", "calm"), "typed", "1")
	if err := c.bus.Publish(told, contract.FinalTranscript{Text: question, UttID: &utt}); err != nil {
		return err
	}
	for {
		select {
		case got := <-c.said:
			if got == utt {
				return nil
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *bystanders) askPage(ctx context.Context) error {
	for len(c.shown) > 0 {
		<-c.shown
	}
	if err := c.page.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"say":%q}`, question)); err != nil {
		return err
	}
	select {
	case <-c.shown:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
