package mailbox

import (
	"context"
	"errors"
	"sync"
	"testing"
)

func TestOldestMakesRoom(t *testing.T) {
	b := New[int](2)
	for i, room := range []bool{true, true, false} {
		if got := b.Put(i); got != room {
			t.Errorf("put %d: room %v", i, got)
		}
	}
	for _, want := range []int{1, 2} {
		if got, err := b.Take(t.Context()); got != want || err != nil {
			t.Errorf("took %d, %v, want %d", got, err, want)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("why")
	cancel(why)
	if _, err := b.Take(ctx); err != why {
		t.Errorf("an empty box: %v", err)
	}
}

func TestReaderSeesAllInOrder(t *testing.T) {
	const n = 10000
	b := New[int](n)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range n {
			b.Put(i)
		}
	})
	for i := range n {
		if got, err := b.Take(t.Context()); got != i || err != nil {
			t.Fatalf("took %d, %v, want %d", got, err, i)
		}
	}
	wg.Wait()
}
