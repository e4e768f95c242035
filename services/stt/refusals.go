package stt

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gotars/tars/kit"
)

const (
	maxRefused   = 64               // sources whose audio is refused, that are remembered; further ones are only counted
	rightAfter   = 10 * time.Second // without a refusal, after which a source that is heard is right again
	refusedTTL   = time.Minute      // without a refusal, after which a source is forgotten
	maxNamedSick = 3                // sources that health names
)

// refusals are the sources whose audio cannot be read, so that each is told once, with what
// helps, and not with each of its chunks. It is safe for concurrent use.
type refusals struct {
	log *slog.Logger

	mu      sync.Mutex
	sources []refusedSource // the one refused first comes first
}

type refusedSource struct {
	name, why string
	last      time.Time // it was refused
}

// add takes a message of a microphone that could not be read.
func (r *refusals) add(d *kit.Delivery, err error) {
	name, now := d.Key, time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := r.find(name); i >= 0 {
		r.sources[i].last, r.sources[i].why = now, err.Error()
		return
	}
	r.forget(now)
	if len(r.sources) >= maxRefused {
		return
	}
	r.sources = append(r.sources, refusedSource{name, err.Error(), now})
	r.log.Warn("microphone cannot be heard", "source", clipName(name), "err", err, "cure", cureOf(err))
}

// heard notes that a source is heard: after a while without a refusal it is right, and is
// told again when it is not.
func (r *refusals) heard(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := r.find(name); i >= 0 && time.Since(r.sources[i].last) >= rightAfter {
		r.log.Info("microphone is heard again", "source", name)
		r.sources = slices.Delete(r.sources, i, i+1)
	}
}

// health reports which microphones cannot be heard.
func (r *refusals) health() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(time.Now())
	var all []string
	for _, s := range r.sources {
		if len(all) == maxNamedSick {
			all = append(all, fmt.Sprintf("and %d more", len(r.sources)-maxNamedSick))
			break
		}
		all = append(all, fmt.Sprintf("microphone %q cannot be heard: %s", clipName(s.name), s.why))
	}
	if len(all) == 0 {
		return nil
	}
	return errors.New(strings.Join(all, "; "))
}

// find returns the index of a source, -1 when it is not refused. The caller holds the lock.
func (r *refusals) find(name string) int {
	return slices.IndexFunc(r.sources, func(s refusedSource) bool { return s.name == name })
}

// forget removes what was not refused for long. The caller holds the lock.
func (r *refusals) forget(now time.Time) {
	r.sources = slices.DeleteFunc(r.sources, func(s refusedSource) bool { return now.Sub(s.last) >= refusedTTL })
}

// cureOf is what helps against a refusal, whose text begins with what it is about.
func cureOf(err error) string {
	const form = "signed 16-bit little-endian samples, 20 to 100 ms in a message"
	switch field, _, _ := strings.Cut(err.Error(), ":"); field {
	case "content type":
		return "send " + form + ", and their rate and channels as the content type, such as audio/pcm;rate=16000;channels=1"
	case "source":
		return "publish to audio/mic/<name>, with a name of 1 to 32 of a-z, 0-9 and -"
	}
	return "send " + form + ", cut between samples"
}

// clipName is a name that somebody gave, short enough to be shown.
func clipName(name string) string {
	const maxChars = 40
	if r := []rune(name); len(r) > maxChars {
		return string(r[:maxChars]) + "…"
	}
	return name
}
