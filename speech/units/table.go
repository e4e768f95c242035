package units

import "strings"

// unit is a unit of measurement: a value in it times factor, plus offset, is one in the
// unit that its dimension is counted in.
type unit struct {
	dimension      string
	factor, offset float64
	english        name
	german         name
}

// name is what a unit is called when it is said, of one and of several.
type name struct{ one, many string }

// The table of units. The first column is the dimension and the second what one of them is
// in its base (meter, kilogram, liter, square meter, meter per second, second, byte, joule,
// pascal, watt): exact by definition (NIST SP 811) but for the nautical units' roundings. Then the
// English singular and plural, the German ones, and after | what else they are called.
// Volumes of the kitchen are those of the United States.
const table = `
length 0.001 millimeter millimeters Millimeter Millimeter | mm
length 0.01 centimeter centimeters Zentimeter Zentimeter | cm cms zentimetern
length 1 meter meters Meter Meter | m metern
length 1000 kilometer kilometers Kilometer Kilometer | km kms kilometern k
length 0.0254 inch inches Zoll Zoll | in
length 0.3048 foot feet Fuß Fuß | ft fuss
length 0.9144 yard yards Yard Yards | yd yds
length 1609.344 mile miles Meile Meilen | mi
length 1852 nautical_mile nautical_miles Seemeile Seemeilen | nmi
length 9460730472580800 light-year light-years Lichtjahr Lichtjahre | light_year light_years lichtjahren
mass 0.000001 milligram milligrams Milligramm Milligramm | mg
mass 0.001 gram grams Gramm Gramm | g gr gramme grammes
mass 1 kilogram kilograms Kilogramm Kilogramm | kg kgs kilo kilos
mass 1000 tonne tonnes Tonne Tonnen | metric_ton metric_tons
mass 907.18474 ton tons US-Tonne US-Tonnen | short_ton short_tons
mass 0.028349523125 ounce ounces Unze Unzen | oz
mass 0.45359237 pound pounds britisches_Pfund britische_Pfund | lb lbs pfund
mass 6.35029318 stone stone Stone Stone | stones st
volume 0.001 milliliter milliliters Milliliter Milliliter | ml mls
volume 0.01 centiliter centiliters Zentiliter Zentiliter | cl
volume 0.1 deciliter deciliters Deziliter Deziliter | dl
volume 1 liter liters Liter Liter | l ltr litern
volume 1000 cubic_meter cubic_meters Kubikmeter Kubikmeter | m³ m3
volume 0.00492892159375 teaspoon teaspoons Teelöffel Teelöffel | tsp tsps
volume 0.01478676478125 tablespoon tablespoons Esslöffel Esslöffel | tbsp tbsps
volume 0.0295735295625 fluid_ounce fluid_ounces Flüssigunze Flüssigunzen | fl_oz
volume 0.2365882365 cup cups Tasse Tassen |
volume 0.473176473 pint pints Pint Pints | pt
volume 0.946352946 quart quarts Quart Quarts | qt
volume 3.785411784 gallon gallons Gallone Gallonen | gal gals
area 0.0001 square_centimeter square_centimeters Quadratzentimeter Quadratzentimeter | cm² cm2
area 1 square_meter square_meters Quadratmeter Quadratmeter | m² m2 quadratmetern
area 1000000 square_kilometer square_kilometers Quadratkilometer Quadratkilometer | km² km2 quadratkilometern
area 10000 hectare hectares Hektar Hektar | ha
area 4046.8564224 acre acres Acre Acres |
area 0.00064516 square_inch square_inches Quadratzoll Quadratzoll |
area 0.09290304 square_foot square_feet Quadratfuß Quadratfuß | sq_ft ft² ft2
area 0.83612736 square_yard square_yards Quadratyard Quadratyards |
area 2589988.110336 square_mile square_miles Quadratmeile Quadratmeilen | sq_mi
speed 1 meter_per_second meters_per_second Meter_pro_Sekunde Meter_pro_Sekunde | m/s
speed 0.2777777777777778 kilometer_per_hour kilometers_per_hour Kilometer_pro_Stunde Kilometer_pro_Stunde | km/h kmh kph kilometers_an_hour stundenkilometer
speed 0.44704 mile_per_hour miles_per_hour Meile_pro_Stunde Meilen_pro_Stunde | mph miles_an_hour
speed 0.3048 foot_per_second feet_per_second Fuß_pro_Sekunde Fuß_pro_Sekunde | ft/s
speed 0.5144444444444445 knot knots Knoten Knoten | kn kt
time 0.001 millisecond milliseconds Millisekunde Millisekunden | ms
time 1 second seconds Sekunde Sekunden | s sec secs
time 60 minute minutes Minute Minuten | min mins
time 3600 hour hours Stunde Stunden | h hr hrs
time 86400 day days Tag Tage | tagen
time 604800 week weeks Woche Wochen |
time 31556952 year years Jahr Jahre | jahren
data 0.125 bit bits Bit Bits |
data 1 byte bytes Byte Byte |
data 1000 kilobyte kilobytes Kilobyte Kilobyte | kb
data 1000000 megabyte megabytes Megabyte Megabyte | mb
data 1000000000 gigabyte gigabytes Gigabyte Gigabyte | gb
data 1000000000000 terabyte terabytes Terabyte Terabyte | tb
data 1024 kibibyte kibibytes Kibibyte Kibibyte | kib
data 1048576 mebibyte mebibytes Mebibyte Mebibyte | mib
data 1073741824 gibibyte gibibytes Gibibyte Gibibyte | gib
energy 1 joule joules Joule Joule | j
energy 1000 kilojoule kilojoules Kilojoule Kilojoule | kj
energy 4184 kilocalorie kilocalories Kilokalorie Kilokalorien | kcal calorie calories kalorie kalorien
energy 3600000 kilowatt_hour kilowatt_hours Kilowattstunde Kilowattstunden | kwh
pressure 1 pascal pascals Pascal Pascal | pa
pressure 100 hectopascal hectopascals Hektopascal Hektopascal | hpa millibar millibars
pressure 100000 bar bars Bar Bar |
pressure 6894.757293168361 pound_per_square_inch pounds_per_square_inch Pfund_pro_Quadratzoll Pfund_pro_Quadratzoll | psi
pressure 101325 atmosphere atmospheres Atmosphäre Atmosphären | atm
power 1 watt watts Watt Watt | w
power 1000 kilowatt kilowatts Kilowatt Kilowatt | kw
power 735.49875 horsepower horsepower PS PS | hp pferdestärken
temperature 1 kelvin kelvins Kelvin Kelvin | k
temperature 1 degree_Celsius degrees_Celsius Grad_Celsius Grad_Celsius | celsius °c c centigrade degrees_c degree_c degrees_centigrade
temperature 0.5555555555555556 degree_Fahrenheit degrees_Fahrenheit Grad_Fahrenheit Grad_Fahrenheit | fahrenheit °f f degrees_f degree_f
`

