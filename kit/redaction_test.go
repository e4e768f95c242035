package kit_test

import (
	"strings"
	"testing"

	"github.com/gotars/tars/kit"
)

func TestNoURLShowsItsPassword(t *testing.T) {
	for _, u := range []string{"tars:s3cret@broker:1883", "mqtt:tars:s3cret@broker:1883", "mqtt://u:s3cret@"} {
		s := kit.Settings{URL: u}
		if err := s.Validate(); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v", err)
		}
	}
}
