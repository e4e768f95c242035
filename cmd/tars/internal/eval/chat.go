package eval

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// wordsPerSecond is how fast the scripted model writes.
const wordsPerSecond = 20

// Beginnings of what the scripted model is asked.
const (
	askStory = "tell me story"     // a long answer, without a pause of its own
	askQuote = "read me paragraph" // two sentences with numbers, times and units
)

// stories are long sentences in plain words: nothing in them is short enough to be taken
// for an interruption.
var stories = []string{
	"The old keeper of the lighthouse walked slowly along the beach every morning and counted the fishing boats that came home before the storm, because his brother had once stayed out too long and nobody had seen him since that autumn",
	"A small village between two mountains had only one well, and the people who lived there took turns carrying water up the steep path to the gardens, where they grew beans and pumpkins and a kind of sweet yellow pepper",
	"When the railway was built through the forest, the engineers found a stone bridge that nobody could explain, with carvings of horses and ships along both sides and a road on top that led straight into a wall of rock",
	"My grandmother kept a box of buttons under her bed, and every button had a story about the coat it came from, the person who had worn it and the places where that person had travelled during the long years before the war",
	"The captain wrote in his diary that the ice was moving faster than the ship, and that the men were playing cards below the deck while the cook prepared the last of the dried fish with onions and a little butter",
	"In the middle of the desert there is a lake that appears for a few weeks after the spring rain, and thousands of birds fly there from the coast to drink, to rest and to raise their young before the water disappears again",
}

// quotes are hard to compare with what a recogniser makes of them.
var quotes = []string{
	"The meeting starts at 3:45 pm and takes 2.5 hours. After that, 12 people go to dinner.",
	"It is 21 degrees outside, and the wind blows at 30 km/h. Tomorrow will be 5 degrees colder.",
	"The train leaves on the 3rd of May at 7:05. A ticket costs $25.50 for adults.",
	"You need 3/4 of a cup of flour and 250 g of sugar. Bake it for 40 minutes.",
	"Your shopping list has milk, eggs, bread and two lemons. Shall I add anything else?",
	"The tower is 324 m tall and was built in 1889. About 7 million people visit it each year.",
	"I have set a timer for ten minutes. Stop me if that is wrong.",
	"The answer is 42. It took 7.5 million years to find.",
}

// chat is a scripted model that speaks the protocol of OpenAI.
type chat struct {
	URL    string
	server *http.Server
}

func startChat() (*chat, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"object":"list","data":[{"id":"scripted","object":"model"}]}`)
	})
	mux.HandleFunc("POST /v1/chat/completions", writeAnswer)
	c := &chat{URL: "http://" + l.Addr().String() + "/v1", server: &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}}
	go func() { _ = c.server.Serve(l) }() // until Close
	return c, nil
}

// Close ends the model.
func (c *chat) Close() { _ = c.server.Shutdown(context.Background()) }

func writeAnswer(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Messages []struct{ Role, Content string }
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&ask); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	question := ""
	for _, m := range ask.Messages {
		if m.Role == "user" {
			question = m.Content
		}
	}
	w.Header().Set("Content-Type", "text/event-stream")
	write := func(delta map[string]any, finish any) {
		line, _ := json.Marshal(map[string]any{"object": "chat.completion.chunk", "choices": []any{map[string]any{"index": 0, "delta": delta, "finish_reason": finish}}})
		fmt.Fprintf(w, "data: %s\n\n", line)
		_ = http.NewResponseController(w).Flush()
	}
	tick := time.NewTicker(time.Second / wordsPerSecond)
	defer tick.Stop()
	for _, word := range strings.SplitAfter(answerTo(question), " ") {
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
		write(map[string]any{"content": word}, nil)
	}
	write(map[string]any{}, "stop")
	fmt.Fprint(w, "data: [DONE]\n\n")
}

// answerTo is what the model says to a question.
func answerTo(question string) string {
	var n int
	lower := strings.ToLower(question)
	if _, rest, ok := strings.Cut(lower, askStory); ok {
		_, _ = fmt.Sscan(rest, &n)
		return stories[n%len(stories)] + ". " + stories[(n+1)%len(stories)] + "."
	}
	if _, rest, ok := strings.Cut(lower, askQuote); ok {
		_, _ = fmt.Sscan(rest, &n)
		return quotes[n%len(quotes)]
	}
	return "That is a good question and the answer is simple. You will find it in the big red book that lies on the table by the window, " +
		"right behind the chapter about the history of the house, where somebody has written it down in small letters a long time ago."
}
