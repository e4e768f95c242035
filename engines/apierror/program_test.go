package apierror_test

import (
	"testing"

	"github.com/gotars/tars/engines/apierror"
)

func TestOfWhatAProgramPrintedTheLastLineIsShown(t *testing.T) {
	for log, want := range map[string]string{
		"":                                "",
		" \n":                             "",
		"no model":                        ": no model",
		"Traceback\n  main\nno model\n\n": ": no model",
	} {
		if got := apierror.LastLine(log); got != want {
			t.Errorf("of %q: %q, want %q", log, got, want)
		}
	}
}
