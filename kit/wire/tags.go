package wire

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// field is one name of an object.
type field struct {
	shape
	name              string
	quoted            []byte // `"name":`
	aliases           []string
	index             []int
	required, foreign bool
	fresh, now        bool
	omitNil           bool
	min, max          float64 // only with hasMin, hasMax
	hasMin, hasMax    bool
	oneof, kinds      []string
	def               []byte // the default as JSON; nil: none
}

func (f *field) bounded() bool { return f.hasMin || f.hasMax }

func (f *field) inside(n float64) bool {
	return (!f.hasMin || n >= f.min) && (!f.hasMax || n <= f.max)
}

// fills reports whether an absent field gets a value.
func (f *field) fills() bool { return f.def != nil || f.fresh || f.now }

// tags reads what the struct tags say and refuses what makes no sense.
func (f *field) tags(tag reflect.StructTag, opts string) error {
	switch opts {
	case "":
	case "omitempty":
		f.omitNil = true
	default:
		return fmt.Errorf("json option %q is not supported", opts)
	}
	if words := tag.Get("msg"); words != "" {
		for word := range strings.SplitSeq(words, ",") {
			if err := f.word(word); err != nil {
				return err
			}
		}
	}
	if def, ok := tag.Lookup("default"); ok {
		return f.setDefault(def)
	}
	return nil
}

func (f *field) word(word string) (err error) {
	w, v, _ := strings.Cut(word, "=")
	ok := true
	switch w {
	case "required":
		f.required = true
	case "foreign":
		f.foreign = true
	case "fresh":
		f.fresh, ok = true, f.kind == kString && !f.ptr
	case "now":
		f.now, ok = true, f.kind == kFloat && !f.ptr
	case "nullable":
		f.nullable, ok = true, !f.ptr && (f.kind == kMap || f.kind == kSlice || f.kind == kAny)
	case "alias":
		f.aliases, ok = append(f.aliases, v), v != ""
	case "min":
		f.hasMin, ok = true, f.number()
		f.min, err = strconv.ParseFloat(v, 64)
	case "max":
		f.hasMax, ok = true, f.number()
		f.max, err = strconv.ParseFloat(v, 64)
	case "oneof":
		f.oneof = strings.Fields(v)
		ok = f.kind == kString && len(f.oneof) > 0
	case "kind":
		f.kinds = strings.Split(v, "|")
		ok = f.kind == kAny || f.kind == kMap
		for _, k := range f.kinds {
			ok = ok && slices.Contains([]string{"object", "string", "array", "number", "bool"}, k)
		}
	default:
		ok = false
	}
	if !ok || err != nil {
		return fmt.Errorf("tag %q makes no sense on %s", word, f.typ)
	}
	return nil
}

func (f *field) number() bool { return f.kind == kInt || f.kind == kUint || f.kind == kFloat }

// setDefault compiles the default to JSON, within the other tags.
func (f *field) setDefault(def string) error {
	ok := !f.required && !f.fresh && !f.now && !f.foreign
	switch f.kind {
	case kString:
		f.def = appendString(nil, def)
		ok = ok && (f.oneof == nil || slices.Contains(f.oneof, def))
	case kBool:
		f.def = []byte(def)
		ok = ok && (def == "true" || def == "false")
	case kInt, kUint, kFloat:
		n, err := strconv.ParseFloat(def, 64)
		ok = ok && err == nil && f.inside(n) && (f.kind == kFloat || n == math.Trunc(n))
		f.def = appendFloat(nil, n)
	default:
		ok = false
	}
	if !ok {
		return fmt.Errorf("default %q makes no sense on %s", def, f.typ)
	}
	f.nullable = false
	return nil
}
