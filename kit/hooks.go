package kit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.uber.org/fx/fxevent"
)

// hookLog notes which hook of an fx.App is at work, from the events that fx logs.
type hookLog struct {
	mu      sync.Mutex
	current string // name of the hook that began last
}

// LogEvent implements fxevent.Logger.
func (h *hookLog) LogEvent(e fxevent.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch e := e.(type) {
	case *fxevent.OnStartExecuting:
		h.current = e.FunctionName
	case *fxevent.OnStopExecuting:
		h.current = e.FunctionName
	}
}

// currentName is the hook that was at work last: "memory.OpenStore.func1".
func (h *hookLog) currentName() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	name := h.current[strings.LastIndexByte(h.current, '/')+1:]
	return strings.TrimSuffix(name, "()")
}

// explain says which hook ran out of which limit, when err is that it did.
func (h *hookLog) explain(ctx context.Context, err error, kind string, limit time.Duration, setting string) error {
	if err == nil || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("the %s hook %s did not end within %s (%s): %w", kind, h.currentName(), limit, setting, err)
}
