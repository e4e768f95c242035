package router

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/speech/phrases"
)

const (
	minVolume       = 0.05 // quieter, and the way back could not be heard
	volumeStep      = 0.7  // of the amplitude, 3 dB: clearly softer
	maxVolumeRooms  = 256  // whose volume is kept; names come from the bus
	fullVolume      = 1.0
	doubleAmplitude = 2.0
)

// roomVolumes is how loud the assistant was asked to speak in each room, as a factor of its
// usual amplitude. Rooms that are not in it hear all of it.
type roomVolumes map[string]float64

func (v roomVolumes) in(room string) float64 {
	if volume, ok := v[room]; ok {
		return volume
	}
	return fullVolume
}

// set keeps the volume of a room. A full book loses one of the others.
func (v roomVolumes) set(room string, volume float64) {
	if _, known := v[room]; !known && len(v) >= maxVolumeRooms {
		for other := range v {
			delete(v, other)
			break
		}
	}
	v[room] = volume
}

// volumeWish is a way to ask for a volume. Its first group that is not empty is a number, if it has one.
type volumeWish struct {
	pattern *regexp.Regexp
	wanted  func(now, number float64) float64
	german  bool
}

func wish(german bool, wanted func(now, number float64) float64, pattern string) volumeWish {
	return volumeWish{regexp.MustCompile(`^(?:` + pattern + `)$`), wanted, german}
}

func louder(now, _ float64) float64  { return now / volumeStep }
func quieter(now, _ float64) float64 { return now * volumeStep }
func doubled(now, _ float64) float64 { return now * doubleAmplitude }
func halved(now, _ float64) float64  { return now / doubleAmplitude }
func full(_, _ float64) float64      { return fullVolume }
func exactly(_, n float64) float64   { return n }

// volumeWishes are tried in order on the words of a whole utterance, in lower case. What is about
// music, a film or a lamp has more words, and is for the model.
var volumeWishes = []volumeWish{
	wish(false, exactly, `(?:(?:set|turn|put|change) )?(?:(?:the|your) )?(?:voice )?volume (?:up |down )?(?:to |at )?(?P<n>[a-z0-9 ]+?)(?: percent)?`),
	wish(false, exactly, `(?:speak|talk) at (?P<n>[a-z0-9 ]+?) percent(?: volume)?`),
	wish(false, louder, `(?:(?:speak|talk|be|a (?:bit|little)|much|say it) )*louder|speak up(?: a (?:bit|little))?|(?:you are|you're) too (?:quiet|soft)|too quiet|(?:turn|volume) up|(?:turn|put) (?:up )?(?:the|your) (?:voice )?volume(?: up)?|volume up|raise (?:the|your) (?:volume|voice)|(?:i )?(?:can't|cannot) hear you`),
	wish(false, quieter, `(?:(?:speak|talk|be|a (?:bit|little)|much) )*(?:quieter|softer|lower)|(?:speak|talk) (?:more )?(?:quietly|softly)|(?:you are|you're) too loud|(?:not so|too) loud|volume down|(?:turn|put) down (?:the|your) (?:voice )?volume|(?:turn|put) (?:the|your) (?:voice )?volume down|(?:lower|reduce) (?:the|your) (?:volume|voice)|keep (?:it|your voice) down`),
	wish(false, halved, `half as loud|(?:at )?half (?:the )?volume`),
	wish(false, doubled, `twice as loud|double (?:the|your) volume`),
	wish(false, full, `(?:at )?(?:full|maximum|max|normal|usual) volume|as loud as you can|(?:speak|talk) (?:normally|at normal volume)`),
	wish(true, exactly, `(?:(?:stell|stelle|setz|setze|dreh|drehe|mach|mache) )?(?:(?:die|deine) )?lautstärke (?:auf )?(?P<n>[a-zäöüß0-9 ]+?)(?: prozent)?`),
	wish(true, louder, `(?:(?:sprich|sprech|rede|red|mach|etwas|ein bisschen|bitte|viel) )*lauter|(?:du bist )?zu leise|nicht so leise`),
	wish(true, quieter, `(?:(?:sprich|sprech|rede|red|mach|etwas|ein bisschen|bitte|viel) )*leiser|(?:du bist )?zu laut|nicht so laut`),
	wish(true, halved, `halb so laut|(?:sprich |rede )?halb so laut|halbe lautstärke`),
	wish(true, doubled, `(?:sprich |rede )?doppelt so laut|doppelte lautstärke`),
	wish(true, full, `(?:volle|maximale|normale) lautstärke|(?:sprich|rede) (?:wieder )?normal`),
}

