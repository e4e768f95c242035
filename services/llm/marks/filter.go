// Package marks tells what a model wrote for the listener from what it wrote for itself
// or for its server: thoughts, calls of tools, and the marks of a chat format, which
// servers leave in the text when they do not know the format of the model.
//
// The marks are data, in marks.json. They are found wherever in a stream they stand and
// however it is cut into pieces.
package marks

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxHead is the longest head of a message in bytes, as "assistant<|channel|>final".
const maxHead = 160

// maxCallText is how much of a call that is written as text is kept, in bytes.
const maxCallText = 64 << 10

// Filter passes on what is meant for the listener. The zero value is ready to use, and
// good for one answer.
type Filter struct {
	// Hold says that the answer begins with thoughts of which only the end is marked:
	// nothing is passed on before that, or before the end of the answer.
	Hold bool

	buf     string // not looked at yet
	state   state
	toEnd   bool            // what is hidden has no end of its own
	tag     string          // that opened the call; its end closes it
	head    string          // of a message, as far as it came
	hidden  strings.Builder // the call that is read
	calls   []string
	began   string // the first characters, in lower case, while they may begin thoughts
	decided bool   // it is known whether thoughts begin the answer
	held    string // what may be thoughts
	spaces  string // that come before the next word
	gap     bool   // something was left out behind them, so that no others count
	out     strings.Builder
	passed  int  // bytes that were passed on
	last    rune // that was read as visible
	misses  int  // what looked like a call and was none
	inLine  bool // there was more than white space in its line
	spoiled int  // of the bytes passed on, those that were thoughts
	alone   bool // an end of thoughts came without a begin
}

// state is where in an answer a filter is.
type state int

const (
	visible   state = iota
	thinking        // thoughts, up to their end
	calling         // a call of a tool, up to its end
	inHead          // the head of a message
	elsewhere       // a message that is not for the listener, up to the next head
	over            // behind the end of the answer
)

// Add takes a piece of the answer, and returns what can be passed on.
func (f *Filter) Add(piece string) string {
	f.buf += piece
	f.scan(false)
	return f.take()
}

// Flush ends the answer, and returns what is left of it. Cut says that the model had more
// to write: what it wrote may then be thoughts without their end.
func (f *Filter) Flush(cut bool) string {
	f.scan(true)
	if f.state == calling {
		f.endCall()
	}
	if !f.Hold || !cut {
		f.release()
	}
	return f.take()
}

// Separated says that the server tells thoughts from the answer by itself.
func (f *Filter) Separated() {
	f.Hold = false
	if f.state == visible && f.passed == 0 {
		f.release()
	}
	f.decided = true
}

// Over tells whether the answer has ended, so that nothing more can come of it.
func (f *Filter) Over() bool { return f.state == over }

// Spoiled is how many bytes of what was passed on first turned out to be thoughts.
func (f *Filter) Spoiled() int { return f.spoiled }

// EndedAlone tells whether thoughts ended that had no marked begin, as they do in all
// answers of some models.
func (f *Filter) EndedAlone() bool { return f.alone }

// Calls are the calls of tools that were written as text, without their marks.
func (f *Filter) Calls() []string { return f.calls }

func (f *Filter) take() string {
	out := f.out.String()
	f.out.Reset()
	f.passed += len(out)
	return out
}

// scan reads what is in the buffer. With final it reads all of it, else it leaves the begin
// of what may become a mark.
func (f *Filter) scan(final bool) {
	if !f.decided {
		f.began = beginOf(f.held + f.buf)
	}
	for i := 0; i < len(f.buf); {
		if f.state == over {
			f.buf = ""
			return
		}
		if f.state == inHead {
			if !f.readHead(final) {
				return
			}
			i = 0
			continue
		}
		m := known.at(f.buf[i:], f.began)
		if m.n == 0 && !m.partial && f.state == visible {
			m = f.bareCall(i, final)
		}
		switch {
		case m.n > 0 && !f.isMention(i):
			f.read(f.buf[:i])
			text := f.buf[i : i+m.n]
			f.buf, i = f.buf[i+m.n:], 0
			f.apply(m.mark, text)
		case m.partial && !final:
			f.read(f.buf[:i])
			f.buf = f.buf[i:]
			return
		case m.partial && len(f.buf)-i > 1 && !isMarkup(f.buf[i:]): // a mark that the end of the answer cuts
			f.read(f.buf[:i])
			f.buf = ""
			return
		default:
			_, n := utf8.DecodeRuneInString(f.buf[i:])
			i += n
		}
	}
	f.read(f.buf)
	f.buf = ""
}

// isMarkup tells whether text is no mark for sure: a comparison, or a heading.
func isMarkup(text string) bool {
	return text[0] == '#' || text[0] == '{' || text[0] == '[' && len(text) < 4
}

// isMention tells whether the mark at i is talked about: it stands in quotes of code.
func (f *Filter) isMention(i int) bool {
	last := f.last
	if i > 0 {
		last, _ = utf8.DecodeLastRuneInString(f.buf[:i])
	}
	return f.state == visible && last == '`'
}

