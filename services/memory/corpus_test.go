package memory

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
)

// fact is a line, and questions about it in its own words and in others.
type fact struct{ told, same, other string }

// readTable reads a file of testdata: a row a line, its columns apart by tabs.
func readTable(t testing.TB, name string) (rows [][]string) {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		rows = append(rows, strings.Split(s.Text(), "\t"))
	}
	return rows
}

func readFacts(t testing.TB, set string) (all []fact) {
	for _, r := range readTable(t, set) {
		all = append(all, fact{r[0], r[1], r[2]})
	}
	return all
}

// slots are what the templates below are filled with.
var slots = map[string][]string{
	"name":  strings.Fields("Marta Henrik Yusuf Carol Dmitri Priya Owen Beatrix Kofi Ingrid Stefan Lucia Rashid Wanda Theo Amelie Viktor Noor Gareth Selma"),
	"rel":   {"my aunt", "the neighbour", "my colleague", "the landlord", "my cousin", "the postman", "a friend from school", "our guest", "the man from the shop", "my nephew"},
	"food":  strings.Fields("rice pasta tomatoes onions milk butter cheese bread yoghurt salmon carrots potatoes spinach coffee honey flour bananas lemons garlic beans"),
	"dish":  {"risotto", "a curry", "pancakes", "tomato sauce", "a stew", "fish pie", "potato salad", "an omelette", "roast chicken", "vegetable soup", "lasagne", "dumplings"},
	"room":  {"kitchen", "bathroom", "bedroom", "hall", "living room", "study", "cellar", "guest room", "nursery", "balcony", "garage", "attic"},
	"thing": {"lamp", "fan", "heater", "radio", "television", "speaker", "blind", "window", "dehumidifier", "vacuum cleaner", "printer", "kettle"},
	"day":   strings.Fields("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
	"time":  {"seven", "half past eight", "nine fifteen", "noon", "one o'clock", "a quarter to three", "five", "half past six", "ten at night", "midnight"},
	"when":  {"tomorrow", "tonight", "this weekend", "next week", "after lunch", "in the morning", "before dinner", "on the way home", "in an hour", "later"},
	"city":  strings.Fields("Vienna Porto Glasgow Turin Krakow Bergen Lyon Ghent Seville Basel Tallinn Zagreb"),
	"shop":  {"supermarket", "pharmacy", "bakery", "hardware store", "garden centre", "bookshop", "butcher", "market", "bike shop", "post office"},
	"adj":   strings.Fields("strange lovely boring noisy cold expensive funny dusty broken great slow sticky bright heavy"),
	"film":  {"a documentary about whales", "that detective series", "the football match", "a cartoon", "an old western", "the cooking show", "the news", "a film about astronauts"},
	"topic": {"the election", "electric cars", "the new tram line", "gardening", "the school reform", "the weather", "football", "crypto money", "the concert", "house prices", "bees", "black holes"},
	"num":   strings.Fields("two three four five six eight ten twelve fifteen twenty thirty forty"),
	"sport": strings.Fields("tennis swimming yoga climbing cycling rowing badminton judo hiking volleyball"),
	"item":  {"scarf", "notebook", "phone charger", "sunglasses", "screwdriver", "book", "water bottle", "gloves", "headphones", "wallet", "raincoat", "lunch box"},
	"kid":   strings.Fields("Finn Nora Elias Maya Anton Ida Jasper Lotte"),
	"work":  {"the report", "the slides", "my desk", "the spreadsheet", "the invoice", "the garden", "the laundry", "the dishes", "the taxes", "the hallway"},
}

// templates are what is said in a household all day. "A " begins what the assistant says.
var templates = strings.Split(strings.TrimSpace(`
Turn on the {thing} in the {room}.
Turn the {thing} in the {room} off {when}.
Is the {thing} in the {room} still on?
Add {food} and {food} to the shopping list.
We are out of {food} again.
Could you put {food} on the list for the {shop}?
I will cook {dish} {when}.
What can I make with {food} and {food}?
The {dish} was too salty, {name} said.
{name} is coming over {when}.
{name} called and wants to talk about {topic}.
I had a long talk with {rel} about {topic}.
What do you think about {topic}?
A I think {topic} is a matter of taste.
Set a timer for {num} minutes.
A Your timer for {num} minutes is set.
Wake me at {time} on {day}.
A The alarm for {time} is set.
How is the weather in {city}?
A In {city} it is {num} degrees and a little cloudy.
It is really {adj} in the {room} today.
The {thing} in the {room} sounds {adj}.
I bought a {adj} {item} at the {shop}.
Has anybody seen my {item}?
I found the {item} in the {room}.
{kid} left the {item} on the bus on {day}.
{kid} has {sport} {when}.
{kid} does not want to do homework about {topic}.
{name} and I went to {city} for {num} days.
We might drive to {city} {when}.
How far is it to {city}?
Let's watch {film} {when}.
{film} was {adj}, I fell asleep after {num} minutes.
Play something calm in the {room}.
Play the song that {name} likes.
Turn the volume down a little.
That is too loud for {time} in the evening.
I have to finish {work} {when}.
{name} promised to help with {work}.
I spent {num} hours on {work} and it is still not done.
{rel} complained about the {adj} noise from the {room}.
Somebody should clean the {room} {when}.
The {room} needs to be painted, {rel} said.
My back hurts after {sport}.
I want to try {sport} with {name}.
{name} won at {sport} on {day}.
What time is it?
A It is {time}.
What is on my calendar for {day}?
A On {day} there are {num} entries.
Move the appointment with {name} to {day}.
Tell {name} that I am late.
A I have told {name}.
Read me the news about {topic}.
A There is nothing special about {topic} today.
Good morning.
Good night, see you {when}.
Thank you, that was {adj}.
I am tired and the coffee is {adj}.
{kid} asked me how bees make honey, and then about {topic}.
We met {rel} at the {shop}, the queue was {adj}.
The {shop} closes early on {day}.
Is the {shop} open on {day}?
A The {shop} is open until {time}.
I paid {num} euros for a {item}, that is {adj}.
{name} sent a picture of a {adj} {item}.
Do we have enough {food} for {num} people?
There were {num} people at the party and no {food} left.
The bus to {city} was {num} minutes late.
My train from {city} was {adj} and full.
Remind me to call {name} {when}.
Remind me to bring the {item} to the {shop}.
A I will remind you {when}.
I dreamed about {city} and a {adj} {thing}.
{name} wants to learn {sport} before the summer.
I think the {thing} needs a new cable.
The light in the {room} flickers when the {thing} is on.
Why is the {room} so {adj}?
{rel} gave us {num} jars of {food}.
{rel} lost the {item} somewhere between here and {city}.
If {name} calls, say that I am in the {room}.
{kid} drew a {adj} picture of the {room}.
{kid} ate {num} {food} sandwiches at {name}'s birthday.
That story about {topic} was {adj}.
A Would you like to hear more about {topic}?
I read an article about {topic} on the way to {city}.
How many {food} do I need for {num} people?
A For {num} people about {num} handfuls are enough.
{name} and {name} had an argument about {topic}.
Can you find a recipe for {dish} without {food}?
A Here is {dish} without {food}, it takes {num} minutes.
We had {dish} at {name}'s place on {day}.
I cannot find the remote, it must be between the cushions.
Somebody rang the bell but there was nobody outside.
The meeting took {num} hours and nobody decided anything.
{name} told a joke about a penguin and laughed the most about it.
I forgot to answer {name}'s letter again.
What is the capital of Mongolia?
A The capital of Mongolia is Ulaanbaatar.
How many grams are in an ounce?
A An ounce has about twenty eight grams.
Spell rhythm for me.
Who wrote the Odyssey?
A The Odyssey is said to be by Homer.
My computer restarted in the middle of a call.
The update took until {time}.
{kid} learned to whistle and does not stop.
{kid} is building a rocket out of cardboard.
There is glitter everywhere since the craft afternoon.
I should really go to bed earlier.
Lunch was fine, but the dessert was {adj}.
Can you translate good luck into Italian?
A In Italian you say buona fortuna.
It smells of smoke, did somebody burn the toast?
{name} thinks that cats are smarter than dogs.
{name} is reading a thick book and does not want to be disturbed.
We could invite {name} and {name} for a game night.
I lost at cards {num} times in a row.
The wind blew the chairs across the terrace last night.
I heard thunder, but it is still dry.
Is it going to snow {when}?
A There is no snow to be expected.
The sunset over the fields was {adj} today.
A bird has been tapping at the glass since breakfast.
I need a break, my eyes are tired of the screen.
Who won the match between {city} and {city}?
A {city} won by two goals.
The lift at work is out of order again.
{rel} wants to sell the old car.
{rel} is on a diet and talks of nothing else.
The queue at customs took {num} minutes.
I like it when it is quiet in the morning.
Let me think about that for a moment.
You misunderstood me, I meant something else.
No, not that one, the other one.
Say that again, but slower.
A I am sorry, I did not get that.
A That was a good question.
The radio play was about a detective who cannot smell.
I would like to see the northern lights some day.
{name} has a new haircut and looks {adj}.
The new colleague from {city} is very friendly.
{name} quit the job and travels through Asia now.
If it rains on {day}, we stay at home.
Could we have a picnic on {day}?
That reminds me of a song from the eighties.
My phone is at {num} percent, where is a cable?
I dropped a glass, be careful in the {room}.
Thanks for reminding me, I would have missed it.
{kid} lost a tooth and is very proud of it.
{kid} has a cold and stays at home until {day}.
The homework was about volcanoes and took the whole evening.
How tall is the Eiffel Tower?
A The Eiffel Tower is three hundred and thirty metres tall.
Tell me a joke.
A Why did the scarecrow win a prize? It was outstanding in its field.
I wonder whether we should repaint the fence this year.
The neighbours are having a party, I hear the bass.
We saw a deer at the edge of the wood.
Something in the fridge smells {adj}.
{name} burned the {dish} and ordered pizza.
We tried the new place at the corner, the {food} was {adj}.
The baker was sold out by {time}.
There is a sale at the {shop} until {day}.
I ordered a {item} on the internet and it is too small.
The parcel service left a card, nobody was at home.
My watch says that I slept {num} hours.
I walked {num} thousand steps today.
The concert tickets cost {num} each, that is too much.
{name} plays in a band and wants to rehearse in our cellar.
`), "\n")

// fill fills the slots of a template.
func fill(r *rand.Rand, template string) string {
	for {
		from := strings.IndexByte(template, '{')
		if from < 0 {
			break
		}
		to := from + strings.IndexByte(template[from:], '}')
		words := slots[template[from+1:to]]
		if words == nil {
			panic("no slot " + template[from:to+1])
		}
		template = template[:from] + words[r.IntN(len(words))] + template[to+1:]
	}
	return strings.ToUpper(template[:1]) + template[1:]
}

// chatter returns n lines of a household, the same each time.
func chatter(n int) (all []Message) {
	r := rand.New(rand.NewPCG(20, 26))
	at := time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)
	for i := range n {
		role, text := user, fill(r, templates[r.IntN(len(templates))])
		if said, ok := strings.CutPrefix(text, "A "); ok {
			role, text = assistant, said
		}
		at = at.Add(time.Duration(r.IntN(300)) * time.Second)
		all = append(all, Message{fmt.Sprint("chatter ", i), Line{Role: role, Text: text, At: at, UttID: fmt.Sprint("u", i)}})
	}
	return all
}

// among puts lines into others, in their order, evenly.
func among(others []Message, said []string) []Message {
	var all []Message
	for i, m := range others {
		for k := i * len(said) / len(others); k < (i+1)*len(said)/len(others); k++ {
			all = append(all, Message{"said " + said[k], Line{Role: user, Text: said[k], At: m.Line.At}})
		}
		all = append(all, m)
	}
	return all
}