// spokenTens are numbers that recognisers write in words.
var spokenTens = map[string]float64{
	"zero": 0, "ten": 10, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "a hundred": 100, "one hundred": 100, "hundred": 100,
	"half": 50, "a half": 50, "full": 100, "max": 100, "maximum": 100, "the maximum": 100, "minimum": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
	"null": 0, "zehn": 10, "zwanzig": 20, "dreißig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60, "siebzig": 70, "achtzig": 80, "neunzig": 90, "hundert": 100, "die hälfte": 50,
}

// percentage reads how loud it is to be, as a factor. A number to ten without a percent sign is
// of ten, as on a dial.
func percentage(text string, percent bool) (float64, bool) {
	n, ok := spokenTens[text]
	if !ok {
		var err error
		if n, err = strconv.ParseFloat(text, 64); err != nil {
			return 0, false
		}
	}
	if !percent && n > 0 && n <= 10 && text != "ten" && text != "zehn" {
		n *= 10
	}
	return n / 100, n >= 0 && n <= 100
}

// readVolume is the volume that text asks for where it is now as loud as given, and whether it is German.
func readVolume(text string, now float64) (volume float64, german, ok bool) {
	words := slices.DeleteFunc(phrases.Words(text), func(w string) bool { return w == "please" || w == "bitte" || w == "tars" })
	plain := normalize(strings.Join(words, " "))
	percent := strings.Contains(text, "%") || strings.HasSuffix(plain, " percent") || strings.HasSuffix(plain, " prozent") || strings.Contains(plain, " percent ")
	for _, w := range volumeWishes {
		m := w.pattern.FindStringSubmatch(plain)
		if m == nil {
			continue
		}
		number := 0.0
		if i := w.pattern.SubexpIndex("n"); i >= 0 {
			var is bool
			if number, is = percentage(m[i], percent); !is {
				continue
			}
		}
		return min(max(w.wanted(now, number), minVolume), fullVolume), w.german, true
	}
	return 0, false, false
}

// volumeRule answers who asks for another volume, and keeps it for the room.
func (c *conversation) volumeRule(t *turn) (ruleReply, bool) {
	now := c.volumes.in(t.room)
	volume, german, ok := readVolume(t.text, now)
	if !ok {
		return ruleReply{}, false
	}
	c.volumes.set(t.room, volume)
	reply := map[bool]string{false: "Volume %d percent.", true: "Lautstärke %d Prozent."}[german]
	switch {
	case volume == fullVolume && now == fullVolume:
		return ruleReply{text: map[bool]string{false: "I am as loud as I can be. The speaker itself may be turned up.", true: "Lauter kann ich nicht. Vielleicht geht es am Lautsprecher."}[german]}, true
	case volume == minVolume && now == minVolume:
		return ruleReply{text: map[bool]string{false: "I am as quiet as I can be.", true: "Leiser kann ich nicht."}[german]}, true
	}
	return ruleReply{text: fmt.Sprintf(reply, int(math.Round(volume*100)))}, true
}

// atVolume is the speech as loud as it was asked for in its room.
func (v roomVolumes) atVolume(room string, say contract.TtsSay) contract.TtsSay {
	if volume := v.in(room); volume < fullVolume {
		if say.Volume != nil {
			volume *= *say.Volume
		}
		say.Volume = &volume
	}
	return say
}
