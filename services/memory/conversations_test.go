package memory

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// asking is a question about a conversation, and the session that answers it.
type asking struct {
	text    string
	session int
}

// conversation is what two people said to each other in a year.
type conversation struct {
	sessions [][]Message
	same     []asking // in words that were said
	other    []asking // in others
}

// eventSlots fill the templates of testdata/events.tsv.
var eventSlots = map[string][]string{
	"pet": {"dog", "cat", "rabbit", "parrot", "greyhound", "tortoise"}, "petname": strings.Fields("Biscuit Pirate Nelson Clementine Waffles Ziggy Otto Pepper"),
	"city":  strings.Fields("Vienna Porto Glasgow Turin Krakow Bergen Lyon Ghent Seville Basel Tallinn Zagreb Denver Austin Halifax"),
	"dept":  {"marketing", "logistics", "design", "research", "purchasing", "legal"},
	"month": strings.Fields("January February March April May June July August September October November December"),
	"num":   strings.Fields("three four five six seven eight nine ten eleven twelve"), "relative": {"mother", "father", "uncle", "aunt", "grandfather"},
	"date": {"the third of March", "the ninth of April", "the twelfth of May", "the first of June", "the twentieth of July", "the sixth of August", "the thirtieth of September", "the eighth of October", "the second of November"},
	"lake": {"Lake Bled", "Loch Morar", "Lake Siljan", "Crater Lake", "Lake Orta"},
	"day":  strings.Fields("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"), "instrument": {"banjo", "accordion", "clarinet", "ukulele", "trumpet", "mandolin"},
	"dish":  {"goulash", "dumplings", "paella", "borscht", "lasagne", "moussaka", "gumbo", "pierogi"},
	"spice": {"cinnamon", "paprika", "cumin", "nutmeg", "saffron"}, "book": {"The Magic Mountain", "Middlemarch", "Beloved", "The Leopard", "Stoner", "Wolf Hall", "The Vegetarian"},
	"colour": {"yellow", "mint green", "lavender", "terracotta", "sky blue"}, "sport": {"basketball", "handball", "fencing", "hockey", "volleyball", "curling"},
	"tea": {"peppermint", "ginger", "jasmine", "rooibos", "fennel"}, "plant": {"lupins", "sunflowers", "dahlias", "hollyhocks", "sweet peas"},
	"company": {"Northwind", "Bluefin Labs", "Kestrel", "Oak and Sons", "Meridian"}, "contest": {"spelling", "reading", "robotics", "chess", "drawing"},
	"language": strings.Fields("Portuguese Turkish Korean Polish Swahili Greek Danish"), "museum": {"maritime", "railway", "natural history", "science", "folk art"},
	"place": {"railway station", "park", "library", "swimming pool", "old harbour", "town hall"}, "genre": {"gospel", "sea shanties", "madrigals", "film music", "barbershop songs"},
	"tattoo": {"lighthouse", "compass", "hummingbird", "fern", "comet"}, "friend": strings.Fields("Gustav Paloma Ismael Freya Desmond Yuki"),
	"allergen": {"walnuts", "shellfish", "birch pollen", "celery", "lactose"}, "furniture": {"bookshelf", "bench", "desk", "cradle", "coat rack"},
	"band": {"The Hollow Pines", "Velvet Static", "Cassette Club", "Iron Meadow"}, "fear": {"jellyfish", "thunder", "clowns", "escalators", "the dark"},
	"heirloom": {"pocket watch", "typewriter", "barometer", "chess set", "gramophone"}, "subject": strings.Fields("statistics anatomy thermodynamics accounting linguistics"),
	"animal": {"owl", "squirrel", "jackdaw", "bat"}, "course": {"bread baking", "sailing", "beekeeping", "salsa dancing", "glass blowing"},
	"place2": {"second", "third", "fourth", "fifth"}, "water": {"canal", "fish tank", "paint bucket", "soup"},
}

