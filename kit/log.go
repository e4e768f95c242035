package kit

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/lmittmann/tint"
	"go.uber.org/fx"
)

// LogLevel gives the log of a service another level than info for where the variable
// LOG_LEVEL is not set. For a bus of [Open] it is the field LogLevel of [Settings].
func LogLevel(level slog.Level) fx.Option { return fx.Supply(defaultLogLevel(level)) }

// defaultLogLevel carries the level of LogLevel to the settings.
type defaultLogLevel slog.Level

// NewLogger returns the logger of a program, on w: LOG_LEVEL (debug info warn
// error; default info) and LOG_FORMAT (auto text json; auto is text on a
// terminal). Lines written with a handler's context carry its trace and id.
func NewLogger(w io.Writer) (*slog.Logger, error) { return NewLoggerAt(w, slog.LevelInfo) }

// NewLoggerAt is [NewLogger] for a program whose log has this level where the
// variable LOG_LEVEL is not set.
func NewLoggerAt(w io.Writer, level slog.Level) (*slog.Logger, error) {
	if s := os.Getenv("LOG_LEVEL"); s != "" {
		var err error
		if level, err = parseLogLevel(s); err != nil {
			return nil, err
		}
	}
	var h slog.Handler
	switch format := strings.ToLower(os.Getenv("LOG_FORMAT")); {
	case format == "text", (format == "" || format == "auto") && isTerminal(w):
		h = tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: "15:04:05.000", NoColor: !isTerminal(w)})
	case format == "json", format == "", format == "auto":
		h = slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
	default:
		return nil, fmt.Errorf("LOG_FORMAT is %q, want auto, text or json", format)
	}
	return slog.New(traceHandler{h}), nil
}

// parseLogLevel reads a level as slog writes it, or as other languages call it: WARNING,
// and CRITICAL or FATAL, which have no level of their own here and are errors.
func parseLogLevel(s string) (level slog.Level, err error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "warning":
		return slog.LevelWarn, nil
	case "critical", "fatal":
		return slog.LevelError, nil
	}
	if err = level.UnmarshalText([]byte(strings.TrimSpace(s))); err != nil {
		return 0, fmt.Errorf("LOG_LEVEL is %q, want debug, info, warn or error", s)
	}
	return level, nil
}

// isTerminal reports whether w is a terminal, where text and colours are read.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	s, err := f.Stat()
	return err == nil && s.Mode()&os.ModeCharDevice != 0
}

// traceHandler is a slog.Handler that adds to each line the trace, id and topic of the
// message being handled.
type traceHandler struct{ slog.Handler }

func (t traceHandler) Handle(ctx context.Context, r slog.Record) error {
	if m := From(ctx); m.Trace != "" {
		r.AddAttrs(slog.String("trace", m.Trace))
		if m.ID != "" {
			r.AddAttrs(slog.String("id", m.ID), slog.String("topic", m.Topic))
		}
	}
	return t.Handler.Handle(ctx, r)
}

func (t traceHandler) WithAttrs(a []slog.Attr) slog.Handler {
	return traceHandler{t.Handler.WithAttrs(a)}
}
func (t traceHandler) WithGroup(s string) slog.Handler { return traceHandler{t.Handler.WithGroup(s)} }
