package wire

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// parse makes the tree of a JSON text that is as clients write it, the same that
// encoding/json makes with UseNumber, in a third of the time. Whatever is out of the
// ordinary (escapes aside) is not ok, and left to encoding/json, which knows all of JSON
// and has the words for what is wrong.
func parse(body []byte) (tree any, ok bool) {
	p := parser{text: string(body)} // strings of the tree are parts of it
	tree, ok = p.value(0)
	p.space()
	return tree, ok && p.at == len(p.text)
}

// nested is how deep a text may be before encoding/json has to say whether that is too deep.
const nested = 100

type parser struct {
	text string
	at   int
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// is moves past one character, if it is the next one behind the space.
func (p *parser) is(c byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *parser) value(depth int) (any, bool) {
	p.space()
	if p.at == len(p.text) || depth > nested {
		return nil, false
	}
	switch c := p.text[p.at]; {
	case c == '{':
		return p.members(depth)
	case c == '[':
		return p.items(depth)
	case c == '"':
		s, ok := p.string()
		return s, ok
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	for _, w := range []struct {
		word  string
		value any
	}{{"true", true}, {"false", false}, {"null", nil}} {
		if strings.HasPrefix(p.text[p.at:], w.word) {
			p.at += len(w.word)
			return w.value, true
		}
	}
	return nil, false
}

func (p *parser) members(depth int) (any, bool) {
	p.at++
	out := map[string]any{}
	if p.is('}') {
		return out, true
	}
	for {
		p.space()
		name, ok := p.string()
		if !ok || !p.is(':') {
			return nil, false
		}
		v, ok := p.value(depth + 1)
		if !ok {
			return nil, false
		}
		out[name] = v
		if p.is('}') {
			return out, true
		}
		if !p.is(',') {
			return nil, false
		}
	}
}

func (p *parser) items(depth int) (any, bool) {
	p.at++
	out := []any{}
	if p.is(']') {
		return out, true
	}
	for {
		v, ok := p.value(depth + 1)
		if !ok {
			return nil, false
		}
		out = append(out, v)
		if p.is(']') {
			return out, true
		}
		if !p.is(',') {
			return nil, false
		}
	}
}

func (p *parser) string() (string, bool) {
	if p.at == len(p.text) || p.text[p.at] != '"' {
		return "", false
	}
	from, plain := p.at, true
	for p.at++; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			if plain {
				return p.text[from+1 : p.at-1], true
			}
			var s string
			err := json.Unmarshal([]byte(p.text[from:p.at]), &s)
			return s, err == nil
		case c == '\\':
			plain = false
			p.at++
		case c >= utf8.RuneSelf:
			plain = false
		case c < ' ':
			return "", false
		}
	}
	return "", false
}

func (p *parser) number() (any, bool) {
	from := p.at
	for p.at < len(p.text) && strings.IndexByte("+-.0123456789Ee", p.text[p.at]) >= 0 {
		p.at++
	}
	n := p.text[from:p.at]
	return json.Number(n), isNumber(n)
}

// isNumber holds a number against JSON's grammar.
func isNumber(s string) bool {
	digits := func() bool {
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		s = s[n:]
		return n > 0
	}
	s = strings.TrimPrefix(s, "-")
	if strings.HasPrefix(s, "0") {
		s = s[1:]
	} else if !digits() {
		return false
	}
	if strings.HasPrefix(s, ".") {
		if s = s[1:]; !digits() {
			return false
		}
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		return digits() && s == ""
	}
	return s == ""
}
