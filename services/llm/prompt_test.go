package llm

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/services/llm/engine"
	"github.com/gotars/tars/services/llm/hits"
)

func settings() Config {
	return Config{Config: engine.Config{Engine: "auto", Timeout: 2 * time.Minute, FirstToken: 30 * time.Second, Idle: 15 * time.Second},
		MaxTokens: 256, Temperature: 0.7, TopP: 1, CtxWindow: 8192,
		ToolTimeout: 2500 * time.Millisecond, ToolRounds: 4, RAG: true, RAGTopK: 5, RAGMaxTokens: 2000, RAGContext: true, RAGWindow: 1, RAGStrategy: "hybrid", RAGTimeout: 500 * time.Millisecond, RAGTemplate: `Known:\n{context}\n\n{user}`}
}

func TestPersona(t *testing.T) {
	tests := map[string]struct {
		who  *contract.CharacterSnapshot
		want string
	}{
		"nobody":                       {nil, ""},
		"a name":                       {&contract.CharacterSnapshot{Name: "Case"}, "You are Case."},
		"a description":                {&contract.CharacterSnapshot{Name: "Case", Description: new("A robot.")}, "You are Case. A robot."},
		"a description among the meta": {&contract.CharacterSnapshot{Name: "Case", Meta: map[string]any{"description": "Old."}}, "You are Case. Old."},
		"all of it": {&contract.CharacterSnapshot{Name: "Case", SystemPrompt: new(" Be brief. "), Scenario: map[string]any{"world": "A ship.", "context": "At sea."},
			PersonalityNotes: map[string]any{"wit_level": "Dry.", "tone": "Calm.", "n": 3}, ExampleInteractions: map[string]any{"b": "Two.", "a": "One."},
			Traits: map[string]any{"humor": 90., "honesty": 95}},
			"Be brief.\n\nWorld Context: A ship.\nOperational Context: At sea.\n\nBehavioral Guidelines:\n- Tone: Calm.\n- Wit Level: Dry.\n\n" +
				"Example Communication Style:\nOne.\n\nTwo.\n\nPersonality Metrics (0 to 100): honesty: 95; humor: 90"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := personaPrompt(tt.who); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// base is the base prompt of b.
func base(t *testing.T, b budget) engine.Prompt {
	t.Helper()
	p, err := b.basePrompt(nil, promptFacts{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestHistory(t *testing.T) {
	turn := func(role, text string) contract.ConversationMessage {
		return contract.ConversationMessage{Role: role, Content: text}
	}
	long := strings.Repeat("word ", 5000)
	tests := map[string]struct {
		history []contract.ConversationMessage
		want    []string
	}{
		"none":                            {nil, nil},
		"in order":                        {[]contract.ConversationMessage{turn("user", "one"), turn("assistant", "two")}, []string{"one", "two"}},
		"without the question at its end": {[]contract.ConversationMessage{turn("user", "one"), turn("assistant", "two"), turn("user", " the\nquestion ")}, []string{"one", "two"}},
		"the question asked before stays": {[]contract.ConversationMessage{turn("user", "the question"), turn("assistant", "two")}, []string{"the question", "two"}},
		"an answer that repeats it stays": {[]contract.ConversationMessage{turn("assistant", "the question")}, []string{"the question"}},
		"the newest that fit":             {[]contract.ConversationMessage{turn("user", "one"), turn("assistant", long), turn("user", long), turn("assistant", "four")}, []string{long, "four"}},
		"no blank turns":                  {[]contract.ConversationMessage{turn("user", " "), turn("assistant", "two")}, []string{"two"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := budget{cfg: settings(), q: contract.LLMRequest{Text: "the question", History: tt.history}}
			var got []string
			for _, m := range b.fittingHistory(base(t, b)) {
				got = append(got, m.Content)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("kept %.60q, want %.60q", got, tt.want)
			}
		})
	}
}

func TestParams(t *testing.T) {
	tests := map[string]struct {
		params map[string]any
		want   engine.Prompt
	}{
		"none":                {nil, engine.Prompt{MaxTokens: 256, Temperature: 0.7, TopP: 1}},
		"all":                 {map[string]any{"model": "m", "max_tokens": 9., "temperature": 0., "top_p": 0.5, "other": true}, engine.Prompt{Model: "m", MaxTokens: 9, Temperature: 0, TopP: 0.5}},
		"what makes no sense": {map[string]any{"model": 3., "max_tokens": 0., "temperature": "hot", "top_p": 0.}, engine.Prompt{MaxTokens: 256, Temperature: 0.7, TopP: 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := base(t, budget{cfg: settings(), q: contract.LLMRequest{Params: tt.params}})
			if got.Model != tt.want.Model || got.MaxTokens != tt.want.MaxTokens || got.Temperature != tt.want.Temperature || got.TopP != tt.want.TopP {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestRoomForMemory(t *testing.T) {
	small := settings()
	small.CtxWindow = 430
	off := settings()
	off.RAG = false
	tests := map[string]struct {
		cfg  Config
		q    contract.LLMRequest
		want bool
	}{
		"by default":          {settings(), contract.LLMRequest{Text: "x"}, true},
		"not wanted":          {settings(), contract.LLMRequest{Text: "x", UseRAG: new(false)}, false},
		"switched off":        {off, contract.LLMRequest{Text: "x"}, false},
		"wanted all the same": {off, contract.LLMRequest{Text: "x", UseRAG: new(true)}, true},
		"a small window":      {small, contract.LLMRequest{Text: "x"}, false},
		"a long question":     {settings(), contract.LLMRequest{Text: strings.Repeat("long ", 7600)}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := budget{cfg: tt.cfg, q: tt.q}
			if got := b.memoryRoom(base(t, b)); got > 0 != tt.want || got > 2000 {
				t.Errorf("%d tokens, want some: %v", got, tt.want)
			}
		})
	}
}

func TestLine(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 5, 0, 0, time.Local)
	stamp := func(s string) *string { return &s }
	tests := map[string]struct {
		x    contract.MemoryResult
		want string
	}{
		"ours":               {contract.MemoryResult{Document: map[string]any{"text": "red\nboat", "role": "user"}, Timestamp: stamp(seconds(noon))}, "(2026-11-23 12:05, user) red boat"},
		"a neighbour":        {contract.MemoryResult{Document: map[string]any{"text": "x"}, ContextType: "previous"}, "[previous] x"},
		"another memory's":   {contract.MemoryResult{Document: map[string]any{"user_input": "hi", "bot_response": "ho"}, Timestamp: stamp("yesterday")}, "(yesterday) hi"},
		"no usual key":       {contract.MemoryResult{Document: map[string]any{"b": 2., "a": "one"}}, "one 2"},
		"text and no object": {contract.MemoryResult{Document: "plain"}, "plain"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := memoryLine(tt.x, hits.Text(tt.x)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
