package marks

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// answers are what models were seen to write, and what of it is for the listener.
var answers = map[string]struct{ written, want string }{
	"words alone":                        {"Paris is the capital.", "Paris is the capital."},
	"nothing":                            {"", ""},
	"white space around":                 {"\n\n Paris. \n", "Paris."},
	"thoughts first":                     {"<think>hm\nhm</think>\n\nParis is the capital.", "Paris is the capital."},
	"thoughts first, with CRLF":          {"\r\n<think>\r\nhm\r\n</think>\r\n\r\nParis is the capital.", "Paris is the capital."},
	"thoughts that are empty":            {"<think>\n\n</think>\n\nParis.", "Paris."},
	"thoughts in capitals":               {"<THINK>hm</THINK>Paris.", "Paris."},
	"thoughts in a tag with a space":     {"< think >hm</ think >Paris.", "Paris."},
	"thoughts in a tag with attributes":  {`<thinking type="deep">hm</thinking>Paris.`, "Paris."},
	"thoughts called thinking":           {"<thinking>The user asks.</thinking>\nParis.", "Paris."},
	"thoughts called thought":            {"<thought>The user asks.</thought>\nParis.", "Paris."},
	"thoughts called reasoning":          {"<reasoning>hm</reasoning> Paris.", "Paris."},
	"thoughts called scratchpad":         {"<scratchpad>hm</scratchpad> Paris.", "Paris."},
	"thoughts of Seed":                   {"<seed:think>hm</seed:think>Paris.", "Paris."},
	"thoughts of Magistral":              {"[THINK]hm[/THINK]Paris.", "Paris."},
	"thoughts of Kimi":                   {"◁think▷hm◁/think▷Paris.", "Paris."},
	"thoughts of Command A":              {"<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>Paris.<|END_RESPONSE|>", "Paris."},
	"thoughts of Gemma":                  {"<|channel>thought\nhm<channel|>Paris.<turn|>", "Paris."},
	"thoughts of MedGemma":               {"<unused94>thought\nhm<unused95>Paris.", "Paris."},
	"thoughts of Sky-T1":                 {"<|begin_of_thought|>hm<|end_of_thought|>\n<|begin_of_solution|>Paris.<|end_of_solution|>", "Paris."},
	"thoughts closed by another name":    {"<think>hm</thinking>Paris.", "Paris."},
	"thoughts in the middle":             {"Well. <think>hm, is it?</think> Paris is the capital.", "Well. Paris is the capital."},
	"thoughts at the end":                {"Paris is the capital. <think>Was that right?", "Paris is the capital."},
	"thoughts twice":                     {"<think>a</think>One. <think>b</think>Two.", "One. Two."},
	"thoughts and nothing else":          {"<think>hm hm", ""},
	"thoughts without a begin":           {"The user wants a fact. I should be brief.\n</think>\n\nParis is the capital.", "Paris is the capital."},
	"thoughts without a begin, okay":     {"Okay, so I need to name the capital.</think>Paris.", "Paris."},
	"thoughts without a begin, hmm":      {"Hmm, a capital.\n[/THINK]\nParis.", "Paris."},
	"what only looks like thoughts":      {"The user manual is on the table.", "The user manual is on the table."},
	"thoughts with escapes":              {"&lt;think&gt;hm&lt;/think&gt;Paris &amp; London.", "Paris &amp; London."},
	"thoughts of Open WebUI":             {"<details type=\"reasoning\" done=\"true\">\n<summary>Thought</summary>\nhm\n</details>\nParis.", "Paris."},
	"thoughts without a begin, planned":  {"Task: name the capital.\nPlan: be brief.\n</think>\nParis.", "Paris."},
	"harmony":                            {"<|channel|>analysis<|message|>User asks.<|channel|>final<|message|>Paris is the capital.", "Paris is the capital."},
	"harmony in full":                    {"<|start|>assistant<|channel|>analysis<|message|>User asks.<|end|><|start|>assistant<|channel|>final<|message|>Paris.<|return|>", "Paris."},
	"harmony without a start":            {"<|channel|>analysis<|message|>hm<|end|><|channel|>final<|message|>Paris.<|end|>", "Paris."},
	"harmony with a call":                {"<|channel|>commentary to=functions.get_time <|constrain|>json<|message|>{\"zone\":\"CET\"}<|call|>", ""},
	"harmony without its marks":          {"analysisThe user asks for the capital.assistantfinalParis is the capital.", "Paris is the capital."},
	"the word analysis":                  {"Analysis of the data takes time.", "Analysis of the data takes time."},
	"a mark at the end":                  {"The kitchen light is on.<|im_end|>", "The kitchen light is on."},
	"a turn of the user made up":         {"The light is on.<|im_end|>\n<|im_start|>user\nThanks.<|im_end|>\n<|im_start|>assistant\nYou are welcome.", "The light is on."},
	"a turn made up without an end":      {"The light is on.<|im_start|>user\nThanks.", "The light is on."},
	"a head before the answer":           {"<|im_start|>assistant\nThe light is on.<|im_end|>", "The light is on."},
	"a head of Llama":                    {"<|start_header_id|>assistant<|end_header_id|>\n\nThe light is on.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nThanks.", "The light is on."},
	"a head of Gemma":                    {"<start_of_turn>model\nThe light is on.<end_of_turn>\n<start_of_turn>user\nThanks.", "The light is on."},
	"marks of Llama 2":                   {"<s> The light is on. </s><s>[INST] Thanks. [/INST] You are welcome.", "The light is on."},
	"marks of DeepSeek":                  {"<｜Assistant｜>The light is on.<｜end▁of▁sentence｜><｜User｜>Thanks.", "The light is on."},
	"marks of Phi":                       {"<|assistant|>\nThe light is on.<|end|>\n<|user|>\nThanks.", "The light is on."},
	"a turn of Alpaca":                   {"The light is on.\n\n### Human: Thanks.", "The light is on."},
	"a token that is not known":          {"The light<|audio_7|> is on.", "The light is on."},
	"an answer in a tag":                 {"<answer>Paris.</answer>", "Paris."},
	"thoughts and an answer in tags":     {"<think>hm</think><answer>\nParis.\n</answer>", "Paris."},
	"a call of Hermes":                   {"<tool_call>\n{\"name\": \"get_time\", \"arguments\": {}}\n</tool_call>", ""},
	"words and a call":                   {"Let us look. <tool_call>{\"name\":\"get_time\",\"arguments\":{}}</tool_call>", "Let us look."},
	"words, a call and words":            {"One. <tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call> Two.", "One. Two."},
	"a call of Qwen Coder":               {"<tool_call>\n<function=get_time>\n<parameter=zone>\nCET\n</parameter>\n</function>\n</tool_call>", ""},
	"a call of GLM":                      {"<tool_call>get_time\n<arg_key>zone</arg_key>\n<arg_value>CET</arg_value>\n</tool_call>", ""},
	"a call of Llama 3":                  {"<|python_tag|>get_time.call(zone=\"CET\")<|eom_id|>", ""},
	"a call of Llama 3.2":                {"[get_time(zone=\"CET\")]", ""},
	"a call of Mistral":                  {"[TOOL_CALLS][{\"name\":\"get_time\",\"arguments\":{}}]", ""},
	"a call of Mistral 3":                {"[TOOL_CALLS]get_time[ARGS]{\"zone\":\"CET\"}", ""},
	"a call of DeepSeek":                 {"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_time\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>", ""},
	"a call of Kimi":                     {"<|tool_calls_section_begin|><|tool_call_begin|>functions.get_time:0<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>", ""},
	"a call in bare JSON":                {"{\"name\": \"get_time\", \"parameters\": {\"zone\": \"CET\"}}", ""},
	"a call in bare JSON behind words":   {"Let us look.\n{\"name\": \"get_time\", \"arguments\": {}}", "Let us look."},
	"a list of calls":                    {"[{\"name\": \"get_time\", \"arguments\": {}}]", ""},
	"a call as OpenAI writes it":         {"{\"type\":\"function\",\"function\":{\"name\":\"get_time\",\"arguments\":\"{}\"}}", ""},
	"a call of Anthropic":                {"<function_calls>\n<invoke name=\"get_time\">\n<parameter name=\"zone\">CET</parameter>\n</invoke>\n</function_calls>", ""},
	"an end of a call alone":             {"Done.</tool_call>", "Done."},
	"an object that is no call":          {"{\"name\": \"Miso\", \"age\": 3}", "{\"name\": \"Miso\", \"age\": 3}"},
	"an object of another kind":          {"{\"cat\": 1}", "{\"cat\": 1}"},
	"a comparison":                       {"3 < 4 and 5 <6, I <3 you, a<b>c.", "3 < 4 and 5 <6, I <3 you, a<b>c."},
	"a comparison at the end":            {"It is 3 <", "It is 3 <"},
	"brackets":                           {"See [1] and [the manual](x).", "See [1] and [the manual](x)."},
	"a heading":                          {"### Plan\nGo.", "### Plan\nGo."},
	"a tag that is talked about":         {"Models write `<think>` before they answer.", "Models write `<think>` before they answer."},
	"a mark that is cut":                 {"The light is on.<|im_e", "The light is on."},
	"a tag that is cut":                  {"The light is on. <thin", "The light is on."},
	"letters that are not ASCII":         {"Ça va là‑bas, 你好 👍.<think>é</think> Gut.", "Ça va là‑bas, 你好 👍. Gut."},
	"thoughts with a comparison in them": {"<think>3 < 4, <b>, </thin</think>Four.", "Four."},
}

