package openai

import (
	"context"
	"net/http"
	"regexp"
	"strings"
)

// Servers that tell the chat template of a model, see [ChatChunk].
const (
	Ollama   = "ollama"
	LlamaCpp = "llama.cpp"
)

// buildNumber is what llama.cpp sends as fingerprint: its build, with or without the commit.
var buildNumber = regexp.MustCompile(`^b\d+(-[0-9a-f]+)?$`)

// serverOf tells by the fingerprint of an answer which server sent it; empty: one that tells no
// template, or nobody knows.
func serverOf(fingerprint string) string {
	switch {
	case fingerprint == "fp_ollama":
		return Ollama
	case buildNumber.MatchString(fingerprint):
		return LlamaCpp
	}
	return ""
}

// ChatTemplate returns the text in which the server, one of [ChatChunk], puts a conversation
// before the model reads it: in the language of Jinja from llama.cpp, in that of Go's
// text/template from Ollama.
func (c *Client) ChatTemplate(ctx context.Context, server, model string) (string, error) {
	q := request{method: http.MethodGet, path: "props"}
	if server == Ollama {
		var err error
		if q, err = jsonRequest("api/show", struct {
			Model string `json:"model"`
		}{model}); err != nil {
			return "", err
		}
	}
	if strings.HasSuffix(strings.TrimRight(c.base.Path, "/"), "/v1") {
		q.path = "../" + q.path
	}
	body, err := c.readAll(ctx, q)
	if err != nil {
		return "", err
	}
	var about struct {
		ChatTemplate String `json:"chat_template"`
		Template     String
	}
	if err := decodeJSON(body, &about); err != nil {
		return "", err
	}
	if server == Ollama {
		return string(about.Template), nil
	}
	return string(about.ChatTemplate), nil
}
