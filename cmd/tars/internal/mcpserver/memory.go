package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// recallTimeout bounds a look into the memory.
const recallTimeout = 10 * time.Second

type rememberInput struct {
	Fact string `json:"fact" jsonschema:"one sentence: The door code is 4711."`
}

type rememberOutput struct {
	Answer string `json:"answer" jsonschema:"what the assistant said to it"`
}

// keptTimeout is how long the memory may take to write a line, and lookEvery how often it
// is asked whether it has.
const (
	keptTimeout = 3 * time.Second
	lookEvery   = 50 * time.Millisecond
)

// remember tells a fact as a person would, and returns when the memory has it. That no model
// answered does not matter then.
func (a *Assistant) remember(ctx context.Context, in rememberInput) (out rememberOutput, err error) {
	if in.Fact == "" {
		return out, errors.New("fact is empty")
	}
	told := "Remember: " + in.Fact
	r, failed := a.ask(ctx, askInput{Question: told})
	ctx, cancel := context.WithTimeout(ctx, keptTimeout)
	defer cancel()
	for {
		lines, err := a.recall(ctx, recallInput{Text: "*", Most: 20})
		if slices.ContainsFunc(lines.Lines, func(l recalledLine) bool { return l.Text == told }) {
			return rememberOutput{r.Answer}, nil
		}
		select {
		case <-ctx.Done():
			return out, errors.Join(errors.New("the memory does not have it"), failed, err)
		case <-time.After(lookEvery):
		}
	}
}

type recallInput struct {
	Text string `json:"text" jsonschema:"what to look for; * for what was said last"`
	Most int    `json:"most,omitempty" jsonschema:"how many lines at most, 1 to 50; 5 when it is not given"`
}

type recallOutput struct {
	Lines []recalledLine `json:"lines"`
}

type recalledLine struct {
	Text  string  `json:"text"`
	Role  string  `json:"role,omitempty" jsonschema:"user or assistant"`
	At    string  `json:"at,omitempty" jsonschema:"when it was said"`
	Score float64 `json:"score,omitempty"`
}

// recall asks the memory.
func (a *Assistant) recall(ctx context.Context, in recallInput) (out recallOutput, err error) {
	if in.Most == 0 {
		in.Most = 5
	}
	if in.Text == "" || in.Most < 1 || in.Most > 50 {
		return out, errors.New("want a text, and most of 1 to 50")
	}
	ctx, cancel := context.WithTimeout(ctx, recallTimeout)
	defer cancel()
	q := contract.MemoryQuery{Text: in.Text, TopK: in.Most, RetrievalStrategy: contract.RecallHybrid, ContextWindow: new(0)}
	r, err := kit.Ask(ctx, a.bus, q)
	if err != nil {
		return out, fmt.Errorf("%w: is the memory running?", err)
	}
	out.Lines = []recalledLine{}
	for _, hit := range r.Results {
		out.Lines = append(out.Lines, lineOf(hit))
	}
	return out, nil
}

// lineOf is a hit, whose document is a text or an object with one.
func lineOf(hit contract.MemoryResult) (l recalledLine) {
	if hit.Score != nil {
		l.Score = *hit.Score
	}
	switch d := hit.Document.(type) {
	case string:
		l.Text = d
	case map[string]any:
		l.Text, _ = d["text"].(string)
		l.Role, _ = d["role"].(string)
		if ts, ok := d["ts"].(float64); ok {
			l.At = time.UnixMicro(int64(ts * 1e6)).Format(time.RFC3339)
		}
	}
	return l
}
