package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
)

// refusals are what the broker of tars up refused, by reason. It tells so once a
// minute, retained; other brokers have no such topics.
type refusals struct {
	mu    sync.Mutex
	count map[string]string
}

// handler notes what the broker tells.
func (r *refusals) handler() kit.Handler {
	return kit.Tap(broker.RefusedTopic+"+", func(_ context.Context, d *kit.Delivery) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.count == nil {
			r.count = map[string]string{}
		}
		r.count[strings.TrimPrefix(d.Topic, broker.RefusedTopic)] = string(d.Data)
		return nil
	}, kit.Name("refusals"))
}

// String is empty when nothing was refused.
func (r *refusals) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, reason := range slices.Sorted(maps.Keys(r.count)) {
		all = append(all, fmt.Sprintf("%s %s", r.count[reason], reason))
	}
	return strings.Join(all, ", ")
}
