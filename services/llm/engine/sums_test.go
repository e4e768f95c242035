package engine

import "testing"

func TestCalculate(t *testing.T) {
	tests := map[string]string{ // empty: no sum
		"17 times 23":                           "391",
		"seventeen times twenty-three":          "391",
		"twenty minus three":                    "17",
		"20-3":                                  "17",
		"2 plus 3 times 4":                      "14",
		"(2 + 3) * 4":                           "20",
		"10 - 4 - 3":                            "3",
		"10 divided by 4":                       "2.5",
		"ten over four":                         "2.5",
		"100 / 8 / 2":                           "6.25",
		"12.5 percent of 80":                    "10",
		"12.5% of 80":                           "10",
		"200 plus 10 percent":                   "220",
		"200 minus 10%":                         "180",
		"10 percent of 50 plus 5":               "10",
		"half of 9":                             "4.5",
		"0.1 + 0.2":                             "0.3",
		"10 / 3":                                "about 3.333333",
		"two to the power of ten":               "1024",
		"2^3^2":                                 "512",
		"-2 ^ 2":                                "-4",
		"negative 5 plus 3":                     "-2",
		"five squared":                          "25",
		"the square root of 16":                 "4",
		"one hundred and five plus two hundred": "305",
		"three thousand and twelve minus one":   "3011",
		"two million times three":               "6000000",
		"three point one four times two":        "6.28",
		"1,000 times 3":                         "3000",
		"2x3":                                   "6",
		"0 * -1":                                "0",
		"5":                                     "",
		"twenty":                                "",
		"50 percent":                            "",
		"2 plus":                                "",
		"plus 2":                                "",
		"(2 + 3":                                "",
		"2 + 3)":                                "",
		"two three plus one":                    "",
		"the weather times two":                 "",
		"square root of -4":                     "",
		"":                                      "",
		"1 / 0":                                 "division by zero",
		"1 / (2 - 2)":                           "division by zero",
		"10 ^ 400 + 1":                          "too large",
		"10 ^ 20":                               "too large",
	}
	for text, want := range tests {
		got, err := calculate(text, false)
		if err == errZero || err == errHuge {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q is %q (%v), want %q", text, got, err, want)
		}
	}
}

func TestDecimalsFollowACommaInSomeLanguages(t *testing.T) {
	tests := map[string]struct{ lang, want string }{
		"1,5 + 2":       {"de", "3.5"},
		"1.250 + 1":     {"de_DE.UTF-8", "1251"},
		"1.250,5 + 1":   {"fr", "1251.5"},
		"1,250 + 1":     {"de", "2.25"},
		"0,125 times 8": {"es", "1"},
		"1,250 + 2":     {"en_US.UTF-8", "1252"},
		"1,250.5 + 2":   {"", "1252.5"},
		"1,5 plus 2":    {"C.UTF-8", "3.5"},
		"2.5 + 1":       {"it", "3.5"},
		"1,000,000 / 4": {"en", "250000"},
	}
	for text, tt := range tests {
		if got, err := calculate(text, usesComma(tt.lang)); got != tt.want {
			t.Errorf("%q in %q is %q (%v), want %q", text, tt.lang, got, err, tt.want)
		}
	}
}

func FuzzCalculate(f *testing.F) {
	for _, s := range []string{"17 times 23", "((((1+2", "1e5 + 2", "two hundred and and", "√√√-4", "5 % % * 3", "1..2 + .5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if v, err := calculate(s, false); (v == "") != (err != nil) {
			t.Errorf("%q is %q and %v", s, v, err)
		}
	})
}
