package uiweb_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	uiweb "github.com/gotars/tars/services/ui-web"
)

// lines is a memory of some lines with gaps between their ids.
type lines []contract.MemoryLine

func (m *lines) list(_ context.Context, q contract.MemoryList) (r contract.MemoryLines, _ error) {
	all := slices.Clone(*m)
	if q.Last {
		return contract.MemoryLines{Lines: all[max(0, len(all)-q.Limit):]}, nil
	}
	all = slices.DeleteFunc(all, func(l contract.MemoryLine) bool { return l.ID <= q.After })
	return contract.MemoryLines{Lines: all[:min(len(all), q.Limit)]}, nil
}

func (m *lines) forget(_ context.Context, q contract.MemoryForget) (r contract.MemoryForgotten, _ error) {
	before := len(*m)
	*m = slices.DeleteFunc(*m, func(l contract.MemoryLine) bool { return slices.Contains(q.IDs, l.ID) })
	return contract.MemoryForgotten{Count: before - len(*m)}, nil
}

// call is a request of the page, or of a page of the origin from.
func call(t *testing.T, b *kittest.Harness, method, path, body, from string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", from)
	answer, err := b.HTTP("ui-web").Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, strings.TrimSpace(string(data))
}

const own = "http://" + addr

func TestHistory(t *testing.T) {
	m := lines{}
	for i := range 1300 { // more than two requests to the memory
		room := []string{"kitchen", "web-3f2a", "web-beef", ""}[i%4]
		m = append(m, contract.MemoryLine{ID: int64(7 * (i + 1)), Role: "user", Text: fmt.Sprintf("Line %d of <1300>", i), TS: float64(1000 + i), Room: room})
	}
	memory := kittest.ServiceOf("memory", kit.Answer(m.list), kit.Answer(m.forget)).With(kit.As(kit.Identity{ClientID: "tars-memory", Source: "memory-worker"}))
	kittest.Run(t, "the lines of a room are read, saved and forgotten", func(t *testing.T, b *kittest.Harness) {
		read := func(query string) (first, last string, n int, more bool) {
			t.Helper()
			code, body := call(t, b, "GET", "/api/history?"+query, "", own)
			var h struct {
				Lines []contract.MemoryLine
				Rooms map[string]int
				More  bool
			}
			if err := json.Unmarshal([]byte(body), &h); err != nil || code != http.StatusOK {
				t.Fatalf("%s: %d %s", query, code, body)
			}
			if len(h.Lines) == 0 {
				return "", "", 0, h.More
			}
			return h.Lines[0].Text, h.Lines[len(h.Lines)-1].Text, len(h.Lines), h.More
		}
		for query, want := range map[string]string{
			"limit=3":                        "Line 1297 of <1300> Line 1299 of <1300> 3 true",
			"limit=2&room=kitchen":           "Line 1292 of <1300> Line 1296 of <1300> 2 true",
			"limit=3&room=page":              "Line 1294 of <1300> Line 1298 of <1300> 3 true",
			"limit=9&room=web-3f2a&q=LINE+1": "Line 1265 of <1300> Line 1297 of <1300> 9 true",
			"limit=9&q=1299+line":            "Line 1299 of <1300> Line 1299 of <1300> 1 false",
			"limit=2&before=15":              "Line 0 of <1300> Line 1 of <1300> 2 false",
			"limit=2&before=7007":            "Line 998 of <1300> Line 999 of <1300> 2 true",
			"limit=9&room=cellar":            "  0 false",
		} {
			first, last, n, more := read(query)
			if got := fmt.Sprintf("%s %s %d %v", first, last, n, more); got != want {
				t.Errorf("%s is %q, want %q", query, got, want)
			}
		}
		code, file := call(t, b, "GET", "/api/memory/export?room=kitchen", "", own)
		if n := strings.Count(file, "\n") + 1; code != http.StatusOK || n != 325 || !strings.HasPrefix(file, `{"id":7,"role":"user","text":"Line 0 of <1300>"`) {
			t.Errorf("saved %d lines: %.90s", n, file)
		}
		if code, body := call(t, b, "POST", "/api/history/clear", `{"room":"kitchen"}`, own); code != http.StatusOK || body != `{"count":325}` {
			t.Errorf("cleared: %d %s", code, body)
		}
		if code, body := call(t, b, "POST", "/api/memory/forget", `{"ids":[14,21]}`, own); code != http.StatusOK || body != `{"count":2}` || len(m) != 973 {
			t.Errorf("forgot: %d %s, %d are left", code, body, len(m))
		}
	}, module(uiweb.Config{}), memory)

	kittest.Run(t, "requests that make no sense or come from elsewhere change nothing", func(t *testing.T, b *kittest.Harness) {
		before := len(m)
		for request, want := range map[string]int{
			"POST /api/memory/forget {}": 400, `POST /api/memory/forget {"ids":[]}`: 400, "POST /api/memory/forget nonsense": 400,
			"POST /api/history/clear {}": 400, "GET /api/history ": 400, "GET /api/history?limit=201 ": 400, "POST /api/timers {}": 400,
			`POST /api/timers {"action":"cancel"}`: 400, `POST /api/timers {"action":"set","when":" "}`: 400, "GET /api/memory/forget ": 405,
		} {
			method, rest, _ := strings.Cut(request, " ")
			path, body, _ := strings.Cut(rest, " ")
			if code, answer := call(t, b, method, path, body, own); code != want && (want != 405 || code != 404) {
				t.Errorf("%s is answered with %d %s, want %d", request, code, answer, want)
			}
		}
		for _, path := range []string{"/api/memory/forget", "/api/history/clear", "/api/timers"} {
			if code, _ := call(t, b, "POST", path, `{"ids":[28],"room":"web-beef","action":"cancel","timer_id":"*"}`, "http://evil.example"); code != http.StatusForbidden {
				t.Errorf("%s is open to another site: %d", path, code)
			}
		}
		for _, path := range []string{"/api/history?limit=9", "/api/memory/export"} {
			if code, _ := call(t, b, "GET", path, "", "http://evil.example"); code != http.StatusForbidden {
				t.Errorf("%s is open to another site: %d", path, code)
			}
		}
		if len(m) != before {
			t.Errorf("%d lines are left of %d", len(m), before)
		}
	}, module(uiweb.Config{}), memory)

	kittest.Run(t, "a memory that is not there is told", func(t *testing.T, b *kittest.Harness) {
		for _, path := range []string{"/api/history?limit=9", "/api/memory/export"} {
			if code, body := call(t, b, "GET", path, "", own); code != http.StatusGatewayTimeout || !strings.Contains(body, "the memory does not answer") {
				t.Errorf("%s: %d %s", path, code, body)
			}
		}
	}, module(uiweb.Config{}))
}

