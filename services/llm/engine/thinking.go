package engine

import "strings"

// stripThinking returns an emit function that passes on to emit what is meant for the
// listener. Some models write their
// thoughts first, between <think> and </think>, and some servers leave them in.
func stripThinking(emit func(string) error) func(string) error {
	const opens, closes = "<think>", "</think>"
	held, thinking, begun := "", false, false
	return func(delta string) error {
		if begun {
			return emit(delta)
		}
		held += delta
		if !thinking {
			start := strings.TrimLeft(held, " \n")
			if strings.HasPrefix(opens, start) && start != opens {
				return emit("") // too short to tell
			}
			if thinking = strings.HasPrefix(start, opens); !thinking {
				begun = true
				return emit(held)
			}
		}
		_, after, over := strings.Cut(held, closes)
		after = strings.TrimLeft(after, " \n")
		if !over || after == "" {
			return emit("") // alive, and silent
		}
		begun = true
		return emit(after)
	}
}
