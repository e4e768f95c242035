package llm

import (
	"fmt"
	"strings"
	"time"
)

// promptFacts is what the assistant knows of where and when it is.
type promptFacts struct {
	now         time.Time
	place, user string // empty: not known
}

// factsNow is what is known at this time.
func (c Config) factsNow() promptFacts {
	return promptFacts{now: time.Now(), place: strings.TrimSpace(c.Place), user: strings.TrimSpace(c.UserName)}
}

// system is what stands in the system prompt. It is the same all day, so that a server
// need not read again what it has read.
func (f promptFacts) system() string {
	zone, _ := f.now.Zone()
	if name := f.now.Location().String(); name != "Local" && name != "UTC" {
		zone = name + ", " + zone
	}
	text := fmt.Sprintf("Today is %s. The time zone is %s (UTC%s).", f.now.Format("Monday, 2 January 2006"), zone, f.now.Format("-07:00"))
	if f.place != "" {
		text += " You are in " + f.place + "."
	}
	if f.user != "" {
		text += " The user's name is " + f.user + "."
	}
	return text + " The time in front of a message is when the user said it: use it only when it matters."
}

// clock stands before the question.
func (f promptFacts) clock() string { return f.now.Format("(15:04) ") }
