package marks

import "testing"

func TestTemplatesThatOpenThoughtsAreKnown(t *testing.T) {
	tests := map[string]struct {
		template string
		want     bool
	}{
		"DeepSeek R1":               {`{% for m in messages %}{{'<think>' + m}}{% endfor %}{% if add_generation_prompt and not ns.is_tool %}{{'<｜Assistant｜><think>\n'}}{% endif %}`, true},
		"QwQ":                       {`{%- if add_generation_prompt %}` + "\n" + `    {{- '<|im_start|>assistant\n<think>\n' }}{%- endif %}`, true},
		"brackets":                  {`{%- if add_generation_prompt %}{{ "[/INST][THINK]" }}{% endif %}`, true},
		"Qwen 3, which may think":   {`{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}{%- endif %}`, false},
		"thoughts unless forbidden": {`{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- if enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}{%- else %}{{- '<think>\n' }}{%- endif %}{%- endif %}`, true},
		"thoughts if wanted":        {`{%- if add_generation_prompt %}{{'<｜Assistant｜>'}}{%- if not thinking %}{{'</think>'}}{%- else %}{{'<think>'}}{%- endif %}{% endif %}`, false},
		"no thoughts":               {`{% for m in messages %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`, false},
		"thoughts in the history":   {`{% if m.role == 'assistant' %}{{ '<think>' }}{% endif %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`, false},
		"Go, of two turns":          {"<|im_start|>user\n{{ .Prompt }}<|im_end|>\n<|im_start|>assistant\n<think>\n{{ .Response }}<|im_end|>", true},
		"Go, by messages":           {"{{ range .Messages }}{{ .Content }}{{- if $last }}<|im_start|>assistant\n<think>\n{{ end }}{{- end }}", true},
		"Go, in the history":        {"{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}<|im_start|>assistant\n", false},
		"Go, if wanted":             {"{{ if and $.IsThinkSet $.Think }}<think>\n{{ end }}", false},
		"Go, at the end":            {"{{ .System }}<｜User｜>{{ .Prompt }}<｜Assistant｜><think>\n", true},
		"no template":               {"", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := OpensThoughts(tt.template); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
