package kit

import (
	"context"
	"errors"
	"sync"
	"testing"
)

func TestOldestAnswerMakesRoom(t *testing.T) {
	w := waiter{arrive: make(chan struct{}, 1)}
	for i := range maxWaitingReplies + 1 {
		if room := w.put(&Delivery{Meta: Meta{Attempt: i}}); room != (i < maxWaitingReplies) {
			t.Errorf("put %d: room %v", i, room)
		}
	}
	for i := range maxWaitingReplies {
		if d, err := w.take(t.Context()); err != nil || d.Attempt != i+1 {
			t.Fatalf("took %v, %v, want %d", d, err, i+1)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("why")
	cancel(why)
	if _, err := w.take(ctx); err != why {
		t.Errorf("without an answer: %v", err)
	}
}

func TestReaderSeesAllInOrder(t *testing.T) {
	w := waiter{arrive: make(chan struct{}, 1)}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range maxWaitingReplies {
			w.put(&Delivery{Meta: Meta{Attempt: i}})
		}
	})
	for i := range maxWaitingReplies {
		if d, err := w.take(t.Context()); err != nil || d.Attempt != i {
			t.Fatalf("took %v, %v, want %d", d, err, i)
		}
	}
	wg.Wait()
}