func TestTimers(t *testing.T) {
	asked := []contract.TimerCommand{}
	timers := kittest.ServiceOf("timer", kit.Answer(func(_ context.Context, c contract.TimerCommand) (r contract.TimerResult, err error) {
		asked = append(asked, c)
		if c.When != nil && *c.When == "never" {
			return r, &kit.Error{Code: kit.CodeInvalid, Message: "when is never"}
		}
		return contract.TimerResult{Timers: []contract.Timer{{ID: "t1", Kind: "timer", State: "waiting", Due: 5}}}, nil
	})).With(kit.As(kit.Identity{ClientID: contract.TimerClient, Source: "timer"}))
	kittest.Run(t, "a page sets and ends timers and hears why it cannot", func(t *testing.T, b *kittest.Harness) {
		if code, body := call(t, b, "POST", "/api/timers", `{"action":"set","when":"10 minutes","name":"pasta","lang":"de"}`, own); code != 200 || !strings.Contains(body, `"id":"t1"`) {
			t.Errorf("set: %d %s", code, body)
		}
		if code, body := call(t, b, "POST", "/api/timers", `{"action":"set","when":"never"}`, own); code != 200 || !strings.Contains(body, `"error":"when is never"`) {
			t.Errorf("refused: %d %s", code, body)
		}
		if code, body := call(t, b, "POST", "/api/timers", `{"action":"cancel","timer_id":"t1"}`, own); code != 200 {
			t.Errorf("cancel: %d %s", code, body)
		}
		if len(asked) != 3 || *asked[0].Name != "pasta" || *asked[0].Lang != "de" || *asked[2].ID != "t1" || asked[2].Action != contract.TimerCancel {
			t.Errorf("asked %+v", asked)
		}
	}, module(uiweb.Config{}), timers)

	kittest.Run(t, "a page that comes later is told the timers", func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, contract.TimerState{Timers: []contract.Timer{{ID: "t1", Kind: "timer", State: "waiting", Due: 5}}})
		b.Settle()
		p := open(t, b, "3f2a")
		if m := p.until(t, "timer/state"); m.Topic == "" {
			t.Error("not told")
		}
	}, module(uiweb.Config{}))
}
