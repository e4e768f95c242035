package kit_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/wire"
)

func TestAServiceCountsAndTimesItself(t *testing.T) {
	var read kit.Counter
	var reading kit.Durations
	var told diary
	kittest.Run(t, "and its stats tell both", func(t *testing.T, b *kittest.Harness) {
		read.Add(2)
		read.Add(1)
		reading.Add(time.Second)
		reading.Add(3 * time.Second)
		reading.Add(-time.Second)
		if err := b.Bus.PublishTo(t.Context(), "system/stats/get", "", map[string]any{}); err != nil {
			t.Fatal(err)
		}
		b.Settle()
		var s kit.Stats
		if got := told.take(); len(got) != 1 || wire.Decode([]byte(got[0]), &s) != nil {
			t.Fatalf("told %q", got)
		}
		if d := s.Durations["reading"]; s.Counters["letters_read"] != 3 || d.Count != 3 || d.SumS != 4 || d.P99MS < 3000 || d.P99MS > 4000 {
			t.Errorf("counters %v, durations %+v", s.Counters, s.Durations)
		}
	}, kittest.ServiceOf("page", kit.Tap("system/stats/busy", func(_ context.Context, d *kit.Delivery) error { told.add("%s", d.Data); return nil })),
		kittest.ServiceOf("busy", kit.Counts("letters_read", &read), kit.Times("reading", &reading)))
}

func TestMeasuresThatCannotWork(t *testing.T) {
	var n kit.Counter
	var d kit.Durations
	for name, tt := range map[string]struct {
		declared []kit.Handler
		want     string
	}{
		"a name that labels no metric": {[]kit.Handler{kit.Counts("Letters read", &n)}, `"Letters read" cannot label a metric`},
		"one name for two things":      {[]kit.Handler{kit.Counts("read", &n), kit.Times("read", &d)}, `"read" is declared twice`},
		"no counter":                   {[]kit.Handler{kit.Counts("read", nil)}, "the counter is nil"},
		"no durations":                 {[]kit.Handler{kit.Times("read", nil)}, "the durations are nil"},
	} {
		if _, err := kittest.ServiceOf("busy", tt.declared...).Describe(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}
