package kit

// keyQueue is the queue of one key of a lane with OrderedBy.
type keyQueue struct {
	name  string
	items pending
	busy  bool // a worker runs an item of it
}

// maxKeyedBacklog is how many items may wait for all keys of a lane together, beside the
// Queue of one: senders can make up keys, so the number of keys is no bound. As
// many may wait to be sorted. Beyond that, the newest AtMostOnce item of a rare
// key is dropped, see fairqueue.
const maxKeyedBacklog = 4096

// sortByKey decodes what arrives and puts it into the queue of its key.
func (l *lane) sortByKey() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sorting = true
	defer func() { l.sorting = false; l.cond.Broadcast() }()
	for {
		for l.queue.Len() == 0 && !l.halted && !l.stopped {
			l.cond.Wait()
		}
		if l.halted || l.queue.Len() == 0 {
			return
		}
		it := l.queue.pop()
		name, ok := l.decodeKeyUnlocked(it)
		if !ok {
			continue
		}
		k := l.keys[name]
		if k == nil {
			k = &keyQueue{name: name}
			l.keys[name] = k
		}
		it.key = k
		idle := !k.busy && k.items.Len() == 0 // else it is in ready, or will be
		k.items.push(it)
		if idle {
			l.ready.Push(k, l.keyCounts.Add(name))
		}
		l.dropNewest(it.h)
		l.trim(&k.items, it.h.opt.queue)
		l.cond.Broadcast()
	}
}

// decodeKeyUnlocked decodes an item and returns its key; what has none is forgotten. The
// lane is locked before and after, and not meanwhile, because functions of the service
// run. When one of them ends the goroutine, another goroutine goes on sorting.
func (l *lane) decodeKeyUnlocked(it item) (name string, ok bool) {
	l.mu.Unlock()
	back := false
	defer func() {
		if !back {
			l.b.countRefused(it.h, it.d, errExited)
			l.wg.Go(l.sortByKey)
		}
		l.mu.Lock()
		if !ok {
			l.uncount(&it)
			it.settle(true)
		}
	}()
	name, ok = l.b.decodeOrderKey(it)
	back = true
	return name, ok
}

// dropNewest drops AtMostOnce items of rare keys while more than maxKeyedBacklog wait,
// or more bytes than may.
func (l *lane) dropNewest(h *registration) {
	for l.backlogFull(h) && l.ready.RareLen() > 0 {
		k := l.ready.PopNewestRare()
		if l.trim(&k.items, 0); k.items.Len() > 0 {
			l.ready.Push(k, true) // what is AtLeastOnce stays
		} else {
			delete(l.keys, k.name)
		}
	}
}

// backlogFull reports whether more waits in the lane than maxKeyedBacklog and
// maxQueuedBytes allow.
func (l *lane) backlogFull(h *registration) bool {
	return l.bytes > maxQueuedBytes || h.meter.Waiting.Load()-int64(l.queue.Len()) > int64(maxKeyedBacklog+l.limit)
}

// releaseKey lets the next item of k run. k is nil in a lane without OrderedBy.
func (l *lane) releaseKey(k *keyQueue) {
	if k == nil {
		return
	}
	l.updateState(func() {
		k.busy = false
		if k.items.Len() > 0 {
			l.ready.Push(k, l.keyCounts.Add(k.name))
		} else {
			delete(l.keys, k.name)
		}
	})
}
