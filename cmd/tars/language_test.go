package main

import (
	"cmp"
	"testing"

	"github.com/alecthomas/kong"
)

func TestWhatIsTypedHasTheLanguageThatIsSet(t *testing.T) {
	tests := map[string]struct {
		env  map[string]string
		args []string
		want string // empty: that of the contract
	}{
		"of the recogniser":          {map[string]string{"STT_LANG": "de"}, []string{"Wie spät ist es?"}, "de"},
		"of the page first":          {map[string]string{"UI_LANG": "fr", "STT_LANG": "de"}, []string{"Bonjour"}, "fr"},
		"of the command before both": {map[string]string{"STT_LANG": "de"}, []string{"--lang=IT", "Ciao"}, "it"},
		"none":                       {nil, []string{"Hello"}, ""},
		"none with auto":             {map[string]string{"STT_LANG": "auto"}, []string{"Hello"}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, v := range []string{"UI_LANG", "STT_LANG"} {
				t.Setenv(v, tt.env[v])
			}
			for _, command := range []string{"ask", "say"} {
				var c cli
				k, err := kong.New(&c, kong.Vars{"version": "", "services": ""})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := k.Parse(append([]string{command}, tt.args...)); err != nil {
					t.Fatal(err)
				}
				_, f := typedTranscript(t.Context(), "", cmp.Or(c.Ask.Lang, c.Say.Lang))
				if f.Lang != tt.want {
					t.Errorf("%s: language %q, want %q", command, f.Lang, tt.want)
				}
			}
		})
	}
}
