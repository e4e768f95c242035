package turns

import (
	"cmp"
	"slices"

	"github.com/gotars/tars/contract"
)

// Whose time a stage takes.
const (
	OfPerson = "person"
	OfOurs   = "ours"
	OfEngine = "engine"
	OfTool   = "tool"
)

// Stage is one part of a turn, in Unix seconds.
type Stage struct {
	Name string  `json:"name"`
	Of   string  `json:"of"`
	From float64 `json:"from"`
	To   float64 `json:"to"`
	Note string  `json:"note,omitempty"` // which model, tool or line
}

// Wait is what a person waited, from the last word to the first sound, in seconds.
type Wait struct {
	Total   float64 `json:"total"`
	Pause   float64 `json:"pause"`   // of it: silence in which no engine worked, until it was decided that the turn was over
	Engines float64 `json:"engines"` // of it: engines and tools worked
	Ours    float64 `json:"ours"`    // of it: everything else
}

// stages are the parts of t whose times are known, in their order.
func (t *Turn) stages() (all []Stage) {
	add := func(name, of string, from, to *float64, note string) {
		if from != nil && to != nil && *to >= *from && *from > 0 {
			all = append(all, Stage{name, of, *from, *to, note})
		}
	}
	r := t.Record
	if r == nil {
		r = &contract.TurnRecord{}
	}
	begun, lastWord, endpoint := r.SpeechStart, cmp.Or(r.LastWord, r.SpeechEnd), t.endpoint()
	if s := t.Speech; s != nil && len(s.Voice) > 0 {
		begun, lastWord = new(s.Begun+s.Voice[0].From), cmp.Or(lastWord, new(s.Begun+s.Voice[len(s.Voice)-1].To))
		if endpoint == nil && len(s.Pauses) > 0 {
			endpoint = new(s.Begun + s.Pauses[len(s.Pauses)-1].To)
		}
	}
	add("speaking", OfPerson, begun, lastWord, "")
	add("pause", OfOurs, lastWord, endpoint, "")
	if s := t.Speech; s != nil && s.Read != nil {
		add("recognition", OfEngine, new(s.Begun+s.Read.From), new(s.Begun+s.Read.To), "")
	}
	if t.Asked > 0 {
		add("routing", OfOurs, r.Final, &t.Asked, "")
	} else {
		add("routing", OfOurs, r.Final, r.FirstSay, "")
	}
	t.modelStages(add)
	if first := t.firstSpoken(); first != nil && first.Detail != nil {
		d := first.Detail
		add("voice", OfEngine, d.Asked, d.First, "")
		add("playing out", OfOurs, d.First, d.Begun, "")
	}
	for _, s := range t.Spoken {
		if d := s.Detail; s.Aside && d != nil {
			add("meanwhile", OfPerson, d.Begun, &d.Ended, s.Text)
		}
	}
	if r.FirstAudio != nil {
		add("answer", OfPerson, r.FirstAudio, t.lastHeard(r.End), "")
	}
	slices.SortStableFunc(all, func(a, b Stage) int { return cmp.Compare(a.From, b.From) })
	return all
}

// modelStages adds those of the model and its tools.
func (t *Turn) modelStages(add func(name, of string, from, to *float64, note string)) {
	if m := t.Made; m != nil {
		add("memory", OfOurs, m.MemoryAsked, m.MemoryTold, "")
		for i, x := range m.Rounds {
			note := text(x.Model)
			add(roundName(i, x), OfEngine, &x.Asked, cmp.Or(x.First, &x.Ended), note)
			add("writing", OfEngine, x.First, &x.Ended, note)
		}
	}
	for _, x := range t.Tools {
		if x.To > 0 {
			add("tool", OfTool, &x.From, &x.To, x.Name)
		}
	}
}

// roundName is the stage of a model until its first word, or to its end if it wrote none.
// i counts the times that the model was asked before.
func roundName(i int, x contract.ModelRound) string {
	switch {
	case x.First != nil && i > 0:
		return "thinking again"
	case x.First != nil:
		return "thinking"
	case text(x.Error) == "cancelled":
		return "given up"
	case x.Error != nil:
		return "refused"
	case len(x.Calls) > 0:
		return "choosing"
	}
	return "thinking"
}

// endpoint is when the turn was taken to be over: the end of the pause in which it ended,
// so that the silence is as long in all that is told of it.
func (t *Turn) endpoint() *float64 {
	if s := t.Speech; s != nil {
		for _, p := range s.Pauses {
			if p.Ended {
				return new(s.Begun + p.To)
			}
		}
	}
	if t.Record == nil {
		return nil
	}
	return t.Record.Endpoint
}

// firstSpoken is the first line of the answer itself.
func (t *Turn) firstSpoken() *Spoken {
	for i := range t.Spoken {
		if !t.Spoken[i].Aside {
			return &t.Spoken[i]
		}
	}
	return nil
}

// lastHeard is when the voice fell silent, else end.
func (t *Turn) lastHeard(end *float64) *float64 {
	last := 0.0
	for _, s := range t.Spoken {
		if s.Detail != nil && s.Detail.Begun != nil {
			last = max(last, s.Detail.Ended)
		}
	}
	if last == 0 {
		return end
	}
	return &last
}

// wait is how long the person waited, nil when that is unknown.
func (t *Turn) wait(all []Stage) *Wait {
	r := t.Record
	if r == nil || r.FirstAudio == nil {
		return nil
	}
	from := cmp.Or(r.LastWord, r.SpeechEnd, r.Final)
	if from == nil || *r.FirstAudio < *from {
		return nil
	}
	w := &Wait{Total: *r.FirstAudio - *from, Engines: covered(all, *from, *r.FirstAudio)}
	if end := t.endpoint(); r.LastWord != nil && end != nil {
		w.Pause = max(0, *end-*r.LastWord-covered(all, *r.LastWord, *end))
	}
	w.Ours = max(0, w.Total-w.Engines-w.Pause)
	return w
}

// covered is how many seconds between two times an engine or a tool worked.
func covered(all []Stage, from, to float64) (sum float64) {
	end := from
	for _, s := range all { // by their begin
		if s.Of != OfEngine && s.Of != OfTool {
			continue
		}
		if a, b := max(s.From, end), min(s.To, to); b > a {
			sum, end = sum+b-a, b
		}
	}
	return sum
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