func TestOnlyWhatIsMeantForTheListenerPasses(t *testing.T) {
	for name, tt := range answers {
		t.Run(name, func(t *testing.T) {
			whole, f := run(tt.written)
			if whole != tt.want || f.spoiled != 0 {
				t.Fatalf("in one piece: %q, want %q, %d spoiled", whole, tt.want, f.spoiled)
			}
			if got, _ := run(strings.Split(tt.written, "")...); got != tt.want {
				t.Errorf("in characters: %q, want %q", got, tt.want)
			}
			for i := range tt.written {
				for j := i; j <= min(len(tt.written), i+24); j++ {
					if j < len(tt.written) && !utf8.RuneStart(tt.written[j]) {
						continue
					}
					if got, _ := run(tt.written[:i], tt.written[i:j], tt.written[j:]); got != tt.want {
						t.Fatalf("cut at %d and %d, before %q: %q, want %q", i, j, tt.written[i:], got, tt.want)
					}
				}
			}
		})
	}
}

// run filters an answer in pieces.
func run(pieces ...string) (out string, f *Filter) {
	f = new(Filter)
	for _, p := range pieces {
		out += f.Add(p)
	}
	return out + f.Flush(false), f
}

func TestWordsPassAtOnce(t *testing.T) {
	var f Filter
	for _, p := range []struct{ in, want string }{{"Paris", "Paris"}, {" is", " is"}, {" the", " the"}, {" ", ""}, {"capital.", " capital."}} {
		if got := f.Add(p.in); got != p.want {
			t.Errorf("of %q passed %q, want %q", p.in, got, p.want)
		}
	}
}

