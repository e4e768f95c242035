package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/services/llm/marks"
)

// cuts are the reasons with which servers end an answer that is not complete.
var cuts = map[string]string{
	"length": contract.LLMCutLength, "max_tokens": contract.LLMCutLength, "MAX_TOKENS": contract.LLMCutLength, "model_length": contract.LLMCutLength, "max_output_tokens": contract.LLMCutLength,
	"content_filter": contract.LLMCutFilter, "content-filter": contract.LLMCutFilter, "safety": contract.LLMCutFilter, "SAFETY": contract.LLMCutFilter, "RECITATION": contract.LLMCutFilter,
	"error": contract.LLMCutBroken, "abort": contract.LLMCutBroken, "aborted": contract.LLMCutBroken, "insufficient_system_resource": contract.LLMCutBroken, "network_error": contract.LLMCutBroken,
}

// maxBehindEnd is how many pieces of an answer are read behind a mark that ends it: the
// counts of tokens come at the very end, and a model that goes on talking to itself does not stop.
const maxBehindEnd = 8

// answer reads the stream of one request.
type answer struct {
	emit   func(string) error
	watch  *watch
	filter marks.Filter

	use     Usage
	calls   openai.ToolCalls
	last    rune // of what was emitted
	wrote   bool
	thought bool // the model thought, in text or beside it
	apart   bool // the server told thoughts from the answer
	behind  int  // pieces behind the end of the answer
}

// stream sends one request and passes on its answer. An error may come after the first
// words.
func (o *OpenAI) stream(ctx context.Context, p Prompt, strict bool, w *watch, emit func(string) error) (Usage, error) {
	a := answer{emit: emit, watch: w, use: Usage{Model: p.Model}}
	thinks, known := o.learned.thinksFirst(o.host, p.Model)
	a.filter.Hold = thinks || !known && marks.ThinksFirst(p.Model)
	for chunk, err := range o.client.Chat(ctx, chatRequest(p, strict)) {
		if err != nil {
			return a.use, err
		}
		if !known && chunk.Text != "" && !a.filter.Hold && !a.thought {
			thinks, known = o.opensThoughts(ctx, chunk.Server, p.Model), true
			a.filter.Hold = thinks
		}
		more, err := a.read(chunk)
		if err != nil {
			return a.use, err
		}
		if !more {
			break
		}
	}
	if err := a.finish(p); err != nil {
		return a.use, err
	}
	o.learnThoughts(p.Model, &a, thinks)
	if !a.wrote && len(a.use.Calls) == 0 && (a.thought || a.use.Cut == contract.LLMCutBroken) {
		return a.use, o.noWords(a.use)
	}
	return a.use, nil
}

// templateTimeout is how long the first words of a model of which nothing is known wait for its
// chat template: a server on this machine tells it in a few milliseconds.
const templateTimeout = 300 * time.Millisecond

// opensThoughts asks a server that tells it whether the template of a model opens thoughts, once
// for each model: what it tells is kept. False when nobody knows.
func (o *OpenAI) opensThoughts(ctx context.Context, server, model string) bool {
	if server == "" {
		return false
	}
	if _, asked := o.asked.LoadOrStore(model, true); asked {
		return false
	}
	ctx, stop := context.WithTimeout(ctx, templateTimeout)
	defer stop()
	template, err := o.client.ChatTemplate(ctx, server, model)
	if err != nil || template == "" {
		return false
	}
	opens := marks.OpensThoughts(template)
	o.learned.learn(o.host, model, opens)
	return opens
}

// learnThoughts keeps what an answer shows: that its thoughts had no marked begin, or, where
// they were waited for, that there were none. What is cut shows neither.
func (o *OpenAI) learnThoughts(model string, a *answer, expected bool) {
	switch {
	case a.filter.EndedAlone():
		o.learned.learn(o.host, model, true)
	case expected && a.wrote && !a.apart && a.use.Cut == "" && len(a.use.Calls) == 0:
		o.learned.learn(o.host, model, false)
	}
}

