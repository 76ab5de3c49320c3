package arch

import (
	"go/ast"
	"go/token"
	"testing"
)

// clocks are the functions of package time that know what time it is.
var clocks = map[string]bool{
	"Now": true, "Since": true, "Until": true, "Sleep": true, "After": true, "AfterFunc": true, "Tick": true,
	"NewTimer": true, "NewTicker": true,
}

// Cores get time as an argument and have neither goroutines, channels nor locks.
func TestCoresHaveNoClockAndNoGoroutine(t *testing.T) {
	all := house(t)
	for _, dir := range cores {
		f := all[dir]
		for _, file := range f.files {
			ast.Inspect(file, func(n ast.Node) bool {
				if what := forbidden(n); what != "" {
					t.Errorf("%v: the core %s has %s", f.set.Position(n.Pos()), dir, what)
				}
				return true
			})
		}
	}
}

func forbidden(n ast.Node) string {
	switch x := n.(type) {
	case *ast.GoStmt:
		return "a goroutine"
	case *ast.ChanType:
		return "a channel"
	case *ast.SelectStmt:
		return "a select"
	case *ast.SendStmt:
		return "a send"
	case *ast.UnaryExpr:
		if x.Op == token.ARROW {
			return "a receive"
		}
	case *ast.SelectorExpr:
		if p, ok := x.X.(*ast.Ident); ok && p.Name == "time" && clocks[x.Sel.Name] {
			return "the clock time." + x.Sel.Name
		}
	}
	return ""
}

// The rule must see what it forbids.
func TestForbiddenIsSeen(t *testing.T) {
	for want, n := range map[string]ast.Node{
		"a goroutine":        &ast.GoStmt{},
		"a channel":          &ast.ChanType{},
		"a receive":          &ast.UnaryExpr{Op: token.ARROW},
		"the clock time.Now": &ast.SelectorExpr{X: ast.NewIdent("time"), Sel: ast.NewIdent("Now")},
		"":                   &ast.SelectorExpr{X: ast.NewIdent("time"), Sel: ast.NewIdent("Second")},
	} {
		if got := forbidden(n); got != want {
			t.Errorf("%T: got %q, want %q", n, got, want)
		}
	}
}
