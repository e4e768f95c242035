package apierror

import "strings"

// LastLine is the last line of what a program printed, behind ": ", as the end of
// the error that the program failed; empty when it printed nothing.
func LastLine(log string) string {
	log = strings.TrimSpace(log)
	if log == "" {
		return ""
	}
	return ": " + log[strings.LastIndexByte(log, '\n')+1:]
}