// smallTalk fills the sessions; it has the words of the events, and tells nothing.
var smallTalk = strings.Split(strings.TrimSpace(`
Hey {o}, good to hear from you!
How was your week, {o}?
Not much new here, work and more work.
I know exactly what you mean.
That reminds me of the time we got lost on the way to {city}.
Honestly, I could use a holiday.
What are you up to at the weekend?
Maybe we should cook {dish} together again some day.
I was thinking of you when I heard that song on the radio.
It has been raining here since {day}.
You always know how to cheer me up.
Did you see the photo I sent you?
Yes, it made me laugh out loud!
My neighbour plays the {instrument} all night, I am going mad.
Somebody at work talked about {language} for an hour.
I still have to buy a present for my {relative}.
Let us talk again on {day}.
Take care, {o}, and sleep well!
I have not been to a museum for ages.
Do you remember our teacher who had a {pet}?
There was a {sport} match on, so I turned the television off.
I wish I had more time for reading.
The trains were late again, I spent an hour at the {place}.
A friend of mine thinks about moving to {city}.
My phone is so slow these days.
I am trying to eat less sugar, it is not going well.
Can you recommend a good series?
I will tell you more when we meet.
Time flies, it is {month} already.
The doctor says that I should drink more water.
`), "\n")

// bind fills a template, and remembers what each slot was filled with.
func bind(r *rand.Rand, template string, bound map[string]string) string {
	for {
		from := strings.IndexByte(template, '{')
		if from < 0 {
			return template
		}
		to := from + strings.IndexByte(template[from:], '}')
		key := template[from+1 : to]
		if bound[key] == "" {
			if eventSlots[key] == nil {
				panic("no slot " + key)
			}
			bound[key] = eventSlots[key][r.IntN(len(eventSlots[key]))]
		}
		template = template[:from] + bound[key] + template[to+1:]
	}
}

var pairs = [][2]string{{"Clara", "Jonah"}, {"Mei", "Tobias"}, {"Aisha", "Ruben"}, {"Olga", "Patrick"}, {"Yara", "Simon"}, {"Greta", "Malik"}, {"Rosa", "Edwin"}, {"Nadia", "Colin"}, {"Hanna", "Luis"}, {"Bianca", "Arthur"}}

// newConversation is conversation i: 24 sessions of about 24 turns, in each of which one
// thing happened to one of the two. Who speaks first is the user of the memory.
func newConversation(t testing.TB, i int) (c conversation) {
	r := rand.New(rand.NewPCG(uint64(i), 7))
	events := readTable(t, "events.tsv")
	r.Shuffle(len(events), func(a, b int) { events[a], events[b] = events[b], events[a] })
	at := time.Date(2025, 1, 3+i, 19, 0, 0, 0, time.UTC)
	n := 0
	for s := range 24 {
		var session []Message
		say := func(speaker int, text string) {
			at = at.Add(time.Duration(20+r.IntN(60)) * time.Second)
			role := user
			if speaker == 1 {
				role = assistant
			}
			n++
			session = append(session, Message{fmt.Sprintf("c%d %d", i, n), Line{Role: role, Speaker: pairs[i][speaker], Text: text, At: at, UttID: fmt.Sprintf("c%d %d", i, n)}})
		}
		chat := func(turns int) {
			for k := range turns {
				say(k%2, bind(r, smallTalk[r.IntN(len(smallTalk))], map[string]string{"o": pairs[i][1-k%2]}))
			}
		}
		chat(8 + 2*r.IntN(4))
		who, e := r.IntN(2), events[s]
		bound := map[string]string{"p": pairs[i][who]}
		for k, text := range e[:3] {
			say((who+k)%2, bind(r, text, bound))
		}
		c.same = append(c.same, asking{bind(r, e[3], bound), s})
		c.other = append(c.other, asking{bind(r, e[4], bound), s})
		chat(6 + 2*r.IntN(4))
		c.sessions = append(c.sessions, session)
		at = at.Add(time.Duration(8+r.IntN(12)) * 24 * time.Hour)
	}
	return c
}
