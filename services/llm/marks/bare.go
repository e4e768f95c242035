package marks

import (
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMisses is how much of an answer may look like such a call and be none, before it is
// taken for an answer about JSON.
const maxMisses = 32

// maxBareCall is the longest call without marks in bytes.
const maxBareCall = 16 << 10

var (
	firstKey   = regexp.MustCompile(`^\[?\s*\{\s*"(\w*)"`)
	callKeys   = regexp.MustCompile(`^(name|function|function_name|tool|tool_name|tool_calls|function_call|type|id|action|arguments|parameters|recipient_name)$`)
	keyPrefix  = regexp.MustCompile(`^\[?\s*(\{\s*("\w*)?)?$`)
	pythonic   = regexp.MustCompile(`^\[[A-Za-z_]\w*(\.\w+)*\([^\n]*?\)\]`)
	pythonHead = regexp.MustCompile(`^\[([A-Za-z_]\w*(\.\w*)*(\([^\n]*)?)?$`)
)

// bareCall looks for a call at the begin of a line that has no marks but its form: an
// object with a name and arguments, a list of those, or [name(argument)].
func (f *Filter) bareCall(i int, final bool) (m found) {
	if c := f.buf[i]; c != '{' && c != '[' || f.misses >= maxMisses || !f.atLineStart(i) {
		return m
	}
	text := f.buf[i:]
	if at := pythonic.FindString(text); at != "" {
		return found{mark: mark{kind: dropped}, n: len(at)}
	}
	m.partial = !final && len(text) < maxBareCall && (keyPrefix.MatchString(text) || pythonHead.MatchString(text))
	key := firstKey.FindStringSubmatch(text)
	if key == nil || !callKeys.MatchString(key[1]) {
		return m
	}
	values := json.NewDecoder(strings.NewReader(text))
	var raw json.RawMessage
	if err := values.Decode(&raw); err != nil {
		if m.partial = !final && len(text) < maxBareCall && (err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF)); !m.partial {
			f.misses++
		}
		return m
	}
	m.partial = false
	if len(ParseCalls(string(raw))) > 0 {
		f.calls = append(f.calls, string(raw))
		return found{mark: mark{kind: dropped}, n: len(raw)}
	}
	return m
}

// atLineStart tells whether only white space stands before i in its line.
func (f *Filter) atLineStart(i int) bool {
	for i > 0 {
		r, n := utf8.DecodeLastRuneInString(f.buf[:i])
		if r == '\n' {
			return true
		}
		if !unicode.IsSpace(r) {
			return false
		}
		i -= n
	}
	return !f.inLine
}

// Call is a call of a tool that a model wrote as text.
type Call struct {
	Name      string
	Arguments string // JSON
}

var (
	tagFunction  = regexp.MustCompile(`(?s)<(?:function|invoke)[= ](?:name=)?"?([\w.-]+)"?>?(.*)`)
	tagParameter = regexp.MustCompile(`(?s)<parameter[= ](?:name=)?"?([\w.-]+)"?>\s*(.*?)\s*</parameter>`)
	argPair      = regexp.MustCompile(`(?s)<arg_key>\s*(.*?)\s*</arg_key>\s*<arg_value>\s*(.*?)\s*</arg_value>`)
	namedObject  = regexp.MustCompile(`(?s)^\s*([A-Za-z_][\w.-]*)\s*(?:\[ARGS\]|\n|\s)?\s*(\{.*\})\s*$`)
)

// ParseCalls reads calls in the forms that models write them: JSON objects with a name and
// arguments, a name before its arguments, and tags of functions and parameters.
func ParseCalls(text string) (calls []Call) {
	text = strings.TrimSpace(text)
	values := json.NewDecoder(strings.NewReader(text))
	for {
		var v any
		if values.Decode(&v) != nil {
			break
		}
		calls = append(calls, callsIn(v)...)
	}
	if len(calls) > 0 {
		return calls
	}
	if m := namedObject.FindStringSubmatch(text); m != nil && json.Valid([]byte(m[2])) {
		return []Call{{m[1], m[2]}}
	}
	if m := tagFunction.FindStringSubmatch(text); m != nil {
		return []Call{{m[1], pairs(tagParameter, m[2])}}
	}
	if name, _, ok := strings.Cut(text, "<arg_key>"); ok {
		return []Call{{strings.TrimSpace(name), pairs(argPair, text)}}
	}
	return nil
}

// callsIn are the calls in a JSON value.
func callsIn(v any) (calls []Call) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			calls = append(calls, callsIn(x)...)
		}
	case map[string]any:
		for _, key := range []string{"tool_calls", "function_call", "function"} {
			if inner, ok := v[key]; ok {
				if found := callsIn(inner); len(found) > 0 {
					return found
				}
			}
		}
		name := ""
		for _, key := range []string{"name", "function_name", "tool_name", "function", "tool", "action", "recipient_name"} {
			if s, ok := v[key].(string); ok && name == "" {
				name = s
			}
		}
		for _, key := range []string{"arguments", "parameters", "args", "input", "action_input", "tool_input"} {
			args, ok := v[key]
			if !ok || name == "" {
				continue
			}
			text, isText := args.(string)
			if !isText {
				b, _ := json.Marshal(args)
				text = string(b)
			}
			return []Call{{name, text}}
		}
	}
	return calls
}

// pairs are the arguments that p finds, as JSON. A value that is JSON stays what it is.
func pairs(p *regexp.Regexp, text string) string {
	args := map[string]any{}
	for _, m := range p.FindAllStringSubmatch(text, -1) {
		var v any
		if json.Unmarshal([]byte(m[2]), &v) != nil {
			v = m[2]
		}
		args[m[1]] = v
	}
	b, _ := json.Marshal(args)
	return string(b)
}