// offsets are what a zero of the scale is in kelvin.
var offsets = map[string]float64{"degree Celsius": 273.15, "degree Fahrenheit": 459.67 * 5 / 9}

// byName are the units by each of their names, in lower case. Some have several: k is
// a kilometer and a kelvin.
var byName = index()

func index() map[string][]*unit {
	all := map[string][]*unit{}
	for line := range strings.Lines(strings.TrimSpace(table)) {
		main, also, _ := strings.Cut(line, "|")
		f := strings.Fields(main)
		for i := range f[2:] {
			f[i+2] = strings.ReplaceAll(f[i+2], "_", " ")
		}
		u := &unit{dimension: f[0], factor: parseFactor(f[1]), offset: offsets[f[2]], english: name{f[2], f[3]}, german: name{f[4], f[5]}}
		for _, n := range append(f[2:6:6], strings.Fields(also)...) {
			n = strings.ToLower(strings.ReplaceAll(n, "_", " "))
			for _, spelt := range []string{n, british(n)} {
				if known := all[spelt]; len(known) == 0 || known[len(known)-1] != u {
					all[spelt] = append(known, u)
				}
			}
		}
	}
	return all
}

// british spells meters and liters as in Britain.
func british(text string) string {
	return strings.NewReplacer("meter", "metre", "liter", "litre").Replace(text)
}
