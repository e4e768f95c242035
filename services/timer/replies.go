package timer

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/speech/when"
)

// replyFiles has one file for each language: all that is said.
//
//go:embed replies/*.json
var replyFiles embed.FS

// replies are what is said in one language. {x} in them is replaced.
type replies struct {
	Say      map[string]string    `json:"say"`
	Units    map[string][2]string `json:"units"` // of a length: one, many
	And      string               `json:"and"`
	Or       string               `json:"or"`
	Clock    string               `json:"clock"` // as Go writes 15:04
	Days     map[string]string    `json:"days"`  // today, tomorrow, weekday with {day}, date with {d} and {m}
	Weekdays []string             `json:"weekdays"`
	Months   []string             `json:"months"`
	Kinds    map[string][2]string `json:"kinds"` // one, many
	You      map[string]string    `json:"you"`   // "my" of a person is "your" to them
}

var allReplies = loadReplies()

func loadReplies() map[string]*replies {
	entries, err := replyFiles.ReadDir("replies")
	if err != nil {
		panic(err) // it is part of the program
	}
	all := map[string]*replies{}
	for _, e := range entries {
		b, err := replyFiles.ReadFile("replies/" + e.Name())
		r := &replies{}
		if err == nil {
			err = json.Unmarshal(b, r)
		}
		if err != nil {
			panic(fmt.Sprintf("services/timer/replies/%s: %v", e.Name(), err))
		}
		all[strings.TrimSuffix(e.Name(), ".json")] = r
	}
	return all
}

func repliesIn(lang string) *replies {
	lang, _, _ = strings.Cut(strings.ToLower(lang), "-")
	if r := allReplies[lang]; r != nil {
		return r
	}
	return allReplies["en"]
}

// say is a sentence with its gaps filled: pairs of a name and a text.
func (r *replies) say(key string, pairs ...string) string {
	text := r.Say[key]
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, "{"+pairs[i]+"}", pairs[i+1])
	}
	return upperFirst(text)
}

func upperFirst(s string) string {
	c, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(c)) + s[n:]
}

// length is a length in words: "1 hour and 30 minutes". Below an hour it has seconds.
func (r *replies) length(d time.Duration) string {
	d = d.Round(time.Second)
	if d >= time.Hour {
		d = d.Round(time.Minute)
	}
	var parts []string
	for _, u := range []struct {
		name string
		size time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		n := int(d / u.size)
		d -= time.Duration(n) * u.size
		if n == 0 {
			continue
		}
		word := r.Units[u.name][1]
		if n == 1 {
			word = r.Units[u.name][0]
		}
		parts = append(parts, fmt.Sprintf("%d %s", n, word))
	}
	if len(parts) == 0 {
		return "0 " + r.Units["second"][1]
	}
	return r.join(parts, r.And)
}

// join is a list in words.
func (r *replies) join(all []string, last string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " " + last + " " + all[len(all)-1]
}

// at is a time in words, as seen from now: "tomorrow at 7:00 AM".
func (r *replies) at(t, now time.Time) string {
	t = t.In(now.Location())
	return strings.NewReplacer("{day}", r.day(t, now), "{clock}", t.Format(r.Clock)).Replace(r.Days["at"])
}

// day is a day in words, as seen from now.
func (r *replies) day(t, now time.Time) string {
	noon := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, time.UTC) }
	switch ahead := int(noon(t).Sub(noon(now)).Hours() / 24); {
	case ahead == 0:
		return r.Days["today"]
	case ahead == 1:
		return r.Days["tomorrow"]
	case ahead > 1 && ahead < 7:
		return strings.ReplaceAll(r.Days["weekday"], "{day}", r.Weekdays[t.Weekday()])
	}
	return strings.NewReplacer("{d}", fmt.Sprint(t.Day()), "{m}", r.Months[t.Month()-1]).Replace(r.Days["date"])
}

// whatWasSet confirms a timer.
func (r *replies) whatWasSet(e *entry, now time.Time) string {
	at := r.at(e.Due, now)
	switch {
	case !e.Repeat.IsZero():
		return r.say("repeat_set", "what", r.plain(e), "repeat", r.repeats(e), "time", at)
	case e.Kind == when.Timer && e.Length == 0:
		return r.say("timer_set_at", "time", at)
	case e.Kind == when.Timer && e.Name != "":
		return r.say("timer_set_named", "name", upperFirst(e.Name), "length", r.length(e.Length))
	case e.Kind == when.Timer:
		return r.say("timer_set", "length", r.length(e.Length))
	case e.Kind == when.Alarm:
		return r.say("alarm_set", "time", at)
	case e.About != "":
		return r.say("reminder_set_about", "time", at, "about", r.toYou(e.About))
	}
	return r.say("reminder_set", "time", at)
}

