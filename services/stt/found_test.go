package stt_test

import (
	"errors"
	"testing"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/stt"
	"github.com/gotars/tars/services/stt/engine"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// Who was told to run make engines and did has a recogniser, also before
// anything is said.
func TestAnEngineThatIsFoundEndsTheTrouble(t *testing.T) {
	home := t.TempDir()
	c := stt.Config{Config: engine.Config{Engine: "auto", Hosts: enginetest.Nowhere, Lang: "en", Timeout: enginetest.Patience}}
	s := stt.NewForTest(c, kit.Home(home))
	if err := s.Hear(t.Context(), make([]byte, 32000)); !errors.Is(err, engine.ErrNone) || s.Healthy(t.Context()) == nil {
		t.Fatalf("without an engine: %v", err)
	}
	enginetest.Install(t, home, discovery.Server{Kind: discovery.STT, Protocol: "wyoming", URL: enginetest.Listen(t), Name: "Wyoming x"})
	s.Look(t.Context())
	if err := s.Healthy(t.Context()); err != nil {
		t.Errorf("with one: %v", err)
	}
}
