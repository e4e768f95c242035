package page

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/gotars/tars/test/need"
)

// error that the browser reports fails the test.
func browse(t *testing.T, url string) context.Context {
	t.Helper()
	ctx := openBrowser(t)
	listenForErrors(t, ctx)
	do(t, ctx, chromedp.Navigate(url))
	return ctx
}

// openBrowser starts a browser with an empty page.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	mic := filepath.Join(t.TempDir(), "tone.wav")
	if err := os.WriteFile(mic, wav(tone(48000*5, 48000, 1000), 48000), 0o600); err != nil {
		t.Fatal(err)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(need.Browser(t)), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-audio-capture", mic), chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	do(t, ctx, chromedp.EmulateViewport(1280, 800))
	ctx, cancel = context.WithTimeout(ctx, 8*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// resize gives the page another size, and waits until it is laid out for it: a click goes to
// where a button is, and would miss one that moves meanwhile.
func resize(t *testing.T, ctx context.Context, width, height int64, opts ...chromedp.EmulateViewportOption) {
	t.Helper()
	do(t, ctx, chromedp.EmulateViewport(width, height, opts...))
	await(t, ctx, fmt.Sprintf("innerWidth === %d", width))
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))`, chromedp.EvalAwaitPromise))
}

// listenForErrors fails the test at each uncaught exception and each error in the console. That
// the network changes under the browser is no error of the page, which loads again: tests that
// run beside this one start containers, and with them networks.
func listenForErrors(t *testing.T, ctx context.Context) {
	t.Helper()
	err := chromedp.Listen(ctx, func(e any) {
		switch e := e.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("script: %v", e.ExceptionDetails)
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
				t.Errorf("console: %v", e.Args)
			}
		case *log.EventEntryAdded:
			if e.Entry.Level == log.EntryLevelError && !strings.Contains(e.Entry.Text, "net::ERR_NETWORK_CHANGED") {
				t.Errorf("browser: %s %s", e.Entry.Text, e.Entry.URL)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
}

// wav is pcm with a header.
func wav(pcm []byte, rate uint32) []byte {
	b := bytes.NewBufferString("RIFF")
	put := func(fields ...any) {
		for _, f := range fields {
			_ = binary.Write(b, binary.LittleEndian, f)
		}
	}
	put(uint32(36+len(pcm)), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1), rate, 2*rate, uint16(2), uint16(16), []byte("data"), uint32(len(pcm)), pcm)
	return b.Bytes()
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	for _, step := range steps {
		err := chromedp.Do(ctx, step)
		for isReplaced(err) {
			err = chromedp.Do(ctx, step)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// isReplaced reports whether the element of a step was drawn anew by the page after it was
// found and before anything was done to it.
func isReplaced(err error) bool {
	return err != nil && strings.Contains(err.Error(), "Could not find node with given id")
}

// await waits until a script says true.
func await(t *testing.T, ctx context.Context, script string) {
	t.Helper()
	wait := chromedp.Poll[chromedp.Void](script, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(time.Minute))
	err := chromedp.Do(ctx, wait)
	for isAnotherDocument(err) { // the page loads itself again
		err = chromedp.Do(ctx, wait)
	}
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, value[string](t, ctx, `document.body?.innerText ?? ""`))
	}
}

// isAnotherDocument reports whether a script could not end because its page was loaded again.
func isAnotherDocument(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "Inspected target navigated") || strings.Contains(err.Error(), "Cannot find context"))
}

func value[T any](t *testing.T, ctx context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return v
}

func typing(text string) chromedp.Action[chromedp.Void] { return chromedp.SendKeys("#text", text+"\r") }

// shoot keeps a picture of the page in the folder that PAGE_SHOTS names.
func shoot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("PAGE_SHOTS")
	if dir == "" {
		return
	}
	do(t, ctx, chromedp.Sleep(400*time.Millisecond))
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}
