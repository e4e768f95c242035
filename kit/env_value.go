package kit

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/kelseyhightower/envconfig"
)

// leafValues are the fields of a struct that hold one variable each, in the order
// in which envconfig lists them.
func leafValues(s reflect.Value) (all []reflect.Value) {
	for i := range s.NumField() {
		f := s.Field(i)
		ignored, _ := strconv.ParseBool(s.Type().Field(i).Tag.Get("ignored"))
		if ignored || !f.CanSet() {
			continue
		}
		for f.Kind() == reflect.Pointer && (!f.IsNil() || f.Type().Elem().Kind() == reflect.Struct) {
			if f.IsNil() {
				f.Set(reflect.New(f.Type().Elem()))
			}
			f = f.Elem()
		}
		if f.Kind() == reflect.Struct && !readsItself(f) {
			all = append(all, leafValues(f)...)
		} else {
			all = append(all, f)
		}
	}
	return all
}

// readsItself reports whether a value has a method that reads a text.
func readsItself(v reflect.Value) bool {
	switch v.Addr().Interface().(type) {
	case envconfig.Decoder, envconfig.Setter, encoding.TextUnmarshaler, encoding.BinaryUnmarshaler:
		return true
	}
	return false
}

// unsettableKey is the name of a variable that no environment can hold, see assignValue.
const unsettableKey = "="

// assignValue reads text into v. envconfig reads values from the process environment
// alone, so it gets this one as the default of a variable that cannot be set.
func assignValue(v reflect.Value, f envField, text string) error {
	if text == "" {
		if f.required {
			return fmt.Errorf("%s is not set", f.Key)
		}
		return nil
	}
	tag := reflect.StructTag(fmt.Sprintf("envconfig:%q default:%s", unsettableKey, strconv.Quote(text)))
	one := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "Value", Type: v.Type(), Tag: tag}}))
	one.Elem().Field(0).Set(v)
	err := envconfig.Process("", one.Interface())
	if p, ok := errors.AsType[*envconfig.ParseError](err); ok {
		return explainValue(f, v.Type(), text, p.Err)
	}
	v.Set(one.Elem().Field(0))
	return err
}

// explainValue says what was wanted instead of text.
func explainValue(f envField, t reflect.Type, text string, err error) error {
	if n, ok := errors.AsType[*strconv.NumError](err); ok { // of a list it names the entry
		text = n.Num
	}
	for (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice) && !readsItself(reflect.New(t).Elem()) {
		t = t.Elem()
	}
	want := wantedForm(t)
	switch {
	case readsItself(reflect.New(t).Elem()): // its error may quote more than a person should see
		return fmt.Errorf("%s cannot be read: %w", f.Key, err)
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("%s is %s, which is %s: want %s", f.Key, text, exceededBound(t, text), want)
	case t.Kind() == reflect.Map:
		return fmt.Errorf("%s is %q: %w; want %s", f.Key, text, err, want)
	}
	return fmt.Errorf("%s is %q, want %s", f.Key, text, want)
}

// wantedForm is what a person may write for a t.
func wantedForm(t reflect.Type) string {
	switch {
	case t == durationType:
		return "a duration such as 500ms, 5s or 2m"
	case t.Kind() == reflect.Bool:
		return "yes or no"
	case t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64:
		return "a number"
	case t.Kind() == reflect.Map:
		return "pairs such as a:1,b:2"
	}
	low, high := boundsOf(t)
	if high == "" {
		return "a text"
	}
	if t.Bits() == 64 {
		return map[bool]string{true: "a whole number from 0", false: "a whole number"}[low == "0"]
	}
	return fmt.Sprintf("a whole number from %s to %s", low, high)
}

// boundsOf are the least and the most that a whole number of type t can be.
func boundsOf(t reflect.Type) (low, high string) {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		most := uint64(1)<<(t.Bits()-1) - 1
		return "-" + strconv.FormatUint(most+1, 10), strconv.FormatUint(most, 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "0", strconv.FormatUint(^uint64(0)>>(64-t.Bits()), 10)
	}
	return "", ""
}

// exceededBound names the bound that a number exceeds.
func exceededBound(t reflect.Type, text string) string {
	low, high := boundsOf(t)
	if strings.HasPrefix(text, "-") {
		return "less than " + cmp.Or(low, "can be counted")
	}
	return "more than " + cmp.Or(high, "can be counted")
}

var bareNumber = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$|^\.[0-9]+$`)

var durationType = reflect.TypeFor[time.Duration]()

const listKind = "Comma-separated list of "

// normalValue turns what people write into what envconfig reads.
func normalValue(kind, value string) string {
	value = strings.TrimSpace(value)
	if entries, ok := strings.CutPrefix(kind, listKind); ok {
		return normalList(entries, value)
	}
	switch kind {
	case "True or False":
		switch strings.ToLower(value) {
		case "yes", "on", "y":
			return "true"
		case "no", "off", "n":
			return "false"
		case "true", "false", "t", "f":
			return strings.ToLower(value)
		}
	case "Duration":
		if bareNumber.MatchString(value) {
			return value + "s"
		}
	}
	return value
}

// normalList does so for each entry of a list, and for both sides of pairs.
func normalList(kind, value string) string {
	pair, isMap := strings.CutSuffix(kind, " pairs")
	keyKind, valueKind, _ := strings.Cut(pair, ":")
	entries := splitList(value)
	for i, entry := range entries {
		if k, v, ok := strings.Cut(entry, ":"); ok && isMap {
			entries[i] = normalValue(keyKind, k) + ":" + normalValue(valueKind, v)
		} else {
			entries[i] = normalValue(kind, entry)
		}
	}
	return strings.Join(entries, ",")
}

var (
	// serviceLink is an address as Kubernetes gives it to containers, in TTS_PORT
	// for a service that is called tts.
	serviceLink = regexp.MustCompile(`^(tcp|udp|sctp)://`)
	// serviceLinkName is the names of the others, TTS_SERVICE_HOST and
	// TTS_PORT_80_TCP_ADDR.
	serviceLinkName = regexp.MustCompile(`_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_[0-9]+_(TCP|UDP|SCTP)(_ADDR|_PORT|_PROTO)?$`)
)

// isServiceLink reports whether Kubernetes has set a variable, and not a person.
func isServiceLink(name, value string) bool {
	return strings.HasSuffix(name, "_PORT") && serviceLink.MatchString(value)
}
