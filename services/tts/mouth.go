package tts

import "time"

// mouth is what is said to one speaker: the line that is spoken, the one that is
// made meanwhile, and those that wait.
type mouth struct {
	sink      string
	now, next *line
	last      *line // that was spoken before now; nil after a stop
	queue     []*line
	paused    string    // answer whose next line waits for a resume, when none was spoken at its pause
	gain      float64   // of what is played; below 1 while somebody speaks into it
	quietAt   time.Time // since when it has nothing to say
}

// idle reports whether m has nothing to say.
func (m *mouth) idle() bool { return m.now == nil && m.next == nil && len(m.queue) == 0 }

// follow makes l what is said now. Its speaker may still play what came before.
func (m *mouth) follow(l *line) {
	m.now = l
	if m.last != nil {
		l.pacer.After(m.last.pacer.Over())
	}
	if m.paused != "" && m.paused == l.utt() {
		l.pacer.Hold(time.Now())
	}
	m.paused = ""
}
