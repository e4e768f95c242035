package speech

import (
	"regexp"
	"strings"
)

var (
	formulaMarks = regexp.MustCompile(`\\[()\[\]]|\\(?:left|right|,|;|!|quad)`)
	inlineMath   = regexp.MustCompile(`\$([^$\s](?:[^$]*[^$\s])?)\$`)
	mathFraction = regexp.MustCompile(`\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}`)
	mathBlock    = regexp.MustCompile(`\$\$`)
	mathText     = regexp.MustCompile(`\\[a-zA-Z]+\{([^{}]*)\}`) // \text{km}, \boxed{2}
	mathRoot     = regexp.MustCompile(`\\sqrt\{([^{}]*)\}`)
	mathDegrees  = regexp.MustCompile(`\^(?:\\circ|\{\\circ\})\s*`)
	mathCommand  = regexp.MustCompile(`\\([a-zA-Z]+)`)
	// mathSigns are commands that stand for a sign. Of others the name is said, as of \pi.
	mathSigns = map[string]string{"times": "×", "cdot": "×", "div": "÷", "pm": "±", "approx": "≈", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "ne": "≠",
		"to": "→", "rightarrow": "→", "Rightarrow": "⇒"}
)

// plainFormulas writes formulas of LaTeX as plain text: \frac{3}{4} as 3/4.
func plainFormulas(text string) string {
	text = mathBlock.ReplaceAllString(text, " ")
	text = replaceGroups(inlineMath, text, func(g []string) string {
		if strings.ContainsAny(g[1], `\^_=`) { // else two amounts of dollars
			return g[1]
		}
		return g[0]
	})
	if !strings.Contains(text, `\`) {
		return text
	}
	text = formulaMarks.ReplaceAllString(text, " ")
	text = mathFraction.ReplaceAllString(text, "$1/$2")
	text = mathRoot.ReplaceAllString(text, "√($1)")
	text = mathText.ReplaceAllString(text, "$1")
	text = mathDegrees.ReplaceAllString(text, "°")
	return replaceGroups(mathCommand, text, func(g []string) string {
		if sign := mathSigns[g[1]]; sign != "" {
			return " " + sign + " "
		}
		return g[0]
	})
}
