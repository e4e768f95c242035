package turnend

import (
	"math"
	"time"
)

// Eagerness is how soon an utterance ends after its last word.
type Eagerness string

// The settings of STT_EAGERNESS.
const (
	Low    Eagerness = "low"
	Medium Eagerness = "medium"
	High   Eagerness = "high"
)

// The bounds of every wait: 0.2 s of silence is a breath, and who has said nothing for
// 2.5 s expects an answer.
const (
	MinWait = 200 * time.Millisecond
	MaxWait = 2500 * time.Millisecond
)

// Pause is what is known when somebody pauses. Its zero value is a pause of which
// nothing is known.
type Pause struct {
	Text      string // of the utterance so far
	Lang      string // of Text, such as "en"
	TextKnown bool

	Finished      float64 // probability that the speaker has finished, by the sound
	FinishedKnown bool

	Asked bool          // the assistant has just asked something
	Usual time.Duration // that the pauses of this speaker last, see [History]; 0 is unknown
}

// tone is how the end of an utterance sounded.
type tone int

const (
	unheard        tone = iota // there is no model, or it has not answered yet
	soundsHalfway              // surely unfinished
	soundsOpen                 // rather unfinished
	soundsFinished             // rather finished
	soundsOver                 // surely finished
	tones
)

// The probabilities between the tones. The model moves by 0.2 for nothing (see
// speech/smartturn), so there are few.
const (
	halfwayBelow = 0.2
	openBelow    = 0.5
	overFrom     = 0.9
)

// unread stands behind the kinds of [Completeness]: the text is not known.
const unread = Question + 1

// waits is the silence in milliseconds that ends an utterance, by how its text ends
// and how it sounds. People who think in the middle of a sentence pause for 0.4 to
// 1.5 s; who waits for an answer finds 0.5 s short and 1 s long. The values lie
// between. Those without a sound were chosen by ear, the others by rule of thumb: words
// that want something behind them wait whatever the sound says, as the model takes a
// list that is broken off for finished; and both together may end it at once.
var waits = map[Eagerness][unread + 1][tones]int{
	//          unheard  halfway  open  finished  over
	Low: {
		Open:     {2500, 2500, 2500, 2500, 2000},
		Unclear:  {1000, 1700, 1300, 900, 600},
		Complete: {700, 1500, 1100, 700, 400},
		Question: {500, 1100, 800, 500, 300},
		unread:   {1000, 1700, 1300, 1000, 700},
	},
	Medium: {
		Open:     {1600, 2000, 1800, 1600, 1300},
		Unclear:  {650, 1200, 900, 600, 400},
		Complete: {400, 1000, 700, 400, 200},
		Question: {300, 700, 450, 300, 200},
		unread:   {650, 1200, 900, 650, 450},
	},
	High: {
		Open:     {1200, 1600, 1400, 1200, 1000},
		Unclear:  {500, 900, 700, 450, 300},
		Complete: {250, 700, 500, 250, 200},
		Question: {200, 500, 350, 200, 200},
		unread:   {500, 900, 700, 500, 300},
	},
}

// askedFactor is how much longer is waited for the answer to a question of the
// assistant: who has to think pauses for longer.
const askedFactor = 1.3

// Known reports whether e is one of the settings.
func (e Eagerness) Known() bool {
	_, known := waits[e]
	return known
}

// Wait is the silence after which an utterance with this pause is over. Of a pause of
// which neither text nor sound is known it is a guess, which a setting may know better.
func (e Eagerness) Wait(p Pause) time.Duration {
	text, sound := p.completeness(), p.tone()
	wait := time.Duration(waits[e][text][sound]) * time.Millisecond
	if p.Asked {
		wait = time.Duration(float64(wait) * askedFactor)
	}
	if !isClear(text, sound) {
		wait = max(wait, p.usualWait())
	}
	return min(max(wait, MinWait), MaxWait)
}

// usualMargin is what is waited beyond the usual pause: a voice is known 80 ms after it
// begins, and no two pauses are equal.
const usualMargin = 200 * time.Millisecond

// usualWait is how long who pauses as usual needs to go on; 0 when that is unknown.
func (p Pause) usualWait() time.Duration {
	if p.Usual <= 0 {
		return 0
	}
	return min(p.Usual, MaxWait) + usualMargin
}

// completeness is how the text of p ends.
func (p Pause) completeness() Completeness {
	if !p.TextKnown {
		return unread
	}
	return Judge(p.Text, p.Lang)
}

func (p Pause) tone() tone {
	switch {
	case !p.FinishedKnown || math.IsNaN(p.Finished):
		return unheard
	case p.Finished < halfwayBelow:
		return soundsHalfway
	case p.Finished < openBelow:
		return soundsOpen
	case p.Finished < overFrom:
		return soundsFinished
	}
	return soundsOver
}

// isClear reports whether an utterance has ended by all that is known. Where that is
// in doubt, a speaker who pauses for long gets as long as usual.
func isClear(text Completeness, sound tone) bool {
	switch text {
	case Open:
		return false
	case Complete, Question:
		return sound == unheard || sound >= soundsFinished
	}
	return sound == soundsOver
}
