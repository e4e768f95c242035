package page

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/test/need"
)

const maxPictureBytes = 60_000

// titles say what a view is, in docs/page.md.
var titles = map[string]string{
	"first":        "The first visit: hear the voice, be heard, and what one click would add",
	"conversation": "The conversation, while an answer is spoken",
	"health":       "House, services: how they are, what they do, and the last error",
	"rooms":        "House, rooms: who speaks where, and how loud it is",
	"engines":      "House, engines: which is used, why, and what can be installed",
	"letters":      "House, dead letters: what no service could handle, to be tried again or dropped",
	"history":      "History: what was said, in every room",
	"memory":       "Mind, memory: what an answer would be based on, and forgetting it",
	"character":    "Mind, character: a slider for each trait",
	"tools":        "Mind, tools: a switch for each",
	"turns":        "Turns: what was said lately, and what came of each",
	"turn":         "A turn, opened: why it went as it did, how it was heard, and where the time went",
	"timers":       "Timers, alarms and reminders",
	"sound":        "Sound: microphone, loudspeaker and volume, and whether they work",
	"bus":          "Bus, live: every message while it passes, and sending one",
	"channels":     "Bus, channels: who sends what to whom, and the last of each",
}

// TestPictures takes the pictures of docs/page.md, for make screenshots: PAGE_PICTURES is the
// folder they go to, and the page that shows them lies beside it.
func TestPictures(t *testing.T) {
	dir := os.Getenv("PAGE_PICTURES")
	if dir == "" {
		t.Skip("make screenshots takes pictures")
	}
	need.Browser(t)
	s := start(t, allowAll)
	s.remember("user", "kitchen", "The boat is red", "")
	s.remember("assistant", "kitchen", "A red boat, I see.", "")
	ctx := browse(t, s.url)
	await(t, ctx, `window.tars?.connected && tars.ready === 6`)
	among(t, &s.household, func() bool { s.broken = true; return true })
	bus := tool(t)
	publish(t, bus, contract.CameraCaptureRequest{})
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	text := "# The page\n\nTaken by `make screenshots`: do not edit. Each view in light and dark, on a desktop and on a phone.\nWhat the page can do is in [ui-web](services/ui-web.md).\n"
	opened := view{"turn", func() { openTurnFile(t, ctx, "testdata/turns/slow-model.json") }}
	for _, v := range append(viewsOf(t, ctx), opened) {
		do(t, ctx, chromedp.EmulateViewport(1280, 800))
		v.show()
		quiet := func() {}
		switch v.name {
		case "rooms":
			quiet = speakIn(t, bus, "kitchen")
			await(t, ctx, `document.querySelector("[data-room=kitchen] meter")?.value > 0.5`)
		case "conversation":
			await(t, ctx, `document.querySelector("li.tars .bubble")?.textContent.endsWith("next to the lighthouse.") && tars.speaking`)
		case "health":
			await(t, ctx, `/messages a second/.test(document.querySelector("#service-tars-router .facts")?.innerText)`)
		}
		text += fmt.Sprintf("\n## %s\n\n", cmp.Or(titles[v.name], v.name))
		for _, p := range []struct {
			name   string
			width  int64
			height int64
		}{{"desktop", 1280, 800}, {"phone", 390, 800}} {
			do(t, ctx, chromedp.EmulateViewport(p.width, p.height))
			for _, scheme := range []string{"light", "dark"} {
				media(t, ctx, "prefers-color-scheme", scheme)
				name := fmt.Sprintf("%s-%s-%s.png", v.name, p.name, scheme)
				save(t, ctx, filepath.Join(dir, name))
				text += fmt.Sprintf("![%s, %s, %s](page/%s)\n", v.name, p.name, scheme, name)
			}
		}
		media(t, ctx, "prefers-color-scheme", "light")
		quiet()
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(dir), "page.md"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// save writes what is seen now, in few colours.
func save(t *testing.T, ctx context.Context, file string) {
	t.Helper()
	do(t, ctx, chromedp.Sleep(400*time.Millisecond))
	data, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, fewColours(picture)); err != nil {
		t.Fatal(err)
	}
	if out.Len() > maxPictureBytes {
		t.Errorf("%s has %d bytes, want at most %d", file, out.Len(), maxPictureBytes)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// fewColours is a picture in the 64 colours that it has most of. A page has few of them,
// beside the soft edges of its letters.
func fewColours(picture image.Image) *image.Paletted {
	round := func(c color.Color) color.RGBA {
		r, g, b, _ := c.RGBA()
		return color.RGBA{uint8(r >> 8 & 0xf8), uint8(g >> 8 & 0xf8), uint8(b >> 8 & 0xf8), 255}
	}
	often := map[color.RGBA]int{}
	exact := map[color.RGBA]map[color.RGBA]int{} // what was rounded to one
	at := picture.Bounds()
	for y := at.Min.Y; y < at.Max.Y; y++ {
		for x := at.Min.X; x < at.Max.X; x++ {
			c := color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)
			k := round(c)
			if often[k]++; exact[k] == nil {
				exact[k] = map[color.RGBA]int{}
			}
			exact[k][c]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(often), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(often[b], often[a]), cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	})
	most := func(k color.RGBA) color.RGBA {
		return slices.SortedFunc(maps.Keys(exact[k]), func(a, b color.RGBA) int {
			return cmp.Or(cmp.Compare(exact[k][b], exact[k][a]), cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
		})[0]
	}
	var palette color.Palette
	for _, k := range colours[:min(64, len(colours))] {
		palette = append(palette, most(k))
	}
	out, nearest := image.NewPaletted(at, palette), map[color.RGBA]uint8{}
	for y := at.Min.Y; y < at.Max.Y; y++ {
		for x := at.Min.X; x < at.Max.X; x++ {
			k := round(picture.At(x, y))
			i, known := nearest[k]
			if !known {
				i = uint8(palette.Index(most(k)))
				nearest[k] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	return out
}

// TestEveryViewHasPictures reads docs/page.md: each picture that it shows is there and small,
// and each view has four.
func TestEveryViewHasPictures(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "page.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, m := range regexp.MustCompile(`\]\(page/([^)]+)\)`).FindAllStringSubmatch(string(text), -1) {
		shown[m[1]] = true
		info, err := os.Stat(filepath.Join("..", "..", "docs", "page", m[1]))
		if err != nil {
			t.Error(err)
		} else if info.Size() > maxPictureBytes {
			t.Errorf("%s has %d bytes, want at most %d", m[1], info.Size(), maxPictureBytes)
		}
	}
	for name := range titles {
		for _, kind := range []string{"desktop-light", "desktop-dark", "phone-light", "phone-dark"} {
			if file := name + "-" + kind + ".png"; !shown[file] {
				t.Errorf("docs/page.md does not show %s: make screenshots", file)
			}
		}
	}
	files, err := filepath.Glob(filepath.Join("..", "..", "docs", "page", "*.png"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !shown[filepath.Base(file)] {
			t.Errorf("%s is shown nowhere", strings.TrimPrefix(file, "../../"))
		}
	}
}
