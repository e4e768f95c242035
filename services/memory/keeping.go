package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// list answers with the lines that are kept.
func (s *Service) list(ctx context.Context, q contract.MemoryList) (contract.MemoryLines, error) {
	found, err := s.store.Recent(ctx, q.Limit)
	slices.Reverse(found)
	if !q.Last && err == nil {
		found, err = s.store.After(ctx, q.After, q.Limit)
	}
	if err != nil {
		return contract.MemoryLines{}, err
	}
	out := contract.MemoryLines{Lines: make([]contract.MemoryLine, len(found)), Total: s.store.words.Len()}
	for i, l := range found {
		out.Lines[i] = contract.MemoryLine{ID: l.ID, Role: l.Role, Text: l.Text, TS: unixSeconds(l.At), Room: l.Room, Speaker: l.Speaker, UttID: l.UttID}
	}
	return out, nil
}

// maxImported is how many lines one message may bring.
const maxImported = 500

// importLines keeps lines that are not there.
func (s *Service) importLines(ctx context.Context, m contract.MemoryImport) (contract.MemoryImported, error) {
	if len(m.Lines) > maxImported {
		return contract.MemoryImported{}, kit.Permanent(fmt.Errorf("%d lines in one import, want at most %d", len(m.Lines), maxImported))
	}
	all := make([]Line, len(m.Lines))
	for i, l := range m.Lines {
		all[i] = Line{Role: l.Role, Text: l.Text, At: timeOf(l.TS), Room: l.Room, Speaker: l.Speaker, UttID: l.UttID}
	}
	n, err := s.store.Import(ctx, all)
	return contract.MemoryImported{Added: n}, err
}

// forgetLines forgets for good what m names, what the assistant said that repeats it, and
// the words that asked for it. It runs in the lane of speech, so that no answer that is
// being spoken brings a line back.
func (s *Service) forgetLines(ctx context.Context, m contract.MemoryForget) (contract.MemoryForgotten, error) {
	in := kit.From(ctx)
	var gone []int64
	var err error
	if m.All && len(m.IDs) == 0 && m.About == "" && !m.Last {
		gone, err = s.store.ForgetAll(ctx)
		s.speaking = nil
	} else {
		gone, err = s.forgetSome(ctx, m, in)
	}
	s.semantic.forget(gone)
	return contract.MemoryForgotten{Count: len(gone)}, err
}

func (s *Service) forgetSome(ctx context.Context, m contract.MemoryForget, in kit.Meta) ([]int64, error) {
	wanted := m.IDs
	var err error
	switch {
	case len(m.IDs) > 0:
	case m.About != "":
		wanted = s.linesAbout(m.About)
	case m.Last:
		wanted, err = s.lastTold(ctx, in)
	}
	if err != nil || len(wanted) == 0 {
		return nil, err
	}
	found, err := s.store.Lines(ctx, wanted)
	if err != nil {
		return nil, err
	}
	for _, l := range found {
		repeated, err := s.repetitions(ctx, l)
		if err != nil {
			return nil, err
		}
		wanted = append(wanted, repeated...)
	}
	if m.About != "" && in.Trace != "" {
		asking, err := s.store.OfTurn(ctx, in.Trace) // "forget that the key is under the mat" says where it is
		if err != nil {
			return nil, err
		}
		for _, l := range asking {
			wanted = append(wanted, l.ID)
		}
	}
	slices.Sort(wanted)
	leaving, err := s.store.Lines(ctx, wanted)
	if err != nil {
		return nil, err
	}
	s.speaking = slices.DeleteFunc(s.speaking, func(a *spokenAnswer) bool {
		return slices.ContainsFunc(leaving, func(l Line) bool { return l.Role == assistant && l.UttID == a.utt })
	})
	return s.store.ForgetLines(ctx, slices.Compact(wanted))
}

const (
	maxForgotten = 200              // lines of one MemoryForget by words
	thatIsFor    = 15 * time.Minute // how long ago "that" may have been said
)

// linesAbout are the lines that have all the words of a text that say something.
func (s *Service) linesAbout(text string) (ids []int64) {
	for _, h := range slices.Concat(s.store.words.Search(questionStems(text), maxForgotten, uint8(quoted)+1)...) {
		if h.Share > 0.999 {
			ids = append(ids, h.ID)
		}
	}
	return ids
}

// lastTold is the last statement of the user before this turn, in the room of the turn
// where that is known.
func (s *Service) lastTold(ctx context.Context, in kit.Meta) ([]int64, error) {
	last, err := s.store.Questions(ctx, maxQuestionLines)
	for _, l := range last {
		room := in.Baggage["room"]
		if kindOf(l) != told || in.Trace != "" && l.Trace == in.Trace || cmp.Or(room, l.Room) != cmp.Or(l.Room, room) || time.Since(l.At) > thatIsFor {
			continue
		}
		return []int64{l.ID}, err
	}
	return nil, err
}

// repetitions are the lines of the assistant that repeat a line, and those of its turn that
// have one of its words.
func (s *Service) repetitions(ctx context.Context, l Line) (ids []int64, err error) {
	if l.Role != user {
		return nil, nil
	}
	u := evidence{line: l, kind: told, stems: s.store.words.Stems(l.Text)}
	var near []int64
	for _, h := range slices.Concat(s.store.words.Search(coreStems(u.stems), maxForgotten, uint8(quoted)+1)...) {
		near = append(near, h.ID)
	}
	found, err := s.store.Lines(ctx, near)
	for _, a := range found {
		if a.Role != assistant || a.ID < l.ID {
			continue
		}
		e := evidence{line: a, stems: s.store.words.Stems(a.Text)}
		if repeats(e, u) || l.Trace != "" && a.Trace == l.Trace {
			ids = append(ids, a.ID)
		}
	}
	return ids, err
}