// repeats is how often something rings, in words.
func (r *replies) repeats(e *entry) string {
	clock := clockOf(e).Format(r.Clock)
	rep := e.Repeat
	key, what := "on_days", ""
	switch {
	case rep.Every > 0:
		return r.say("every", "length", r.length(rep.Every))
	case rep.Month > 0:
		key, what = "yearly", strings.NewReplacer("{d}", fmt.Sprint(rep.Day), "{m}", r.Months[rep.Month-1]).Replace(r.Days["date"])
	case rep.Day > 0:
		key, what = "monthly", fmt.Sprint(rep.Day)
	case rep.Days == when.EveryDay:
		key = "daily"
	case rep.Days == when.Workdays:
		key = "workdays"
	case rep.Days == when.Weekend:
		key = "weekends"
	default:
		var days []string
		for i := range 7 {
			if d := time.Weekday((i + 1) % 7); rep.Days.Has(d) {
				days = append(days, r.Weekdays[d])
			}
		}
		what = r.join(days, r.And)
	}
	return strings.NewReplacer("{what}", what, "{clock}", clock).Replace(r.Say[key])
}

// clockOf is the time of day at which something repeated rings.
func clockOf(e *entry) time.Time {
	return time.Date(2000, 1, 1, e.Repeat.Hour, e.Repeat.Minute, 0, 0, time.UTC)
}

// call is what a person would call a timer: "the pasta timer", "the 10 minute timer".
func (r *replies) call(e *entry, now time.Time) string {
	switch kind := r.Kinds[string(e.Kind)][0]; {
	case e.Kind == when.Reminder && e.About != "":
		return r.say("call_reminder", "about", r.toYou(e.About))
	case e.Name != "":
		return strings.NewReplacer("{name}", e.Name, "{kind}", kind).Replace(r.Say["call_named"])
	case e.Length > 0:
		return strings.NewReplacer("{length}", r.length(e.Length), "{kind}", kind).Replace(r.Say["call_length"])
	default:
		return strings.NewReplacer("{time}", r.at(e.Due, now), "{kind}", kind).Replace(r.Say["call_time"])
	}
}

// toYou turns what a person says of themselves into what is said to them.
func (r *replies) toYou(text string) string {
	words := strings.Fields(text)
	for i, w := range words {
		if you, ok := r.You[strings.ToLower(w)]; ok {
			words[i] = you
		}
	}
	return strings.Join(words, " ")
}

// ringing is what is said while entries ring in one room.
func (r *replies) ringing(entries []*entry, now time.Time) string {
	var lines []string
	for _, e := range entries {
		switch {
		case e.Kind == when.Reminder && e.About != "":
			lines = append(lines, r.say("ring_about", "about", r.toYou(e.About)))
		case e.Kind == when.Reminder:
			lines = append(lines, r.say("ring_reminder"))
		case e.Kind == when.Alarm && e.Name == "":
			lines = append(lines, r.say("ring_alarm", "clock", now.Format(r.Clock)))
		case e.Kind == when.Alarm:
			lines = append(lines, r.say("ring_alarm_named", "clock", now.Format(r.Clock), "name", e.Name))
		default:
			lines = append(lines, r.say("ring_timer", "what", r.yours(e, now)))
		}
	}
	return strings.Join(lines, " ")
}

// yours is call, as something that belongs to who hears it.
func (r *replies) yours(e *entry, now time.Time) string {
	return strings.Replace(r.call(e, now), r.Say["the"], r.Say["your"], 1)
}

// missed is what is said of entries that were due while nothing could ring.
func (r *replies) missed(entries []*entry, now time.Time) string {
	var lines []string
	for _, e := range entries {
		key, what := "missed", r.yours(e, now)
		if e.Kind == when.Reminder && e.About != "" {
			key, what = "missed_reminder", r.toYou(e.About)
		}
		lines = append(lines, r.say(key, "what", what, "time", r.at(e.Due, now)))
	}
	return strings.Join(lines, " ")
}

// status is what is said of one timer when somebody asks.
func (r *replies) status(e *entry, left time.Duration, now time.Time) string {
	what := r.call(e, now)
	switch {
	case e.State == contract.TimerRinging:
		return r.say("is_ringing", "what", what)
	case e.State == contract.TimerPaused:
		return r.say("is_paused", "what", what, "left", r.length(e.Left))
	case e.Length > 0:
		return r.say("left", "what", what, "left", r.length(left))
	case !e.Repeat.IsZero():
		return r.say("is_repeated", "what", r.plain(e), "repeat", r.repeats(e))
	default:
		return r.say("is_at", "what", r.plain(e), "time", r.at(e.Due, now))
	}
}

// plain is a timer without its time: "alarm", "pasta alarm", "reminder: call Anna".
func (r *replies) plain(e *entry) string {
	kind := r.Kinds[string(e.Kind)][0]
	switch {
	case e.About != "":
		return kind + ", " + r.toYou(e.About)
	case e.Name != "":
		return strings.NewReplacer("{name}", e.Name, "{kind}", kind).Replace(r.Say["named"])
	}
	return kind
}
