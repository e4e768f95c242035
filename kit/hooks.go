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

// hookLog knows which hook of an fx.App is at work.
type hookLog struct {
	mu  sync.Mutex
	now string
}

// LogEvent implements fxevent.Logger.
func (h *hookLog) LogEvent(e fxevent.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch e := e.(type) {
	case *fxevent.OnStartExecuting:
		h.now = e.FunctionName
	case *fxevent.OnStopExecuting:
		h.now = e.FunctionName
	}
}

// name is the hook that was at work last: "memory.OpenStore.func1".
func (h *hookLog) name() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	name := h.now[strings.LastIndexByte(h.now, '/')+1:]
	return strings.TrimSuffix(name, "()")
}

// explain says which hook ran out of which limit, when err is that it did.
func (h *hookLog) explain(ctx context.Context, err error, kind string, limit time.Duration, setting string) error {
	if err == nil || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("the %s hook %s did not end within %s (%s): %w", kind, h.name(), limit, setting, err)
}
