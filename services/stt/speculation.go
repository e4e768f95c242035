package stt

import (
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// speculation counts what the readings that are made at a pause are worth: a final whose
// reading was ready costs no wait, and a reading after which the person went on was made
// in vain.
type speculation struct {
	ready, running, after kit.Counter // finals, by when they were read

	discarded kit.Durations // readings made at a pause that were thrown away: the time that the engine worked on them
	cpu       kit.Counter   // of those, milliseconds of CPU time, where the engine is a program that is run for each
}

// handlers declares what is counted.
func (s *speculation) handlers() []kit.Handler {
	return []kit.Handler{
		kit.Counts("finals_ready", &s.ready), kit.Counts("finals_running", &s.running), kit.Counts("finals_after", &s.after),
		kit.Times("readings_discarded", &s.discarded), kit.Counts("readings_discarded_cpu_ms", &s.cpu),
	}
}

// noteFinal counts the final of an utterance that was read when reading says.
func (s *speculation) noteFinal(reading string) {
	switch reading {
	case contract.ReadingReady:
		s.ready.Add(1)
	case contract.ReadingRunning:
		s.running.Add(1)
	default:
		s.after.Add(1)
	}
}

// noteDiscarded counts a reading that was thrown away.
func (s *speculation) noteDiscarded(took, cpu time.Duration) {
	s.discarded.Add(took)
	s.cpu.Add(cpu.Milliseconds())
}
