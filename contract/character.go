package contract

import "github.com/gotars/tars/kit/msg"

// CharacterGetRequest asks who the assistant is.
type CharacterGetRequest struct {
	msg.Ident
	Section *string `json:"section"` // a field of CharacterSnapshot; nil: all of it
}

// Route is character/get.
func (CharacterGetRequest) Route() msg.Route {
	return msg.Route{Topic: "character/get", QoS: msg.AtLeastOnce}
}

// Reply ties the result to the request.
func (CharacterGetRequest) Reply() (r CharacterResult) { return }

// CharacterResult is the answer to CharacterGetRequest: one of its fields is set.
type CharacterResult struct {
	Snapshot *CharacterSnapshot `msg:"when=name"`
	Section  *CharacterSection  `msg:"when=section"`
}

// Route is character/result.
func (CharacterResult) Route() msg.Route {
	return msg.Route{Topic: "character/result", QoS: msg.AtLeastOnce}
}

// CharacterSection is one section of a snapshot. That of an unknown name is an
// object with "error" and "available".
type CharacterSection struct {
	msg.Ident
	Section string `json:"section" msg:"required"`
	Value   any    `json:"value" msg:"nullable,kind=object|string"` // map[string]any, string or nil
}

// CharacterSnapshot is who the assistant is.
type CharacterSnapshot struct {
	msg.Ident
	Name                string         `json:"name" msg:"required"`
	Description         *string        `json:"description"`
	SystemPrompt        *string        `json:"systemprompt"`
	Traits              map[string]any `json:"traits"` // 0 to 100 by custom, but any JSON is taken
	Voice               map[string]any `json:"voice"`
	Meta                map[string]any `json:"meta"`
	Scenario            map[string]any `json:"scenario"`
	PersonalityNotes    map[string]any `json:"personality_notes"`
	ExampleInteractions map[string]any `json:"example_interactions"`
}

// MetaKeyOrder is the key in the Meta of a CharacterSnapshot under which our memory puts the
// order of the keys of free tables: for personality_notes, example_interactions and traits
// a list of their keys, as they stand in the character's file.
const MetaKeyOrder = "key_order"

// Route is system/character/current.
func (CharacterSnapshot) Route() msg.Route {
	return msg.Route{Topic: "system/character/current", QoS: msg.AtLeastOnce, Retain: true}
}

// CharacterUpdate changes who the assistant is: one of its fields is set.
type CharacterUpdate struct {
	Trait    *CharacterTraitUpdate `msg:"when=trait"`
	Reset    *CharacterResetTraits `msg:"when=action"`
	ResetAll *CharacterResetAll    `msg:"when=reset_all"`
}

// Route is character/update.
func (CharacterUpdate) Route() msg.Route {
	return msg.Route{Topic: "character/update", QoS: msg.AtLeastOnce}
}

// CharacterTraitUpdate sets one trait.
type CharacterTraitUpdate struct {
	msg.Ident
	Section string `json:"section" default:"traits"`
	Trait   string `json:"trait" msg:"required"` // an unknown one may be created
	Value   int    `json:"value" msg:"required,min=0,max=100"`
}

// CharacterResetTraits sets all traits back when Action is reset_traits.
type CharacterResetTraits struct {
	msg.Ident
	Action string `json:"action" default:"reset_traits"`
}

// CharacterResetAll is CharacterResetTraits as character tools send it.
type CharacterResetAll struct {
	msg.Ident
	All bool `json:"reset_all" msg:"required"` // false asks for nothing
}