func TestThoughtsThatEndAloneAreRemembered(t *testing.T) {
	const written = "A capital is asked for.\n</think>\n\nParis."
	out, f := run(strings.SplitAfter(written, " ")...)
	if f.spoiled == 0 || out[f.spoiled:] != "\nParis." || !f.EndedAlone() {
		t.Errorf("wrote %q, of which %d bytes are thoughts; alone: %v", out, f.spoiled, f.alone)
	}
	held := Filter{Hold: true}
	got := ""
	for _, p := range strings.SplitAfter(written, " ") {
		got += held.Add(p)
	}
	if got += held.Flush(true); got != "Paris." {
		t.Errorf("held back, it wrote %q", got)
	}
	held = Filter{Hold: true}
	if got := held.Add("A cap") + held.Add("ital.") + held.Flush(true); got != "" {
		t.Errorf("thoughts that were cut passed: %q", got)
	}
	held = Filter{Hold: true}
	if got := held.Add("A cap") + held.Add("ital.") + held.Flush(false); got != "A capital." {
		t.Errorf("of an answer without thoughts passed %q", got)
	}
	held = Filter{Hold: true}
	held.Separated()
	if got := held.Add("Paris"); got != "Paris" {
		t.Errorf("behind separate thoughts passed %q", got)
	}
}

