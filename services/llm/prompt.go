package llm

import (
	"slices"
	"strings"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/services/llm/engine"
)

// Tokens that are kept free for what a chat format puts around the messages,
// and the least that is worth filling with memory or history.
const (
	margin, frame         = 100, 300
	leastMemory, leastOld = 100, 50
)

// budget fits one request into the context window.
type budget struct {
	cfg Config
	q   contract.LLMRequest
}

// prompt is the request without memory and history.
func (b budget) prompt(who *contract.CharacterSnapshot) engine.Prompt {
	p := engine.Prompt{Question: b.q.Text, User: b.q.Text, Model: b.cfg.Model, MaxTokens: b.cfg.MaxTokens, Temperature: b.cfg.Temperature, TopP: b.cfg.TopP}
	p.System = personaPrompt(who)
	if b.q.System != nil {
		p.System = joinParagraphs(p.System, strings.TrimSpace(*b.q.System))
	}
	if s, ok := b.q.Params["model"].(string); ok && s != "" {
		p.Model = s
	}
	if n, ok := numberOf(b.q.Params["max_tokens"]); ok && n >= 1 {
		p.MaxTokens = int(min(n, 1<<20))
	}
	if x, ok := numberOf(b.q.Params["temperature"]); ok && x >= 0 && x <= 2 {
		p.Temperature = x
	}
	if x, ok := numberOf(b.q.Params["top_p"]); ok && x > 0 && x <= 1 {
		p.TopP = x
	}
	return p
}

// numberOf is a parameter, which has been through JSON or not.
func numberOf(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	}
	return 0, false
}

// room is how many tokens remain beside p.
func (b budget) room(p engine.Prompt) int {
	return b.cfg.CtxWindow - p.MaxTokens - margin - frame - countTokens(p.System) - countTokens(p.User)
}

// forMemory is how many tokens of memory p may have; 0 when none are wanted or
// fit.
func (b budget) forMemory(p engine.Prompt) int {
	wanted := b.cfg.RAG
	if b.q.UseRAG != nil {
		wanted = *b.q.UseRAG
	}
	room := b.room(p)
	if !wanted || room <= leastMemory {
		return 0
	}
	return min(room/2, b.cfg.RAGMaxTokens)
}

// user is the user's turn with what was recalled.
func (b budget) user(recalled string) string {
	if recalled == "" {
		return b.q.Text
	}
	template := strings.ReplaceAll(b.cfg.RAGTemplate, `\n`, "\n") // as files of variables write it
	return strings.NewReplacer("{context}", recalled, "{user}", b.q.Text).Replace(template)
}

// history is what still fits of the conversation, newest first kept. Some
// routers count the question itself as the last turn of it; it is left out.
func (b budget) history(p engine.Prompt) []contract.ConversationMessage {
	old := pastTurns(b.q)
	room, from := b.room(p), len(old)
	if room <= leastOld {
		return nil
	}
	for from > 0 {
		if room -= countTokens(old[from-1].Content); room < 0 {
			break
		}
		from--
	}
	return old[from:]
}

// pastTurns is the conversation before the question, without blank turns.
func pastTurns(q contract.LLMRequest) []contract.ConversationMessage {
	old := q.History
	if n := len(old); n > 0 && old[n-1].Role == contract.RoleUser && sameText(old[n-1].Content, q.Text) {
		old = old[:n-1]
	}
	return slices.DeleteFunc(slices.Clone(old), func(m contract.ConversationMessage) bool { return strings.TrimSpace(m.Content) == "" })
}

// sameText reports whether two texts differ in white space at most.
func sameText(a, b string) bool { return slices.Equal(strings.Fields(a), strings.Fields(b)) }

// countTokens estimates the tokens of text: about 1.3 a word, and no fewer than one
// for four bytes, for code and for languages that do not part words.
func countTokens(text string) int {
	return max(int(float64(len(strings.Fields(text)))*1.3), len(text)/4)
}
