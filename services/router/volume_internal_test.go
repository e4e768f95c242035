package router

import (
	"math"
	"testing"

	"github.com/gotars/tars/contract"
)

func TestVolumeIsReadFromWhatIsSaid(t *testing.T) {
	const none = -1
	tests := map[string]struct{ now, want float64 }{
		"Louder!":                          {0.35, 0.5},
		"Speak up, please.":                {0.35, 0.5},
		"Could you speak a little louder?": {0.35, 0.5},
		"I can't hear you.":                {0.35, 0.5},
		"Turn the volume up":               {0.35, 0.5},
		"Turn up the volume":               {0.35, 0.5},
		"You're too loud.":                 {1, 0.7},
		"Not so loud!":                     {1, 0.7},
		"Quieter, please":                  {1, 0.7},
		"speak more softly":                {1, 0.7},
		"lower your voice":                 {1, 0.7},
		"Volume to 60 percent":             {1, 0.6},
		"Set the volume to 60%.":           {1, 0.6},
		"Set your volume to sixty percent": {1, 0.6},
		"Volume 6":                         {1, 0.6},
		"volume six":                       {1, 0.6},
		"Volume 5%":                        {1, 0.05},
		"volume to zero":                   {1, 0.05},
		"half as loud":                     {0.8, 0.4},
		"twice as loud":                    {0.3, 0.6},
		"full volume":                      {0.3, 1},
		"louder and never beyond":          {1, none},
		"louder":                           {0.9, 1},
		"Leiser!":                          {1, 0.7},
		"Sprich bitte etwas leiser.":       {1, 0.7},
		"Du bist zu laut":                  {1, 0.7},
		"Lauter":                           {0.35, 0.5},
		"Halb so laut":                     {0.8, 0.4},
		"Lautstärke auf 60 Prozent":        {1, 0.6},
		"Stell die Lautstärke auf vierzig Prozent":  {1, 0.4},
		"Volume of a sphere":                        {1, none},
		"What is the volume?":                       {1, none},
		"Turn up the music":                         {1, none},
		"The neighbours are too loud":               {1, none},
		"Set the volume to 600 percent":             {1, none},
		"Set the volume of the radio to 60 percent": {1, none},
	}
	for text, tt := range tests {
		got, _, ok := readVolume(text, tt.now)
		if !ok {
			got = none
		}
		if math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%q at %v asks for %v, want %v", text, tt.now, got, tt.want)
		}
	}
}

// A room that was asked to be quiet is, from the answer on, and the others are not.
func TestVolumeIsOfItsRoom(t *testing.T) {
	v := roomVolumes{}
	v.set("hall", 0.5)
	if got := v.atVolume("hall", contract.TtsSay{Volume: new(0.4)}).Volume; got == nil || *got != 0.2 {
		t.Errorf("a soft line in the hall has %v", got)
	}
	if got := v.atVolume("kitchen", contract.TtsSay{}).Volume; got != nil {
		t.Errorf("the kitchen has %v", *got)
	}
	for i := range 2 * maxVolumeRooms {
		v.set(string(rune('a'+i)), 0.5)
	}
	if len(v) > maxVolumeRooms {
		t.Errorf("%d rooms are kept", len(v))
	}
}
