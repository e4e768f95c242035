package stt

import (
	"strings"
	"testing"
	"time"
)

func TestOnlyWhatAPersonSaidIsLeft(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"speech":                      {" Turn on the light. ", "Turn on the light."},
		"blank audio":                 {"[BLANK_AUDIO]", ""},
		"music":                       {" (music) ", ""},
		"a cough":                     {"*coughs*", ""},
		"a song":                      {"♪ la la ♪", ""},
		"a token":                     {"<|nospeech|>", ""},
		"speech beside a sound":       {"[door closes] Who is there?", "Who is there?"},
		"a sentence written twice":    {"Can you hear me? Can you hear me?", "Can you hear me?"},
		"a word more the second time": {"Can you hear me? Can you hear me now?", "Can you hear me? Can you hear me now?"},
		"two words twice":             {"Come on, come on.", "Come on, come on."},
		"punctuation":                 {"...", ""},
		"the end of a film":           {"Thanks for watching!", ""},
		"the commonest ghost":         {" you", ""},
		"thanks to the assistant":     {"Thank you.", "Thank you."},
		"a number":                    {"42", "42"},
		"what begins like a ghost":    {"You there?", "You there?"},
		"lines":                       {"one\ntwo\n", "one two"},
		"other scripts":               {"¿Qué hora es?", "¿Qué hora es?"},
		"a description never closed":  {"[Music", "[Music"},

		"brackets of Chinese":  {"（音乐）", ""},
		"other brackets":       {"【拍手】 こんにちは", "こんにちは"},
		"a quotation alone":    {"「音楽」", ""},
		"other marks":          {"-Music- ", ""},
		"two stars":            {"**applause**", ""},
		"angles and braces":    {"<noise> {laughs}", ""},
		"a number in brackets": {"(555) 123 is (a)", "(555) 123 is (a)"},
		"a sum":                {"2 * 3 * 4 < 5", "2 * 3 * 4 < 5"},
		"a quotation in words": {"「音楽」をかけて", "「音楽」をかけて"},
		"notes":                {"♫ la la la", ""},

		"German credits":          {"Untertitel der Amara.org-Community", ""},
		"of a broadcaster":        {"Untertitelung des ZDF, 2020", ""},
		"of a year":               {"Untertitel im Auftrag des ZDF für funk, 2017", ""},
		"French credits":          {"Sous-titrage ST' 501", ""},
		"French ones by somebody": {"Sous-titres réalisés par la communauté d'Amara.org", ""},
		"Spanish credits":         {"Subtítulos realizados por la comunidad de Amara.org", ""},
		"Italian credits":         {"Sottotitoli creati dalla comunità Amara.org", ""},
		"Italian ones":            {"Sottotitoli e revisione a cura di QTSS", ""},
		"Portuguese credits":      {"Legendas pela comunidade Amara.org", ""},
		"Dutch credits":           {"Ondertitels ingediend door de Amara.org gemeenschap", ""},
		"Polish credits":          {"Napisy stworzone przez społeczność Amara.org", ""},
		"Russian credits":         {"Субтитры сделал DimaTorzok", ""},
		"Russian editors":         {"Редактор субтитров А.Синецкая Корректор А.Егорова", ""},
		"Turkish credits":         {"Altyazı M.K.", ""},
		"Chinese credits":         {"字幕由Amara.org社区提供", ""},
		"Chinese volunteers":      {"中文字幕志愿者 杨茜茜", ""},
		"English credits":         {"Subtitles by the Amara.org community", ""},
		"English captions":        {"Transcription by CastingWords", ""},
		"Turkish subscribing":     {"Abone olmayı unutmayın.", ""},
		"English subscribing":     {"Don't forget to like and subscribe to my channel!", ""},
		"Japanese thanks":         {"ご視聴ありがとうございました。", ""},
		"Korean thanks":           {"시청해 주셔서 감사합니다", ""},
		"German thanks":           {"Vielen Dank fürs Zuschauen!", ""},
		"a year in brackets":      {"ARD Text im Auftrag von Funk (2017)", ""},
		"a name behind a colon":   {"Napisy: Agata Dobrzyńska", ""},
		"a name alone":            {"Sous-titrage Société Radio-Canada", ""},
		"a capital of Turkish":    {"İzlediğiniz için teşekkürler.", ""},
		"more thanks of videos":   {"Thanks for watching, and I'll see you guys in the next one!", ""},
		"an address alone":        {"www.hradeckesluzby.cz", ""},
		"thanks for a favour":     {"Thanks for watching the kids.", "Thanks for watching the kids."},
		"a meeting":               {"I'll see you in the next five minutes.", "I'll see you in the next five minutes."},
		"a film with subtitles":   {"Untertitel von dem Film ausschalten.", "Untertitel von dem Film ausschalten."},
		"a translation":           {"Übersetzung von Haus ins Englische", "Übersetzung von Haus ins Englische"},
		"a question of who":       {"Captioned by whom?", "Captioned by whom?"},
		"a word that asks":        {"You?", "You?"},
		"a question of channels":  {"How do I subscribe to a channel?", "How do I subscribe to a channel?"},
		"a wish for subtitles":    {"Turn on the subtitles.", "Turn on the subtitles."},
		"a German one":            {"Untertitel einschalten", "Untertitel einschalten"},
		"a Chinese one":           {"打开字幕", "打开字幕"},
		"a word of translation":   {"Translate good morning into French.", "Translate good morning into French."},

		"a word in a loop":      {"you you you you", ""},
		"a phrase in a loop":    {"I'm sorry. I'm sorry. I'm sorry. I'm sorry.", ""},
		"a loop with a rest":    {"so I think I think I think I think I think I think that", ""},
		"a loop without spaces": {"今日は今日は今日は今日は", ""},
		"a long loop":           {strings.Repeat("the cat sat on a mat and then it went, ", 8), ""},
		"a letter in a loop":    {strings.Repeat("ha", 20), ""},
		"a syllable in a loop":  {"네네네네네네네네", ""},
		"a word for force":      {"Louder, louder, louder!", "Louder, louder, louder!"},
		"a character for force": {"不不不", "不不不"},
		"a row of number words": {"neun neun neun neun", "neun neun neun neun"},
		"no three times":        {"No, no, no!", "No, no, no!"},
		"no in a sentence":      {"no no no I meant the other one", "no no no I meant the other one"},
		"stop three times":      {"Stop, stop, stop!", "Stop, stop, stop!"},
		"bye bye":               {"Bye bye.", "Bye bye."},
		"a word in a sentence":  {"it was very very very cold", "it was very very very cold"},
		"a row of digits":       {"5 5 5", "5 5 5"},
		"a long sentence":       {"please add milk and bread and butter and cheese and eggs and two bottles of water to the list, and remind me tomorrow at nine to buy them at the market", "please add milk and bread and butter and cheese and eggs and two bottles of water to the list, and remind me tomorrow at nine to buy them at the market"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := removeNonSpeech(tt.text, 0); got != tt.want {
				t.Errorf("clean(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

func TestTextWithoutSpeechUnderItIsDropped(t *testing.T) {
	tests := map[string]struct {
		text   string
		voiced time.Duration
		want   bool // it is dropped
	}{
		"a word in a short voice":       {"Yes.", 120 * time.Millisecond, false},
		"a command said fast":           {"turn off the light", 500 * time.Millisecond, false},
		"a sentence in a click":         {"I am going to the store tomorrow", 200 * time.Millisecond, true},
		"a story in a second":           {"once upon a time there was a king who had three sons", time.Second, true},
		"the same in three":             {"once upon a time there was a king who had three sons", 3 * time.Second, false},
		"a sentence without spaces":     {"今日はとても天気がいいですね", 200 * time.Millisecond, true},
		"the same in its time":          {"今日はとても天気がいいですね", 2 * time.Second, false},
		"an unknown time of the speech": {"once upon a time there was a king", 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := removeNonSpeech(tt.text, tt.voiced) == ""; got != tt.want {
				t.Errorf("%q in %v is dropped: %v, want %v", tt.text, tt.voiced, got, tt.want)
			}
		})
	}
}
