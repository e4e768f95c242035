package units_test

import (
	"strconv"
	"testing"

	"github.com/gotars/tars/speech/units"
)

var words = map[string]float64{"five": 5, "twenty": 20, "one hundred and fifty": 150, "two": 2, "minus 40": -40, "six": 6}

func number(text string) (float64, bool) {
	if v, ok := words[text]; ok {
		return v, true
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}

func TestAnswers(t *testing.T) {
	tests := map[string]string{ // empty: no question about units
		"how many kilometres is 5 miles":               "5 miles are about 8.05 kilometres.",
		"how many kilometers are in five miles":        "5 miles are about 8.05 kilometers.",
		"5 miles in km":                                "5 miles are about 8.05 kilometers.",
		"what is 5km in miles":                         "5 kilometers are about 3.11 miles.",
		"how far is 10 miles in kilometers":            "10 miles are about 16.09 kilometers.",
		"20 degrees celsius in fahrenheit":             "20 degrees Celsius are 68 degrees Fahrenheit.",
		"what is 20°c in °f":                           "20 degrees Celsius are 68 degrees Fahrenheit.",
		"convert 100 fahrenheit to celsius":            "100 degrees Fahrenheit are about 37.78 degrees Celsius.",
		"what is 72 degrees in celsius":                "72 degrees Fahrenheit are about 22.22 degrees Celsius.",
		"what is minus 40 degrees in fahrenheit":       "-40 degrees Celsius are -40 degrees Fahrenheit.",
		"0 celsius in kelvin":                          "0 degrees Celsius are 273.15 kelvins.",
		"convert 3 cups to millilitres":                "3 cups are about 709.8 millilitres.",
		"how many cups are in a liter":                 "1 liter is about 4.23 cups.",
		"how many tablespoons in half a cup":           "0.5 cups are 8 tablespoons.",
		"how many kilos is a hundred and fifty lbs":    "150 pounds are about 68.04 kilograms.",
		"80 kg in pounds":                              "80 kilograms are about 176.4 pounds.",
		"how many ounces are there in a pound":         "1 pound is 16 ounces.",
		"what is 60 mph in km/h":                       "60 miles per hour are about 96.56 kilometers per hour.",
		"100 kilometers per hour in miles per hour":    "100 kilometers per hour are about 62.14 miles per hour.",
		"how many minutes are in two and a half hours": "2.5 hours are 150 minutes.",
		"90 minutes in hours":                          "90 minutes are 1.5 hours.",
		"how many seconds are there in a day":          "1 day is 86400 seconds.",
		"how many square feet is 20 square meters":     "20 square meters are about 215.3 square feet.",
		"2 acres in hectares":                          "2 acres are about 0.809 hectares.",
		"how tall is 6 foot 2 in centimeters":          "6 feet and 2 inches are 187.96 centimeters.",
		"5 feet 11 inches in cm":                       "5 feet and 11 inches are 180.34 centimeters.",
		"12 in to cm":                                  "12 inches are 30.48 centimeters.",
		"5 miles is how many kilometers":               "5 miles are about 8.05 kilometers.",
		"how many megabytes does a gigabyte have":      "1 gigabyte is 1000 megabytes.",
		"32 psi in bar":                                "32 pounds per square inch are about 2.21 bars.",
		"wie viele kilometer sind 5 meilen":            "5 Meilen sind etwa 8,05 Kilometer.",
		"wie viel sind 20 grad celsius in fahrenheit":  "20 Grad Celsius sind 68 Grad Fahrenheit.",
		"rechne drei tassen in milliliter um":          "3 Tassen sind etwa 709,8 Milliliter.",
		"wie viele minuten hat eine stunde":            "1 Stunde ist 60 Minuten.",
		"was sind anderthalb stunden in minuten":       "1,5 Stunden sind 90 Minuten.",
		"how many people live in germany":              "",
		"how many days are in february":                "",
		"what is love in french":                       "",
		"convert 5 dollars to euros":                   "",
		"how many kilometers is 5 kilograms":           "",
		"how many miles to the moon":                   "",
		"put 2 cups in the cupboard":                   "",
		"who came in second":                           "",
	}
	for question, want := range tests {
		t.Run(question, func(t *testing.T) {
			got, ok := units.Answer(question, number)
			if got != want || ok != (want != "") {
				t.Errorf("%q, %v, want %q", got, ok, want)
			}
		})
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add("how many kilometres is 5 miles")
	f.Add("6 foot 2 and 3 and in in in")
	f.Fuzz(func(t *testing.T, question string) {
		if got, ok := units.Answer(question, number); ok != (got != "") {
			t.Errorf("%q, %v", got, ok)
		}
	})
}
