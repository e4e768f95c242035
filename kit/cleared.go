package kit

import (
	"github.com/gotars/tars/kit/internal/codec"
	"github.com/gotars/tars/kit/msg"
)

// TakesCleared lets an empty payload reach the handler, with which retained
// state is cleared: it gets a zero M, with the key of the topic, and
// [From](ctx).Cleared is true. Without it such a message is counted as refused
// and forgotten, like any other that is no M.
func TakesCleared() Option { return func(o *options) { o.takesCleared = true } }

// decodeCleared is decode for TakesCleared.
func decodeCleared[M msg.Message](d *Delivery) error {
	if len(d.Payload) > 0 {
		return decodeValue[M](d)
	}
	return recoverPanic(func() error {
		var m M
		codec.Place(&m, codec.Arrival{Key: d.Key, Header: d.Header})
		d.Value, d.Cleared = m, true
		return nil
	})
}
