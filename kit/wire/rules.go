package wire

import (
	"errors"
	"slices"
	"strings"
)

// kindWords are those of the kind tag.
var kindWords = []string{"object", "string", "array", "number", "bool"}

// kindOf names the kind of JSON that begins with a byte, in the words of the
// kind tag.
func kindOf(first byte) string {
	switch first {
	case '{':
		return "object"
	case '"':
		return "string"
	case '[':
		return "array"
	case 't', 'f':
		return "bool"
	default:
		return "number"
	}
}

// checkKind checks the first byte of a value against the kinds an any may hold.
func (sh *shape) checkKind(first byte) *Error {
	if sh.allowedKinds == nil || slices.Contains(sh.allowedKinds, kindOf(first)) {
		return nil
	}
	return newError(BadType, "%s where %v is wanted", kindOf(first), sh.allowedKinds)
}

// checkChoice checks a string against what it may be.
func (sh *shape) checkChoice(text string) *Error {
	if sh.oneof == nil || slices.Contains(sh.oneof, text) {
		return nil
	}
	return newError(Bounds, "%q is not one of %s", clipText([]byte(text)), strings.Join(sh.oneof, " "))
}

func (sh *shape) inBounds(n float64) bool { return n >= sh.min && n <= sh.max }

// checkBounds checks a number.
func (sh *shape) checkBounds(n float64) *Error {
	if sh.inBounds(n) {
		return nil
	}
	return newError(Bounds, "%s is out of bounds", appendFloat(nil, n))
}

// refusal turns the error of a method of the payload into a refusal. An error
// that begins with a field's name and a colon is about that field.
func (sh *shape) refusal(err error, reason Reason) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	name, text, _ := strings.Cut(err.Error(), ": ")
	if sh.plan != nil {
		if _, known := sh.plan.byName[name]; known && text != "" {
			return &Error{Path: name, Reason: reason, Text: text}
		}
	}
	return &Error{Reason: reason, Text: err.Error()}
}