// noWords is the error of an answer that has nothing for the listener.
func (o *OpenAI) noWords(use Usage) error {
	switch use.Cut {
	case contract.LLMCutLength:
		return unavailableError("the model at %s used all of its answer for thoughts: raise LLM_MAX_TOKENS, or switch its thinking off", o.host)
	case contract.LLMCutFilter:
		return unavailableError("the provider at %s does not let the model answer that", o.host)
	case contract.LLMCutBroken:
		return unavailableError("the model at %s gave up before its first word", o.host)
	}
	return unavailableError("the model at %s wrote thoughts and no answer: ask again, or take another model", o.host)
}

// read takes a chunk, and reports whether more are wanted.
func (a *answer) read(chunk openai.ChatChunk) (more bool, err error) {
	a.use.Model = cmp.Or(chunk.Model, a.use.Model)
	a.use.Cut = cmp.Or(cuts[chunk.Finish], a.use.Cut)
	if chunk.Usage != nil {
		a.use.Tokens = chunk.Usage
	}
	if chunk.Cut && a.wrote && !isSentenceEnd(a.last) {
		a.use.Cut = cmp.Or(a.use.Cut, contract.LLMCutBroken)
	}
	for _, c := range chunk.ToolCalls {
		a.calls.Add(c)
	}
	if chunk.Thought != "" {
		a.thought, a.apart = true, true
		a.filter.Separated()
	}
	text := a.filter.Add(chunk.Text)
	if text != "" {
		return true, a.pass(text)
	}
	switch {
	case chunk.Loading:
		a.watch.alive(Loading)
	case chunk.Text != "" || chunk.Thought != "" || len(chunk.ToolCalls) > 0:
		a.thought = a.thought || strings.TrimSpace(chunk.Text) != ""
		a.watch.alive(Thinking)
	default:
		a.watch.alive(Waiting)
	}
	if a.filter.Over() {
		a.behind++
	}
	return a.behind <= maxBehindEnd, a.emit("")
}

// pass hands words to the listener.
func (a *answer) pass(text string) error {
	a.watch.wrote()
	a.wrote = true
	a.last, _ = utf8.DecodeLastRuneInString(strings.TrimRightFunc(text, unicode.IsSpace))
	return a.emit(text)
}

// finish passes on what is left of the answer, and collects the calls in it.
func (a *answer) finish(p Prompt) error {
	if a.filter.Over() && a.use.Cut == contract.LLMCutLength {
		a.use.Cut = "" // what was cut stood behind the end
	}
	if text := a.filter.Flush(a.use.Cut != ""); text != "" {
		if err := a.pass(text); err != nil {
			return err
		}
	}
	a.use.Spoiled = a.filter.Spoiled()
	a.use.Calls = a.calls.All()
	if len(a.use.Calls) > 0 || len(p.Tools) == 0 {
		return nil
	}
	var written openai.ToolCalls
	for _, text := range a.filter.Calls() {
		for _, c := range marks.ParseCalls(text) {
			if slices.ContainsFunc(p.Tools, func(t openai.Tool) bool { return t.Function.Name == c.Name }) {
				written.Add(openai.ToolCallDelta{Index: len(written.All()), Name: c.Name, Arguments: c.Arguments})
			}
		}
	}
	a.use.Calls = written.All()
	return nil
}

// isSentenceEnd tells whether a text that ends with r may be complete.
func isSentenceEnd(r rune) bool {
	return strings.ContainsRune(".!?…。！？।؟:\"'”’»)]}*`", r) || unicode.Is(unicode.So, r)
}

// chatRequest is the request for p. With minimal parameters it has only those that newer
// models of OpenAI take, which refuse the others.
func chatRequest(p Prompt, strict bool) openai.ChatRequest {
	q := openai.ChatRequest{Model: p.Model, Tools: p.Tools}
	if p.System != "" {
		q.Messages = append(q.Messages, openai.Message{Role: "system", Content: p.System})
	}
	for _, m := range p.History {
		role := contract.RoleUser
		if m.Role == contract.RoleAssistant {
			role = contract.RoleAssistant
		}
		q.Messages = append(q.Messages, openai.Message{Role: role, Content: m.Content})
	}
	q.Messages = append(q.Messages, openai.Message{Role: contract.RoleUser, Content: p.User})
	q.Messages = append(q.Messages, p.After...)
	if strict {
		q.MaxCompletionTokens = &p.MaxTokens
		return q
	}
	q.MaxTokens, q.Temperature, q.TopP = &p.MaxTokens, &p.Temperature, &p.TopP
	q.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
	return q
}
