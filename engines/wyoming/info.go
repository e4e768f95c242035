package wyoming

import "context"

// Abilities is what a server offers.
type Abilities struct {
	ASR  []Program `json:"asr"`
	TTS  []Program `json:"tts"`
	Wake []Program `json:"wake"`
}

// Program is one engine of a server.
type Program struct {
	Name   string  `json:"name"`
	Models []Model `json:"models"` // of a recogniser, or wake words
	Voices []Model `json:"voices"`

	StreamsText bool `json:"supports_synthesize_streaming"` // speaks text while that is being written
}

// Model is one model, voice or wake word.
type Model struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Installed   bool     `json:"installed"`
	Languages   []string `json:"languages"`
}

// Describe asks what the server offers.
func (c *Client) Describe(ctx context.Context) (Abilities, error) {
	conn, err := c.ask(ctx, Event{Type: Describe})
	if err != nil {
		return Abilities{}, err
	}
	defer conn.Close()
	for {
		e, err := conn.Next()
		if err != nil {
			return Abilities{}, err
		}
		if e.Type == Info {
			var a Abilities
			return a, e.Decode(&a)
		}
	}
}
