package engine

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/openai"
)

// lightIsOn is what most of the recorded servers answer.
const lightIsOn = "The kitchen light is on."

// recorded are answers in the shapes in which servers were seen or documented to send them,
// in testdata/servers, and what comes of them: the words to be spoken, why they end before
// their end, the tool that is called, or the error.
var recorded = map[string]struct{ spoken, cut, call, err string }{
	"openai-usage-chunk":           {spoken: lightIsOn},
	"openai-refusal":               {spoken: "I cannot help with that."},
	"openai-error-in-stream":       {spoken: "The kitc", err: "broke off: the server reports an error: The server had an error"},
	"openai-429-retry-after":       {err: "has had too many requests"},
	"openai-quota":                 {err: "has had too many requests: wait, or look at the plan of the key (You exceeded your current quota"},
	"openai-context-length":        {err: "failed with 400: This model's maximum context length"},
	"openai-length":                {spoken: "It was a fox. It lived in a wood near the", cut: contract.LLMCutLength},
	"azure-filter-results-first":   {spoken: lightIsOn},
	"azure-filtered-in-stream":     {spoken: "The first step is easy. Then you", cut: contract.LLMCutFilter},
	"azure-async-filter":           {spoken: lightIsOn},
	"azure-prompt-filtered":        {err: "failed with 400: The response was filtered"},
	"ollama-stream":                {spoken: lightIsOn},
	"ollama-reasoning":             {spoken: lightIsOn},
	"ollama-think-in-text":         {spoken: lightIsOn},
	"ollama-model-missing":         {err: `has no model "m"`},
	"ollama-runner-died":           {spoken: "The kitc", err: "broke off"},
	"ollama-native-lines":          {spoken: lightIsOn},
	"llamacpp-stream-timings":      {spoken: lightIsOn},
	"llamacpp-reasoning-content":   {spoken: lightIsOn},
	"llamacpp-think-closed-alone":  {spoken: lightIsOn},
	"llamacpp-error-field":         {spoken: "Well.", err: "broke off: the server reports an error: context shift is disabled"},
	"llamacpp-context-size":        {err: "failed with 400: the request exceeds the available context size"},
	"llamacpp-im-end-in-text":      {spoken: lightIsOn},
	"llamacpp-tools-need-jinja":    {err: "failed with 500: tools param requires --jinja flag"},
	"lmstudio-stream":              {spoken: lightIsOn},
	"lmstudio-error-event":         {err: "context length of only 4096 tokens"},
	"lmstudio-unknown-endpoint":    {err: "LLM_BASE_URL may lack its /v1"},
	"lmstudio-no-model-loaded":     {err: "No models loaded"},
	"lmstudio-harmony-in-text":     {spoken: lightIsOn},
	"vllm-continuous-usage":        {spoken: lightIsOn},
	"vllm-reasoning":               {spoken: lightIsOn},
	"vllm-abort":                   {spoken: "The kitchen light is on. The hall li", cut: contract.LLMCutBroken},
	"vllm-context-length":          {err: "failed with 400: This model's maximum context length is 4096"},
	"vllm-hermes-call-in-text":     {call: `light {"on":true}`},
	"vllm-engine-dead":             {err: "failed with 500: EngineCore encountered an issue"},
	"openrouter-processing":        {spoken: lightIsOn},
	"openrouter-error-chunk":       {spoken: "The kitc", err: "Provider disconnected unexpectedly"},
	"openrouter-reasoning-details": {spoken: lightIsOn},
	"openrouter-402":               {err: "failed with 402: Insufficient credits"},
	"mistral-parts":                {spoken: lightIsOn},
	"mistral-model-length":         {spoken: "It was a fox. It lived", cut: contract.LLMCutLength},
	"mistral-error-plain":          {err: "has had too many requests"},
	"mistral-tool-calls-in-text":   {call: `light {"on":true}`},
	"groq-x-groq":                  {spoken: lightIsOn},
	"groq-error-event":             {err: "Failed to call a function"},
	"groq-reasoning":               {spoken: lightIsOn},
	"deepseek-keep-alive":          {spoken: lightIsOn},
	"deepseek-overloaded":          {spoken: "The kitchen light is on. The ha", cut: contract.LLMCutBroken},
	"gemini-max-tokens":            {spoken: "It was a fox. It lived", cut: contract.LLMCutLength},
	"gemini-array-of-errors":       {err: "failed with 400"},
	"gemini-safety":                {cut: contract.LLMCutFilter},
	"huggingface-tgi-eos":          {spoken: lightIsOn},
	"localai-no-done":              {spoken: lightIsOn},
	"koboldcpp-crlf":               {spoken: lightIsOn},
	"tabbyapi-null-content":        {spoken: lightIsOn},
	"sglang-matched-stop":          {spoken: lightIsOn},
	"gateway-json-for-a-stream":    {spoken: lightIsOn},
	"gateway-empty-data":           {spoken: lightIsOn},
	"gateway-cut-cleanly":          {spoken: "The kitchen light is on. The hall li", cut: contract.LLMCutBroken},
	"gateway-html":                 {err: "failed with 502"},
	"gateway-function-call":        {call: `light {"on":true}`},
	"gateway-lone-newlines":        {spoken: lightIsOn},
}

func TestRecordedServers(t *testing.T) {
	files, err := filepath.Glob("testdata/servers/*.http")
	if err != nil || len(files) != len(recorded) {
		t.Fatalf("%d files for %d expectations: %v", len(files), len(recorded), err)
	}
	for name, want := range recorded {
		for form, size := range map[string]int{"at once": 1 << 20, "in small pieces": 7} {
			t.Run(name+" "+form, func(t *testing.T) {
				t.Parallel()
				c := serve(t, replay(t, name, size))
				began := time.Now()
				text, use, err := ask(t.Context(), c, Prompt{User: "Is it on?", Model: "m", MaxTokens: 99, Tools: []openai.Tool{{Type: "function", Function: openai.ToolFunction{Name: "light"}}}})
				text = strings.ReplaceAll(text, "|", "")
				call := ""
				for _, x := range use.Calls {
					call += x.Function.Name + " " + strings.ReplaceAll(x.Function.Arguments, " ", "")
				}
				if text != want.spoken || use.Cut != want.cut || call != want.call {
					t.Errorf("spoken %q, cut %q, called %q, want %+v", text, use.Cut, call, want)
				}
				if (err != nil) != (want.err != "") || err != nil && (!strings.Contains(err.Error(), want.err) || strings.Contains(err.Error(), "secret")) {
					t.Errorf("error %v, want %q", err, want.err)
				}
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("it took %s", took)
				}
			})
		}
	}
}

// replay sends a recorded answer, in pieces of size bytes.
func replay(t *testing.T, name string, size int) http.HandlerFunc {
	raw, err := os.ReadFile("testdata/servers/" + name + ".http")
	if err != nil {
		t.Fatal(err)
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		answer, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		for key, values := range answer.Header {
			w.Header()[key] = values
		}
		w.WriteHeader(answer.StatusCode)
		body, _ := io.ReadAll(answer.Body)
		for len(body) > 0 {
			n := min(size, len(body))
			_, _ = w.Write(body[:n])
			w.(http.Flusher).Flush()
			body = body[n:]
		}
	}
}
