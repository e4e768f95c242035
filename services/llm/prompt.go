package llm

import (
	"slices"
	"strings"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/services/llm/engine"
)

const (
	// formatTokens are kept free for what a chat format puts around the messages, and
	// spareTokens because countTokens only estimates.
	formatTokens, spareTokens = 300, 100
	// minMemoryTokens and minHistoryTokens are the room from which on it is worth asking
	// the memory, and adding earlier turns.
	minMemoryTokens, minHistoryTokens = 100, 50
)

// budget fits the prompt of one request into the context window of the model.
type budget struct {
	cfg Config
	q   contract.LLMRequest
}

// basePrompt is the prompt before memory and history are added: the persona, the question
// and the parameters, which the request may override.
func (b budget) basePrompt(who *contract.CharacterSnapshot) engine.Prompt {
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

// numberOf is a parameter as a number: a float64 when it came as JSON, and an int of any
// kind when it did not.
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

// room is how many tokens of the context window p leaves free. It can be negative.
func (b budget) room(p engine.Prompt) int {
	return b.cfg.CtxWindow - p.MaxTokens - spareTokens - formatTokens - countTokens(p.System) - countTokens(p.User)
}

// memoryRoom is how many tokens of memory may be added to p; 0 when none are wanted or
// fit.
func (b budget) memoryRoom(p engine.Prompt) int {
	wanted := b.cfg.RAG
	if b.q.UseRAG != nil {
		wanted = *b.q.UseRAG
	}
	room := b.room(p)
	if !wanted || room <= minMemoryTokens {
		return 0
	}
	return min(room/2, b.cfg.RAGMaxTokens)
}

// userTurn is the user's turn in the conversation: the question, with what was recalled
// put into the template.
func (b budget) userTurn(recalled string) string {
	if recalled == "" {
		return b.q.Text
	}
	template := strings.ReplaceAll(b.cfg.RAGTemplate, `\n`, "\n") // as files of variables write it
	return strings.NewReplacer("{context}", recalled, "{user}", b.q.Text).Replace(template)
}

// fittingHistory is as much of the earlier conversation as still fits beside p. When not
// all fits, the oldest turns are left out.
func (b budget) fittingHistory(p engine.Prompt) []contract.ConversationMessage {
	old := pastTurns(b.q)
	room, from := b.room(p), len(old)
	if room <= minHistoryTokens {
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

// pastTurns is the conversation before the question, without blank turns. Some routers send
// the question itself as its last turn, which is left out.
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