// apply does what a mark says.
func (f *Filter) apply(m mark, text string) {
	f.gap = f.gap || f.spaces != ""
	switch {
	case f.state == thinking:
		if m.kind == endsThink && !f.toEnd {
			f.state = visible
		}
	case f.state == calling:
		switch {
		case m.kind == endsCall && !f.toEnd && m.tag == f.tag:
			f.endCall()
			f.state = visible
		case m.kind != endsAnswer:
			f.keepCall(text)
		}
	case m.kind == opensRole:
		f.state, f.head = inHead, ""
		if lowerASCII(text) == known.Roles.Channel {
			f.head = known.Roles.Channel
		}
	case f.state == elsewhere: // only the head of another message ends this one
	case m.kind == opensThink:
		f.state, f.toEnd, f.decided = thinking, m.toEnd, true
		f.release()
	case m.kind == opensCall:
		f.state, f.toEnd, f.tag, f.decided = calling, m.toEnd, m.tag, true
		if m.tag != "" {
			f.keepCall(text) // it may hold the name
		}
		f.release()
	case m.kind == endsThink:
		f.forgetThoughts()
	case m.kind == endsAnswer && f.hasText():
		f.state = over
	}
}

// hasText tells whether there was something for the listener.
func (f *Filter) hasText() bool { return f.passed > 0 || f.out.Len() > 0 || f.held != "" }

// forgetThoughts notes that all up to here was thoughts.
func (f *Filter) forgetThoughts() {
	f.alone = true
	f.held, f.spaces, f.decided, f.Hold = "", "", true, false
	f.out.Reset()
	if f.spoiled = f.passed; f.passed > 0 {
		f.spaces, f.gap = "\n", true
	}
}

// readHead reads the head of a message, and reports whether it is complete.
func (f *Filter) readHead(final bool) bool {
	end, n := -1, 0
	for _, c := range known.Roles.Closes {
		if at := strings.Index(lowerASCII(f.buf), lowerASCII(c)); at >= 0 && (end < 0 || at < end) {
			end, n = at, len(c)
		}
	}
	if end < 0 && len(f.head)+len(f.buf) <= maxHead {
		if !final {
			return false
		}
		f.buf, f.state = "", over
		return true
	}
	if end < 0 {
		end = 0
	}
	head := lowerASCII(f.head + f.buf[:end])
	f.buf, f.head = f.buf[end+n:], ""
	role, channel, hasChannel := strings.Cut(head, known.Roles.Channel)
	f.state = visible
	switch {
	case hasChannel:
		if !oneOf(known.Roles.Final, channel) {
			f.state = elsewhere
		}
		f.decided = true
		f.release()
	case !oneOf(known.Roles.Own, role) || f.hasText():
		f.state = over
	}
	return true
}

// oneOf tells whether the first word of text is one of words.
func oneOf(words []string, text string) bool {
	text = strings.TrimSpace(text)
	if at := strings.IndexAny(text, " <\t"); at >= 0 {
		text = text[:at]
	}
	for _, w := range words {
		if text == w {
			return true
		}
	}
	return false
}

// read takes text without marks.
func (f *Filter) read(text string) {
	if text == "" {
		return
	}
	switch f.state {
	case calling:
		f.keepCall(text)
	case visible:
		f.last, _ = utf8.DecodeLastRuneInString(text)
		end := strings.LastIndexByte(text, '\n')
		f.inLine = end < 0 && f.inLine || strings.TrimSpace(text[end+1:]) != ""
		f.show(text)
	}
}

func (f *Filter) keepCall(text string) {
	if f.hidden.Len()+len(text) <= maxCallText {
		f.hidden.WriteString(text)
	}
}

func (f *Filter) endCall() {
	text := strings.TrimSpace(f.hidden.String())
	if at := strings.IndexByte(text, '>'); f.tag != "" && !strings.HasPrefix(f.tag, "function") && !strings.HasPrefix(f.tag, "invoke") {
		text = strings.TrimSpace(text[at+1:])
	}
	if text != "" {
		f.calls = append(f.calls, text)
	}
	f.hidden.Reset()
}

// show takes visible text. While it may begin thoughts, it is held back.
func (f *Filter) show(text string) {
	if f.Hold || !f.decided {
		f.held += text
		f.began = beginOf(f.held)
		if !f.Hold && f.began != "" && !f.mayThink() {
			f.decided = true
			f.release()
		}
		return
	}
	f.pass(text)
}

// longestBegin is more than the longest of the begins of thoughts in bytes.
const longestBegin = 64

// beginOf is the begin of an answer, to be compared.
func beginOf(text string) string {
	text = strings.TrimLeftFunc(text, unicode.IsSpace)
	return lowerASCII(text[:min(len(text), longestBegin)])
}

// mayThink tells whether the answer begins as thoughts do, or may yet do so.
func (f *Filter) mayThink() bool {
	text := strings.ReplaceAll(f.began, "’", "'")
	for _, b := range known.Thoughts.Begins {
		if strings.HasPrefix(text, b) || strings.HasPrefix(b, text) {
			return true
		}
	}
	for _, b := range known.Thoughts.Bare { // the word stands without a space before the first one: "analysisThe user"
		if rest, ok := strings.CutPrefix(text, b[0]); ok && (rest == "" || unicode.IsLetter([]rune(rest)[0])) || strings.HasPrefix(b[0], text) {
			return true
		}
	}
	return false
}

// release passes on what was held back.
func (f *Filter) release() {
	held := f.held
	f.held = ""
	f.pass(held)
}

// pass hands text on. White space waits for the word behind it, so that what is left out
// leaves no gap.
func (f *Filter) pass(text string) {
	for text != "" {
		word := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsSpace(r) })
		if word < 0 {
			f.space(text)
			return
		}
		f.space(text[:word])
		text = text[word:]
		f.out.WriteString(f.spaces)
		f.spaces, f.gap = "", false
		end := len(strings.TrimRightFunc(text, unicode.IsSpace))
		f.out.WriteString(text[:end])
		text = text[end:]
	}
}

// space takes white space. Of that on both sides of what was left out, the first counts.
func (f *Filter) space(text string) {
	if f.passed == 0 && f.out.Len() == 0 || f.gap {
		return
	}
	f.spaces += text
}
