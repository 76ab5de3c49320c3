package web

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/js"
)

// stripped returns a module without comments, indentation and needless space.
// Names stay, and each statement has its line, so that a stack trace can be read.
// Tokens stay as they are and in their order, so that nothing else can change:
// minifiers that write code anew save a tenth more, and the one for Go that was
// tried moved a declaration before another on which it depended.
func stripped(source []byte) ([]byte, error) {
	var out []byte
	var line, space bool // came since the last token
	last := js.ErrorToken
	for l := js.NewLexer(parse.NewInputBytes(source)); ; {
		kind, text := l.Next()
		switch kind {
		case js.ErrorToken:
			if errors.Is(l.Err(), io.EOF) {
				return out, nil
			}
			return nil, l.Err()
		case js.WhitespaceToken, js.CommentToken:
			space = true
			continue
		case js.LineTerminatorToken, js.CommentLineTerminatorToken:
			line = true
			continue
		case js.DivToken, js.DivEqToken:
			if !operand(last) {
				kind, text = l.RegExp()
			}
		}
		switch {
		case line && !continues(last, kind):
			out = append(out, '\n')
		case (line || space) && sticks(out, text):
			out = append(out, ' ')
		}
		out = append(out, text...)
		line, space, last = false, false, kind
	}
}

// operand tells whether a token ends an operand, so that a slash after it divides.
func operand(kind js.TokenType) bool {
	switch kind {
	case js.CloseParenToken, js.CloseBracketToken, js.CloseBraceToken, js.IncrToken, js.DecrToken, js.StringToken, js.RegExpToken,
		js.TemplateToken, js.TemplateEndToken, js.PrivateIdentifierToken, js.ThisToken, js.SuperToken, js.NullToken, js.TrueToken, js.FalseToken:
		return true
	}
	return js.IsIdentifier(kind) || js.IsNumeric(kind)
}

// continues tells whether a line can go on, because no statement ends between
// two tokens.
func continues(last, next js.TokenType) bool {
	begin := []js.TokenType{
		js.ErrorToken, js.OpenBraceToken, js.OpenParenToken, js.OpenBracketToken, js.CommaToken, js.ArrowToken, js.EqToken, js.ColonToken,
		js.AndToken, js.OrToken, js.QuestionToken,
	}
	end := []js.TokenType{
		js.CloseBraceToken, js.CloseParenToken, js.CloseBracketToken, js.CommaToken, js.DotToken, js.OptChainToken, js.ColonToken,
		js.AndToken, js.OrToken, js.QuestionToken,
	}
	return slices.Contains(begin, last) || slices.Contains(end, next)
}

// sticks tells whether two tokens would be others without the space between them.
func sticks(out, next []byte) bool {
	if len(out) == 0 {
		return false
	}
	const signs = "+-/*<>!?.&|="
	before, after := out[len(out)-1:], next[:1]
	return js.IsIdentifierEnd(out) && js.IsIdentifierContinue(next) ||
		bytes.ContainsAny(before, signs) && bytes.ContainsAny(after, signs) ||
		before[0] >= '0' && before[0] <= '9' && after[0] == '.'
}
