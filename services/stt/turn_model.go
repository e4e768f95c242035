package stt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/speech/pcm"
	"github.com/gotars/tars/speech/smartturn"
)

// TurnModel tells by the sound of an utterance whether its speaker has finished.
type TurnModel interface {
	// Load makes it ready, which may take a second. Only the first call does something.
	Load() error
	// Finished is the probability that the speaker of audio has finished. Audio ends in
	// a pause.
	Finished(ctx context.Context, audio pcm.Audio) (float64, error)
}

const (
	// turnModelAudio is how much of the end of an utterance the model looks at.
	turnModelAudio = 8 * pcm.BytesPerSecond
	// maxPausesWaiting is how many pauses may wait for the model. One takes it 0.1 s, so
	// what waits behind more is decided before the model comes to it.
	maxPausesWaiting = 4
	// turnModelTimeout is when a question is given up: the utterance ended long before.
	turnModelTimeout = 5 * time.Second
)

// newTurnModel returns the model that cfg asks for.
func newTurnModel(cfg Config, home kit.Home) (TurnModel, error) {
	m := &smartTurn{engines: home.Path(cfg.TurnFolder)}
	switch cfg.TurnModel {
	case "none":
		return noTurnModel{}, nil
	case "smart-turn":
		if err := smartturn.Installed(m.engines); err != nil {
			return nil, fmt.Errorf("STT_TURN_MODEL is smart-turn: %w", err)
		}
	}
	return m, nil
}

// noTurnModel is the model of who wants none. Nobody asks it.
type noTurnModel struct{}

var errNoTurnModel = errors.New("STT_TURN_MODEL is none")

func (noTurnModel) Load() error { return errNoTurnModel }

func (noTurnModel) Finished(context.Context, pcm.Audio) (float64, error) { return 0, errNoTurnModel }

// smartTurn is [smartturn.Model], which is loaded when somebody speaks: who types pays
// no memory for it. One that is installed while the service runs is found then.
type smartTurn struct {
	engines string // folder of what make engines installs

	mu    sync.Mutex
	model *smartturn.Model
	err   error // of the last time it was loaded
}

func (m *smartTurn) Load() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.model == nil && (m.err == nil || errors.Is(m.err, fs.ErrNotExist)) {
		m.model, m.err = smartturn.Load(m.engines)
	}
	return m.err
}

func (m *smartTurn) Finished(_ context.Context, audio pcm.Audio) (float64, error) {
	if err := m.Load(); err != nil {
		return 0, err
	}
	return m.model.Finished(audio)
}

// turnQuestion is what the model is asked for: to judge a pause, or with none to be
// ready for the next.
type turnQuestion struct{ pause *attempt }

// turnAsker has the model judge pauses, one at a time and beside everything else. One
// that is nil asks nobody.
type turnAsker struct {
	model     TurnModel
	questions chan turnQuestion
	log       *slog.Logger
	warnOnce  sync.Once // that the model fails
}

func newTurnAsker(cfg Config, m TurnModel, log *slog.Logger) *turnAsker {
	if _, none := m.(noTurnModel); none || cfg.eagerness() == "" {
		return nil
	}
	if m, ok := m.(*smartTurn); ok {
		err := smartturn.Installed(m.engines)
		if err != nil {
			log.Info("turns end by words and pauses alone", "err", err)
		}
		if errors.Is(err, errors.ErrUnsupported) { // and nothing that is installed helps
			return nil
		}
	}
	return &turnAsker{model: m, questions: make(chan turnQuestion, maxPausesWaiting), log: log}
}

// prepare has the model loaded soon: somebody has begun to speak.
func (a *turnAsker) prepare() {
	if a == nil {
		return
	}
	select {
	case a.questions <- turnQuestion{}:
	default: // it is at work, so it is loaded
	}
}

// ask has the model judge a pause soon. The error says that it was left out.
func (a *turnAsker) ask(pause *attempt) error {
	if a == nil || pause == nil {
		return nil
	}
	select {
	case a.questions <- turnQuestion{pause}:
		pause.judging.Store(true)
		return nil
	default:
		return kit.Drop("turn_model_backlog")
	}
}

// judge answers a question: it notes how the end of an utterance sounded with the
// pause, while that lasts.
func (a *turnAsker) judge(ctx context.Context, q turnQuestion) error {
	if q.pause == nil {
		if err := a.model.Load(); !errors.Is(err, fs.ErrNotExist) {
			return a.noteFailure(err)
		}
		return nil
	}
	if q.pause.isOver() {
		return kit.Drop("outdated")
	}
	audio := q.pause.audio
	p, err := a.model.Finished(ctx, audio[max(0, len(audio)-turnModelAudio):])
	if err != nil {
		return a.noteFailure(err)
	}
	q.pause.finished.Store(&p)
	return nil
}

// noteFailure warns of the first failure of the model, and counts each: turns end
// without it too.
func (a *turnAsker) noteFailure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return kit.Drop("turn_model_not_installed")
	}
	a.warnOnce.Do(func() { a.log.Warn("turn-end model failed; turns end by words and pauses", "err", err) })
	return kit.Drop("turn_model_failed")
}
