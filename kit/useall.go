package kit

import (
	"errors"

	"go.uber.org/fx"
)

// moduleMiddleware is the middleware of all handlers of one service.
type moduleMiddleware struct{ all []Middleware }

// UseAll wraps every handler of messages of a module, around what the handler's
// own [Use] says and inside the kit's chain, the first outermost: it sees each try
// of each decoded message. What has no message, such as [OnChan], [Every] and [Loop], is
// not wrapped. It is an option of [Service] and of [Module.With].
func UseAll(mw ...Middleware) fx.Option {
	return fx.Invoke(func(e *moduleMiddleware) { e.all = append(e.all, mw...) })
}

// wrap sets h.run: the handler inside the middleware of the module.
func (m *moduleMiddleware) wrap(h *registration) error {
	h.run = h.serve
	if m == nil || h.builtIn || h.serve == nil {
		return nil
	}
	for i := len(m.all) - 1; i >= 0; i-- {
		if m.all[i] == nil {
			return errors.New("UseAll: a middleware is nil")
		}
		if h.run = m.all[i](h.run); h.run == nil {
			return errors.New("UseAll: a middleware returned nil")
		}
	}
	return nil
}
