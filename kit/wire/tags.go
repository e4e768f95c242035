package wire

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// field is one name of an object.
type field struct {
	shape
	name      string
	index     []int
	offset    uintptr
	quoted    []byte // `"name":`
	aliases   []string
	when      string // the key that chooses it in a union
	required  bool
	foreign   bool
	fresh     bool
	now       bool
	omitempty bool
	def       []byte // the default as JSON; nil: none
}

// fills reports whether an absent field gets a value.
func (f *field) fills() bool { return f.def != nil || f.fresh || f.now }

// parseTags reads what the struct tags say and refuses what makes no sense.
func (f *field) parseTags(tag reflect.StructTag, opts string) error {
	f.omitempty = opts == "omitempty"
	if opts != "" && !f.omitempty {
		return fmt.Errorf("json option %q is not supported", opts)
	}
	words := tag.Get("msg")
	for word := range strings.SplitSeq(words, ",") {
		if word != "" && !f.parseWord(word) {
			return fmt.Errorf("tag %q makes no sense on %s", word, f.typ)
		}
	}
	if f.when != "" && words != "when="+f.when {
		return fmt.Errorf("when=%s stands alone", f.when)
	}
	if def, ok := tag.Lookup("default"); ok && !f.setDefault(def) {
		return fmt.Errorf("default %q makes no sense on %s", def, f.typ)
	}
	return nil
}

// parseWord takes one word of a msg tag and reports whether it makes sense here.
func (f *field) parseWord(word string) bool {
	w, v, _ := strings.Cut(word, "=")
	switch w {
	case "required":
		f.required = true
		return true
	case "foreign":
		f.foreign = true
		return true
	case "fresh":
		f.fresh = true
		return f.kind == kString && !f.ptr
	case "now":
		f.now = true
		return f.kind == kFloat && !f.ptr
	case "nullable":
		f.nullable = true
		return !f.ptr && (f.kind == kMap || f.kind == kSlice || f.kind == kAny)
	case "when":
		f.when = v
		return v != "" && !strings.Contains(v, " ") && f.ptr && f.kind == kStruct
	case "alias":
		f.aliases = append(f.aliases, v)
		return v != ""
	case "min":
		return f.parseBound(&f.min, v)
	case "max":
		return f.parseBound(&f.max, v)
	case "oneof":
		f.oneof = strings.Fields(v)
		return f.kind == kString && len(f.oneof) > 0
	case "kind":
		f.allowedKinds = strings.Split(v, "|")
		unknown := func(k string) bool { return !slices.Contains(kindWords, k) }
		return f.kind == kAny && !slices.ContainsFunc(f.allowedKinds, unknown)
	default:
		return false
	}
}

func (f *field) parseBound(limit *float64, text string) (ok bool) {
	var err error
	*limit, err = strconv.ParseFloat(text, 64)
	return err == nil && f.isNumber()
}

func (sh *shape) isNumber() bool { return sh.kind == kInt || sh.kind == kUint || sh.kind == kFloat }

// setDefault compiles the default to JSON and reports whether it keeps the other
// tags.
func (f *field) setDefault(def string) (ok bool) {
	f.nullable = false
	text := []byte(def)
	if f.kind == kString {
		text = appendString(nil, def)
	}
	bare := f.shape
	bare.ptr = false
	v := reflect.New(f.typ)
	r := newReader(text)
	r.document(&bare, v.UnsafePointer())
	var w writer
	w.writeValue(&bare, v.Elem())
	f.def = w.b
	scalar := f.isNumber() || f.kind == kString || f.kind == kBool
	return r.err == nil && scalar && !f.required && !f.fresh && !f.now && !f.foreign
}
