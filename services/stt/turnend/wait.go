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

	Reading   bool // its words are being found out
	Listening bool // how it sounded is

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

// plan is how long somebody waits, in milliseconds.
type plan struct {
	likely float64    // the likelihood from which a turn is taken for over
	over   int        // then
	doubt  int        // where it may be
	open   int        // where something must follow
	unread [tones]int // while the words are not known, by the sound
}

// waits are the plans of each eagerness. People who think in the middle of a sentence
// pause for 0.4 to 1.5 s; who waits for an answer finds 0.5 s short and 1 s long. The
// plans for known words were chosen on the corpus, see docs/conversation.md: likely so
// that half of all turns end at once, the others between the two. Those for unknown
// words are a rule of thumb.
var waits = map[Eagerness]plan{ //                 unheard halfway open finished over
	Low:    {likely: 0.72, over: 400, doubt: 1100, open: 2500, unread: [tones]int{1000, 1700, 1300, 1000, 700}},
	Medium: {likely: 0.63, over: 200, doubt: 900, open: 1600, unread: [tones]int{650, 1200, 900, 650, 450}},
	High:   {likely: 0.45, over: 200, doubt: 650, open: 1200, unread: [tones]int{500, 900, 700, 500, 300}},
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
	milliseconds, clear := waits[e].wait(p)
	wait := time.Duration(milliseconds) * time.Millisecond
	if p.Asked {
		wait = time.Duration(float64(wait) * askedFactor)
	}
	if !clear {
		wait = max(wait, p.usualWait())
	}
	return min(max(wait, MinWait), MaxWait)
}

// What is waited for news that is on its way, before something is decided without it.
const (
	// readingWait is how much longer than the silence that holds while nothing is known a
	// pause may last while its words are read. Nothing is lost by that, as the final needs
	// them. A recogniser that is slower decides nothing, or two utterances would become one.
	readingWait = 300 * time.Millisecond
	// soundWait is how long the turn-end model may take. It takes 40 to 60 ms where nothing
	// else is at work.
	soundWait = 120 * time.Millisecond
)

// Endpoint is the silence after which an utterance with this pause is over, by what is
// known of it at this moment. unknown is that which holds while nothing is known, and
// asked the silence at which its words and its sound were asked for.
func (e Eagerness) Endpoint(p Pause, unknown, asked time.Duration) time.Duration {
	wait := unknown
	if p.TextKnown || p.FinishedKnown {
		wait = e.Wait(p)
	}
	if p.Listening && !p.FinishedKnown {
		wait = max(wait, asked+soundWait)
	}
	if p.Reading {
		wait = max(wait, unknown+readingWait)
	}
	return wait
}

// wait is how long p is waited, and whether it is the end by all that is known. Where that
// is in doubt, a speaker who pauses for long gets as long as usual.
func (w plan) wait(p Pause) (milliseconds int, clear bool) {
	sound := p.tone()
	if !p.TextKnown {
		return w.unread[sound], sound == soundsOver
	}
	switch e := p.evidence(); {
	case e.likelihood() >= w.likely:
		return w.over, sound == unheard || sound >= soundsFinished
	case e.isOpen():
		return w.open, false
	}
	return w.doubt, false
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
