package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gotars/tars/engines/apierror"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental/sysfs"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// Files is where the built-in voice lies.
type Files struct {
	Assets string // directory of what make assets fetches
	Cache  string // directory for compiled code; empty: it is compiled at each start
	Home   string // data directory, which says where installed engines answer; empty: nowhere
}

func (f Files) flite() string { return filepath.Join(f.Assets, "flite", "flite.wasm") }

func (f Files) hasFlite() bool {
	_, err := os.Stat(f.flite())
	return err == nil
}

// fliteVoices are those within the module.
var fliteVoices = []string{"slt", "rms", "awb", "kal16", "kal"}

// Flite is the built-in voice: the synthesiser of Carnegie Mellon University as
// WebAssembly. It speaks English.
type Flite struct {
	runtime wazero.Runtime
	module  wazero.CompiledModule
	voice   string
	stretch string
}

// OpenFlite compiles the voice. Close frees it.
func OpenFlite(ctx context.Context, c Config, files Files) (*Flite, error) {
	code, err := os.ReadFile(files.flite())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the built-in voice is not at %s: make assets fetches it", files.flite())
	}
	if err != nil {
		return nil, fmt.Errorf("read the built-in voice: %w", err)
	}
	voice := c.Voice
	if voice == "" {
		voice = fliteVoices[0]
	}
	if !slices.Contains(fliteVoices, voice) {
		return nil, &VoiceError{Voice: voice, Have: fliteVoices}
	}
	// A module that can be interrupted runs nine times slower. A sentence takes
	// less than a tenth of its own length, so it is left to end.
	settings := wazero.NewRuntimeConfig()
	if files.Cache != "" {
		if cache, err := wazero.NewCompilationCacheWithDir(files.Cache); err == nil { // else it takes 0.1 s longer
			settings = settings.WithCompilationCache(cache)
		}
	}
	f := &Flite{runtime: wazero.NewRuntimeWithConfig(ctx, settings), voice: voice}
	f.stretch = "duration_stretch=" + strconv.FormatFloat(1/c.Speed, 'f', 3, 64)
	if _, err = wasi_snapshot_preview1.Instantiate(ctx, f.runtime); err == nil {
		f.module, err = f.runtime.CompileModule(ctx, code)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("compile the built-in voice: %w", err), f.runtime.Close(ctx))
	}
	return f, nil
}

// Close frees what OpenFlite took. No Synthesize may be running.
func (f *Flite) Close(ctx context.Context) error { return f.runtime.Close(ctx) }

// Synthesize yields the whole line as one chunk. It does not end before the
// line is made.
func (f *Flite) Synthesize(ctx context.Context, l Line) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		if ctx.Err() != nil {
			yield(Chunk{}, context.Cause(ctx))
			return
		}
		wav, err := f.run(ctx, l)
		if err != nil {
			yield(Chunk{}, fmt.Errorf("run the built-in voice: %w", err))
			return
		}
		if len(wav) > 0 {
			yieldFile(bytes.NewReader(wav), yield)
		}
	}
}

// run runs the program once, in memory of its own: it keeps nothing from one
// line to the next.
func (f *Flite) run(ctx context.Context, l Line) (wav []byte, err error) {
	const file = "out.wav"
	voice := f.voice
	if slices.Contains(fliteVoices, l.Voice) {
		voice = l.Voice
	}
	text := toASCII(l.Text)
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var out fileInMemory
	var log bytes.Buffer
	mounts := wazero.NewFSConfig().(sysfs.FSConfig).WithSysFSMount(&oneFile{name: file, file: &out}, "/")
	module, err := f.runtime.InstantiateModule(context.WithoutCancel(ctx), f.module, wazero.NewModuleConfig().
		WithName("").WithFSConfig(mounts).WithStderr(&log).
		WithArgs("flite", "-voice", voice, "--setf", f.stretch, "-o", "/"+file, "-t", text))
	if err != nil {
		return nil, fmt.Errorf("%w%s", err, apierror.LastLine(log.String()))
	}
	if err := module.Close(ctx); err != nil {
		return nil, err
	}
	if len(out.data) == 0 {
		return nil, fmt.Errorf("no audio came%s", apierror.LastLine(log.String()))
	}
	return out.data, nil
}

// VoiceError reports a voice that is not installed.
type VoiceError struct {
	Voice string   // as asked for
	Have  []string // installed voices
}

func (e *VoiceError) Error() string {
	return fmt.Sprintf("TTS_VOICE is %q, want one of %s", e.Voice, strings.Join(e.Have, ", "))
}

// toASCII spells text with the letters that Flite knows.
func toASCII(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < 0x80 {
			b.WriteRune(r)
		} else if s, ok := spelled[r]; ok {
			b.WriteString(s)
		} else {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

var spelled = spellingsByRune(map[string]string{
	"a": "àáâãåāă", "A": "ÀÁÂÃÅĀ", "ae": "äæ", "Ae": "ÄÆ", "c": "çćč", "C": "ÇĆČ", "d": "ðđď", "e": "èéêëēęě", "E": "ÈÉÊËĒ",
	"g": "ğ", "i": "ìíîïīı", "I": "ÌÍÎÏĪİ", "l": "ł", "L": "Ł", "n": "ñńň", "N": "ÑŃ", "o": "òóôõøō", "O": "ÒÓÔÕØŌ", "oe": "öœ", "Oe": "ÖŒ",
	"r": "ř", "s": "śşš", "S": "ŚŞŠ", "ss": "ß", "t": "ţť", "th": "þ", "u": "ùúûūů", "U": "ÙÚÛŪ", "ue": "ü", "Ue": "Ü", "y": "ýÿ", "z": "źżž", "Z": "ŹŻŽ",
	"'": "‘’‚´", "\"": "“”„«»", ", ": "–—―", "...": "…", "-": "‐‑", " euros ": "€", " pounds ": "£", " yen ": "¥", " half ": "½", " quarter ": "¼",
	" degrees ": "°", " micro": "µ", " times ": "×", " divided by ": "÷", " plus or minus ": "±", " squared ": "²", " cubed ": "³",
})

func spellingsByRune(of map[string]string) map[rune]string {
	all := map[rune]string{}
	for s, runes := range of {
		for _, r := range runes {
			all[r] = s
		}
	}
	return all
}
