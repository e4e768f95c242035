package adapters

import _ "embed" // the phrase that the detector is to hear

// What engines are asked when they are measured or tried.
const (
	SpokenText  = "The kitchen light is on."
	AskedText   = "What is the capital of France?"
	AskedTokens = 40 // of the answer at most: a sentence or two
)

//go:embed phrase.wav
var phrase []byte

// Phrase is "Hey Jarvis!" at 16 kHz, with a little silence before it, in the voice
// joe of Piper, which is in the public domain (CC0).
var Phrase = phrase[Header:]

// Header is how many bytes of a plain WAV file come before its samples.
const Header = 44
