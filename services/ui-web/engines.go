package uiweb

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	engineLookTimeout = 15 * time.Second       // for a look at all engines
	engineTryTimeout  = 4 * time.Minute        // for a question to each of them: models are loaded by it
	installTellEvery  = 250 * time.Millisecond // between two words on how far an installation is
)

// Engines is what is known of the engines of this machine, and what can be done about
// them. The command that runs this service provides it: a service installs nothing, and
// what is installed is not decided by a message, which anybody on the bus can send.
type Engines interface {
	// Report says what each service works with and why, and what there is to install. With
	// try each engine is asked once, which may take a minute.
	Report(ctx context.Context, try bool) (EngineReport, error)
	// Install installs parts, the usual ones when none is named, and tells how far it is.
	Install(ctx context.Context, parts []string, tell func(EngineStep)) error
}

// EngineReport is what is known of the engines.
type EngineReport struct {
	Uses    []EngineUse    `json:"uses"`
	Parts   []EnginePart   `json:"parts"`
	Running []EngineServer `json:"running"` // of the installed ones
	Advice  string         `json:"advice"`  // what would help most; empty: each was not asked
}

// EngineUse is what one service works with.
type EngineUse struct {
	Service  string `json:"service"`
	Engine   string `json:"engine"`
	From     string `json:"from"`
	Why      string `json:"why"`
	Better   string `json:"better"`   // what would improve most; empty: nothing
	Measured string `json:"measured"` // what came of asking it; empty: it was not asked
	Trouble  string `json:"trouble"`  // why it does not work
}

// EnginePart is something that can be installed.
type EnginePart struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Licence  string `json:"licence"`
	Measured string `json:"measured"` // on two cores
	Size     string `json:"size"`
	State    string `json:"state"` // installed, older or none
	Usual    bool   `json:"usual"`
}

// EngineServer is an installed engine that is run here.
type EngineServer struct {
	Name     string `json:"name"`
	State    string `json:"state"`
	Memory   string `json:"memory"`
	Requests int64  `json:"requests"`
	Trouble  string `json:"trouble"`
}

// EngineStep is how far an installation is.
type EngineStep struct {
	What  string `json:"what"`
	Done  int64  `json:"done"` // bytes
	Total int64  `json:"total"`
}

// noEngines stands where no command provides engines.
type noEngines struct{}

// NoEngines knows nothing of engines.
func NoEngines() Engines { return noEngines{} }

// Report implements Engines.
func (noEngines) Report(context.Context, bool) (EngineReport, error) { return EngineReport{}, nil }

// Install implements Engines.
func (noEngines) Install(context.Context, []string, func(EngineStep)) error {
	return errors.New("this program cannot install engines")
}

// installation is one that runs or ran.
type installation struct {
	EngineStep
	Running bool   `json:"running"`
	Trouble string `json:"trouble"` // why it failed
	Ended   bool   `json:"ended"`   // as it should
}

// engineRoom serves the engines to the pages, and owns the one installation that may run.
type engineRoom struct {
	engines Engines
	pages   *Pages
	log     *slog.Logger
	life    context.Context // of the server

	mu   sync.Mutex
	now  installation
	told time.Time
	stop context.CancelFunc // nil: none runs
	wg   sync.WaitGroup
}

func newEngineRoom(engines Engines, pages *Pages, log *slog.Logger) *engineRoom {
	return &engineRoom{engines: engines, pages: pages, log: log}
}

// report answers with what is known, which takes about a second.
func (e *engineRoom) report(w http.ResponseWriter, r *http.Request) {
	e.answer(w, r, false, engineLookTimeout)
}

// try answers with what is known when each engine was asked.
func (e *engineRoom) try(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(engineTryTimeout + writeTimeout))
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	e.answer(w, r, true, engineTryTimeout)
}

func (e *engineRoom) answer(w http.ResponseWriter, r *http.Request, try bool, patience time.Duration) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	known, err := e.engines.Report(ctx, try)
	if err != nil {
		writeError(w, http.StatusInternalServerError, err.Error())
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{"engines": known, "installation": e.now})
}

// install starts an installation, unless one runs. It goes on when the page is closed.
func (e *engineRoom) install(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Parts []string `json:"parts"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stop != nil {
		writeError(w, http.StatusConflict, "Something is being installed already.")
		return
	}
	ctx, cancel := context.WithCancel(e.life)
	e.stop, e.now = cancel, installation{Running: true}
	e.log.Info("a page installs engines", "parts", body.Parts)
	e.wg.Go(func() {
		defer cancel()
		e.end(ctx, e.engines.Install(ctx, body.Parts, e.step))
	})
	e.tell()
	writeJSON(w, http.StatusOK, e.now)
}

// cancel ends the installation. What was fetched is kept.
func (e *engineRoom) cancel(w http.ResponseWriter, _ *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stop != nil {
		e.stop()
	}
	writeJSON(w, http.StatusOK, e.now)
}

// step notes how far the installation is.
func (e *engineRoom) step(s EngineStep) {
	e.mu.Lock()
	defer e.mu.Unlock()
	changed := s.What != e.now.What
	e.now.EngineStep = s
	if changed || time.Since(e.told) >= installTellEvery {
		e.tell()
	}
}

// end notes that the installation is over, and why.
func (e *engineRoom) end(ctx context.Context, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stop = nil
	e.now.Running, e.now.Ended = false, err == nil
	switch {
	case err == nil:
	case ctx.Err() != nil:
		e.now.Trouble = "stopped"
	default:
		e.now.Trouble = err.Error()
		e.log.Warn("engines not installed", "err", err)
	}
	e.tell()
}

// tell shows the installation to all pages. The caller holds the lock.
func (e *engineRoom) tell() {
	e.told = time.Now()
	e.pages.Show(wordFrame("installation", e.now))
}
