package lines_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/gotars/tars/cmd/tars/internal/lines"
	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/memory"
)

func TestAnExportIsImportedAgain(t *testing.T) {
	var file strings.Builder
	for i := range 600 { // more than go into one message
		fmt.Fprintf(&file, `{"role":"user","text":"line %d <of> the boat","ts":%d.5,"room":"hall"}`+"\n\n", i, 1_700_000_000+i)
	}
	kittest.Run(t, "whole, and once", func(t *testing.T, b *kittest.Harness) {
		for i, want := range []int{600, 0} {
			if n, err := lines.Import(t.Context(), b.Bus, strings.NewReader(file.String())); n != want || err != nil {
				t.Errorf("import %d added %d, want %d; %v", i, n, want, err)
			}
		}
		var first, second bytes.Buffer
		if n, err := lines.Export(t.Context(), b.Bus, &first); n != 600 || err != nil {
			t.Errorf("exported %d, %v", n, err)
		}
		if !strings.HasPrefix(first.String(), `{"id":1,"role":"user","text":"line 0 <of> the boat","ts":1700000000.5,"room":"hall","speaker":"","utt_id":""}`+"\n") {
			t.Errorf("exported %.200s", first.String())
		}
		kittest.Ask(t, b, contract.MemoryForget{All: true})
		if n, err := lines.Import(t.Context(), b.Bus, bytes.NewReader(first.Bytes())); n != 600 || err != nil {
			t.Errorf("the export of all brings back %d, %v", n, err)
		}
		if _, err := lines.Export(t.Context(), b.Bus, &second); err != nil || second.String() != first.String() {
			t.Errorf("the second export is another one (%v)", err)
		}
	}, memory.Module)
}

func TestALineThatIsNoneIsNamed(t *testing.T) {
	tests := map[string]struct{ line, want string }{
		"no JSON":         {"hello", "line 2: invalid character"},
		"no text":         {`{"role":"user","ts":1}`, "line 2: no text"},
		"of nobody":       {`{"role":"cat","text":"meow","ts":1}`, `line 2: role is "cat"`},
		"at no time":      {`{"role":"user","text":"x"}`, "line 2: no time"},
		"a list in place": {`[]`, "line 2: json"},
	}
	for name, tt := range tests {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			n, err := lines.Import(t.Context(), b.Bus, strings.NewReader(`{"role":"user","text":"a","ts":1}`+"\n"+tt.line))
			if n != 1 || err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("added %d, %v, want 1 and %q", n, err, tt.want)
			}
		}, memory.Module)
	}
}
