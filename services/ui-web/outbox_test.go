package uiweb

import (
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/gotars/tars/contract"
)

// drained is what waits for a page.
func drained(p *page) (texts []string, sounds int) {
	for {
		f, ok := p.outbox.pop()
		switch {
		case !ok:
			return texts, sounds
		case f.kind == websocket.MessageBinary:
			sounds++
		default:
			texts = append(texts, string(f.data))
		}
	}
}

func opened(t *testing.T, s *Pages, id string) *page {
	t.Helper()
	p, err := s.join(id, netip.Addr{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func shown(room, text string) frame {
	return textFrame("stt/partial", []byte(`{"text":"`+text+`"}`), room)
}

func TestOutboxIsBoundedInBytes(t *testing.T) {
	s := NewPages(slog.New(slog.DiscardHandler))
	p := opened(t, s, "slow")
	big := strings.Repeat("x", 200<<10)
	lost := 0
	for i := range 400 { // 80 MB
		lost += s.Show(shown("kitchen", fmt.Sprint(i)+big))
	}
	if p.outbox.bytes > maxWaitingBytes || lost != 400-len(p.outbox.frames) {
		t.Errorf("%d bytes wait, %d frames were lost and %d wait, want at most %d bytes and 400 frames in all", p.outbox.bytes, lost, len(p.outbox.frames), maxWaitingBytes)
	}
	texts, _ := drained(p)
	if last := texts[len(texts)-1]; !strings.Contains(last, `"399x`) || p.outbox.bytes != 0 {
		t.Errorf("the newest was lost, or %d bytes are counted that do not wait", p.outbox.bytes)
	}
}

func TestOutboxLosesSoundFirst(t *testing.T) {
	s := NewPages(slog.New(slog.DiscardHandler))
	p := opened(t, s, "slow")
	s.Show(shown("web-slow", "first"))
	for range 100 {
		f, err := speechFrame(contract.SpeakerAudio{Sink: "web-slow", PCM: make([]byte, 100<<10)})
		if err != nil {
			t.Fatal(err)
		}
		s.Play("web-slow", f)
	}
	for i := range maxWaiting - 1 {
		s.Show(shown("web-slow", fmt.Sprint(i)))
	}
	texts, sounds := drained(p)
	if len(texts) != maxWaiting || sounds != 0 || !strings.Contains(texts[0], "first") {
		t.Errorf("%d texts and %d sounds wait, the first is %q", len(texts), sounds, texts[0])
	}
}

func TestFloodOfRoomsDoesNotPushOutRealOnes(t *testing.T) {
	for name, tt := range map[string]struct{ rooms, each int }{"one message of each": {20_000, 1}, "ten messages of each": {2000, 10}} {
		t.Run(name, func(t *testing.T) {
			s := NewPages(slog.New(slog.DiscardHandler))
			p := opened(t, s, "mine")
			for i := range 50 { // a room that is in use
				s.Show(shown("kitchen", fmt.Sprint("kitchen ", i)))
			}
			drained(p)
			s.Show(shown("web-mine", "own"))
			s.Show(shown("kitchen", "real"))
			for i := range tt.rooms {
				for range tt.each {
					s.Show(shown(fmt.Sprint("made-up-", i), "x"))
				}
			}
			texts, _ := drained(p)
			all := strings.Join(texts, "\n")
			if !strings.Contains(all, "own") || !strings.Contains(all, "real") {
				t.Errorf("of %d frames none is of the page or of a room in use", len(texts))
			}
			if len(s.rooms.all) > maxRooms {
				t.Errorf("%d rooms are counted, want at most %d", len(s.rooms.all), maxRooms)
			}
		})
	}
}

func TestFloodOfNamesDoesNotPushOutTheStack(t *testing.T) {
	s := NewPages(slog.New(slog.DiscardHandler))
	for i := range 20_000 {
		s.Health(fmt.Sprint("system/health/made-up-", i), []byte(`{"ok":true}`))
	}
	s.Health("system/health/tars-llm", []byte(`{"ok":true}`))
	for i := range 20_000 {
		s.Health(fmt.Sprint("system/health/more-", i), []byte(`{"ok":true}`))
	}
	s.Health("system/health/lamp", []byte(`{"ok":true}`))
	p := opened(t, s, "late")
	texts, _ := drained(p)
	all := strings.Join(texts, "\n")
	if len(texts) > maxHealthNames+1 || !strings.Contains(all, "tars-llm") || !strings.Contains(all, "lamp") {
		t.Errorf("a late page is told %d names, and of tars-llm: %v, of lamp: %v", len(texts), strings.Contains(all, "tars-llm"), strings.Contains(all, "lamp"))
	}
}

func TestPagesOfOneAddress(t *testing.T) {
	s := NewPages(slog.New(slog.DiscardHandler))
	flood, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for range maxPagesPerAddress {
		if _, err := s.join("aaaa", flood); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.join("aaaa", flood); err == nil || err.Error() != "16 pages of this address are open already" {
		t.Errorf("one too many: %v", err)
	}
	if _, err := s.join("bbbb", other); err != nil {
		t.Errorf("another address: %v", err)
	}
	for len(s.all) < maxPages {
		opened(t, s, "cccc")
	}
	if _, err := s.join("cccc", netip.Addr{}); err == nil || err.Error() != "64 pages are open already" {
		t.Errorf("one too many in all: %v", err)
	}
}

func TestBudgetsSurviveAReconnectAndAreBounded(t *testing.T) {
	s := NewPages(slog.New(slog.DiscardHandler))
	p := opened(t, s, "mine")
	for p.budget.says.allow() {
	}
	s.leave(p)
	if again := opened(t, s, "mine"); again.budget.says.allow() {
		t.Error("a page that connected again may say more")
	}
	for i := range 20_000 {
		s.leave(opened(t, s, fmt.Sprintf("x%d", i)))
	}
	if len(s.budgets) > 2*maxPages {
		t.Errorf("%d budgets are kept, want at most %d", len(s.budgets), 2*maxPages)
	}
}