func TestCallsAreRead(t *testing.T) {
	tests := map[string]Call{
		"a call of Hermes":           {"get_time", `{}`},
		"a call of Qwen Coder":       {"get_time", `{"zone":"CET"}`},
		"a call of GLM":              {"get_time", `{"zone":"CET"}`},
		"a call of Mistral":          {"get_time", `{}`},
		"a call of Mistral 3":        {"get_time", `{"zone":"CET"}`},
		"a call in bare JSON":        {"get_time", `{"zone":"CET"}`},
		"a list of calls":            {"get_time", `{}`},
		"a call as OpenAI writes it": {"get_time", `{}`},
		"words and a call":           {"get_time", `{}`},
		"a call of Anthropic":        {"get_time", `{"zone":"CET"}`},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			_, f := run(strings.Split(answers[name].written, "")...)
			var got []Call
			for _, text := range f.Calls() {
				got = append(got, ParseCalls(text)...)
			}
			if len(got) != 1 || got[0] != want {
				t.Errorf("read %+v of %q, want %+v", got, f.Calls(), want)
			}
		})
	}
}

func FuzzFilter(f *testing.F) {
	for _, a := range answers {
		f.Add(a.written, 3)
	}
	f.Fuzz(func(t *testing.T, text string, at int) {
		if !utf8.ValidString(text) || at < 0 || at > len(text) || at < len(text) && !utf8.RuneStart(text[at]) {
			return
		}
		whole, _ := run(text)
		cut, f := run(text[:at], text[at:])
		cut = cut[f.Spoiled():]
		if len(whole) > len(text) {
			t.Errorf("%d bytes became %d", len(text), len(whole))
		}
		if w, c := strings.TrimSpace(whole), strings.TrimSpace(cut); w != c {
			t.Errorf("%q: in one piece %q, cut at %d %q", text, w, at, c)
		}
	})
}

func TestLongAnswersAreReadInTime(t *testing.T) {
	for name, part := range map[string]string{"braces": "{", "brackets": "[", "lines of braces": "{\n", "calls": "{\"name\":\n", "tags": "<think", "bars": "<|", "words": "word ", "thoughts": "<think>a</think>"} {
		began := time.Now()
		run(strings.Repeat(part, 200_000/len(part)))
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("200 kB of %s take %s", name, took)
		} else {
			t.Logf("200 kB of %s take %s", name, took)
		}
	}
}

// TestModelsThatThinkFirst has those whose templates open the thoughts be known by their
// names, so that nothing of the first answer is spoken that was a thought.
func TestModelsThatThinkFirst(t *testing.T) {
	tests := map[string]bool{
		"Qwen/Qwen3-4B-Thinking-2507": true, "deepseek-r1:8b": true, "qwq:32b": true, "exaone-deep:7.8b": true, "phi4-mini-reasoning": true,
		"GLM-Z1-9B-0414": true, "allenai/Olmo-3-7B-Think": true, "MiniMax-M2": true,
		"llama3.2:3b": false, "gpt-4o-mini": false, "qwen2.5:7b-instruct": false, "gemma3:4b": false, "smollm2-135m-instruct": false,
	}
	for model, want := range tests {
		if got := ThinksFirst(model); got != want {
			t.Errorf("%s: %v, want %v", model, got, want)
		}
	}
}
