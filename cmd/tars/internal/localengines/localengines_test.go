package localengines_test

import (
	"strings"
	"testing"

	"github.com/gotars/tars/cmd/tars/internal/localengines"
	"github.com/gotars/tars/kit"
)

// make up starts tars up also when the offer to install engines refused the value.
func TestInvalidENGINESFailsStart(t *testing.T) {
	t.Setenv("ENGINES", "no")
	if k, err := localengines.Keep(t.Context(), kit.Home(t.TempDir())); k != nil || err == nil || !strings.Contains(err.Error(), "want yes, none or nothing") {
		t.Errorf("%v, %v", k, err)
	}
}
