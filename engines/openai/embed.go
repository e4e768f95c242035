package openai

import (
	"context"
	"fmt"
)

// Embed returns a vector for each text, in their order.
func (c *Client) Embed(ctx context.Context, model string, texts []string) ([][]float64, error) {
	r, err := jsonRequest("embeddings", map[string]any{"model": model, "input": texts, "encoding_format": "float"})
	if err != nil {
		return nil, err
	}
	body, err := c.readAll(ctx, r)
	if err != nil {
		return nil, err
	}
	var v struct {
		Data []struct {
			Index     *int
			Embedding []float64
		}
	}
	if err := decodeJSON(body, &v); err != nil {
		return nil, err
	}
	if len(v.Data) != len(texts) {
		return nil, c.saying(fmt.Sprintf("%d vectors for %d texts", len(v.Data), len(texts)), body)
	}
	out := make([][]float64, len(texts))
	for i, d := range v.Data {
		if d.Index != nil {
			i = *d.Index
		}
		if i < 0 || i >= len(out) {
			return nil, fmt.Errorf("the server sent a vector of no text")
		}
		out[i] = d.Embedding
	}
	return out, nil
}
