package uiweb

import (
	"context"
	"encoding/json"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/wire"
	"github.com/gotars/tars/services/ui-web/markdown"
)

// answered sends the whole text of an answer to all pages, with what its marks look like.
func (s *Service) answered(ctx context.Context, d *kit.Delivery) error {
	var r contract.LLMResponse
	if len(d.Payload) > maxShownBytes || wire.Decode(d.Data, &r) != nil || r.Reply == nil {
		return s.show(ctx, d)
	}
	marked := markdown.HTML(*r.Reply)
	if marked == "" {
		return s.show(ctx, d)
	}
	s.pages.turns.Take(d, time.Now())
	f := markedFrame(d.Topic, d.Payload, d.Baggage["room"], marked)
	if len(f.data) > maxShownBytes {
		return kit.Drop("too_large_to_show")
	}
	return dropIfLost(s.pages.Show(f))
}

// markedFrame is a [textFrame] with the HTML of the text in its payload. That is beside the
// payload, where nobody on the bus can write it.
func markedFrame(topic string, payload []byte, room, marked string) frame {
	f := textFrame(topic, payload, room)
	data, _ := json.Marshal(marked) // a string: it cannot fail
	f.data = append(append(append(f.data[:len(f.data)-1:len(f.data)-1], `,"html":`...), data...), '}')
	return f
}

// markedLine is a line of the memory, with the HTML of what the assistant said where it has
// marks.
type markedLine struct {
	contract.MemoryLine
	HTML string `json:"html,omitempty"`
}

func marked(lines []contract.MemoryLine) []markedLine {
	all := make([]markedLine, 0, len(lines))
	for _, l := range lines {
		m := markedLine{MemoryLine: l}
		if l.Role == contract.RoleAssistant {
			m.HTML = markdown.HTML(l.Text)
		}
		all = append(all, m)
	}
	return all
}
