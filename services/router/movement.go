package router

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
)

// bodyMovement is what a body is told to do, and the words that ask for it.
type bodyMovement struct {
	pattern *regexp.Regexp
	command string
}

// movements are what a body is told by whole utterances, in lower case. "A rainbow" and
// "turn left at the church, he said" move nothing.
var movements = []bodyMovement{
	{movement(`(?:step|walk|move|go|come)(?: a (?:bit|little|step))? (?:forward|forwards|ahead)|(?:take )?(?:a|one) step forward|geh (?:einen schritt )?(?:vor|vorwärts)`), "step_forward"},
	{movement(`(?:step|walk|move|go)(?: a (?:bit|little|step))? (?:back|backward|backwards)|(?:take )?(?:a|one) step back(?:ward|wards)?|geh (?:einen schritt )?(?:zurück|rückwärts)`), "step_backward"},
	{movement(`(?:turn|rotate)(?: to the| to your| around to the)? left|dreh dich nach links`), "turn_left"},
	{movement(`(?:turn|rotate)(?: to the| to your| around to the)? right|dreh dich nach rechts`), "turn_right"},
	{movement(`wave|wave (?:at|to) (?:me|us|them|everyone|everybody)|wave (?:your|a) hand|winke(?: mal)?`), "wave"},
	{movement(`laugh|do a laugh`), "laugh"},
	{movement(`bow|(?:take|make) a bow|bow down|verbeuge dich|verbeug dich`), "bow"},
	{movement(`swing (?:your )?legs`), "swing_legs"},
	{movement(`balance|stand up|keep your balance`), "balance"},
	{movement(`(?:strike a )?pose`), "pose"},
	{movement(`(?:do a )?mic drop|drop the mic`), "mic_drop"},
	{movement(`(?:be a |do the )?monster(?: pose)?`), "monster"},
	{movement(`(?:go to )?reset(?: (?:position|your position))?|go to (?:your )?(?:rest|start) position`), "reset"},
}

// stopMoving stops a body, whatever it does.
var stopMoving = movement(`(?:stop|quit) (?:moving|walking|turning)|halt|freeze|stand still|do not move|don't move|bleib stehen|halt an`)

func movement(pattern string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + pattern + `)$`) }

// noteBody keeps which body said last that it is well: a client such as movement-esp32.
func (c *conversation) noteBody(h contract.HealthPing) {
	switch {
	case !strings.Contains(h.Name, "movement"):
	case h.OK:
		c.body = h.Name
	case c.body == h.Name:
		c.body = ""
	}
}

// readMovement is the command that text asks a body for, where there is one; empty: to stop.
func (c *conversation) readMovement(text string) (command string, ok bool) {
	said := normalize(text)
	if c.body == "" {
		return "", false
	}
	if stopMoving.MatchString(said) {
		return "", true
	}
	i := slices.IndexFunc(movements, func(m bodyMovement) bool { return m.pattern.MatchString(said) })
	if i < 0 {
		return "", false
	}
	return movements[i].command, true
}

// moves has the body do what a turn asks for, where there is one; without one the words are
// for the model.
func (c *conversation) moves(t *turn, now time.Time) (out []effect, ok bool) {
	command, ok := c.readMovement(t.text)
	switch {
	case !ok:
		return nil, false
	case command == "":
		return append([]effect{{t.room, "", contract.MovementStop{Timestamp: *unixSeconds(now), Reason: new("voice")}}}, c.speak(t, "", t.cause, now, "I stand still.")...), true
	}
	request := contract.MovementTestRequest{Timestamp: *unixSeconds(now), Command: command, Speed: 1, RequestID: &t.id}
	return append([]effect{{t.room, "", request}}, c.speak(t, "", t.cause, now, "All right.")...), true
}
