package arch

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
	"testing"
)

// Everything exported has a comment; fields and constants may share one with
// their group.
func TestExportedIsDocumented(t *testing.T) {
	for _, f := range house(t) {
		if !f.hasPackageComment() {
			t.Errorf("%s: the package has no comment", f.dir)
		}
		for _, file := range f.files {
			for _, d := range file.Decls {
				for _, id := range undocumented(d) {
					t.Errorf("%v: %s has no comment", f.set.Position(id.Pos()), id.Name)
				}
			}
		}
	}
}

func (f *folder) hasPackageComment() bool {
	for _, file := range f.files {
		if file.Doc != nil {
			return true
		}
	}
	return false
}

func undocumented(d ast.Decl) (missing []*ast.Ident) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && receiverExported(d) {
			missing = append(missing, d.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			missing = append(missing, undocumentedSpec(d, s)...)
		}
	}
	return missing
}

func undocumentedSpec(d *ast.GenDecl, s ast.Spec) (missing []*ast.Ident) {
	switch s := s.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() && s.Doc == nil && d.Doc == nil {
			missing = append(missing, s.Name)
		}
	case *ast.ValueSpec:
		for _, id := range s.Names {
			if id.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
				missing = append(missing, id)
			}
		}
	}
	return missing
}

// receiverExported tells whether a function is one of the package or a method
// of an exported type.
func receiverExported(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	e := d.Recv.List[0].Type
	if p, ok := e.(*ast.StarExpr); ok {
		e = p.X
	}
	if g, ok := e.(*ast.IndexExpr); ok {
		e = g.X
	}
	id, ok := e.(*ast.Ident)
	return ok && id.IsExported()
}

// link is a doc link that means a symbol: [Server], [Server.Close], [sfu.Peer].
var link = regexp.MustCompile(`\[\*?((?:[a-z]\w*\.)?[A-Z]\w*(?:\.[A-Z]\w*)?)\]`)

// A doc link leads somewhere; `go doc` shows one that does not as plain text.
func TestDocLinksLeadSomewhere(t *testing.T) {
	symbols := make(map[string]map[string]bool)
	all := house(t)
	for dir, f := range all {
		symbols[dir] = f.symbols()
	}
	for dir, f := range all {
		for _, file := range f.files {
			for _, group := range docComments(file) {
				for _, m := range link.FindAllStringSubmatch(group.Text(), -1) {
					if !f.leads(m[1], symbols) {
						t.Errorf("%v: [%s] leads nowhere in %s", f.set.Position(group.Pos()), m[1], dir)
					}
				}
			}
		}
	}
}

// docComments lists the comments of a file that documentation tools read.
func docComments(file *ast.File) (groups []*ast.CommentGroup) {
	add := func(g *ast.CommentGroup) {
		if g != nil {
			groups = append(groups, g)
		}
	}
	add(file.Doc)
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			add(n.Doc)
		case *ast.GenDecl:
			add(n.Doc)
		case *ast.TypeSpec:
			add(n.Doc)
		case *ast.ValueSpec:
			add(n.Doc)
		case *ast.Field:
			add(n.Doc)
		}
		return true
	})
	return groups
}

// leads tells whether a link names a symbol of the package or of one that it
// imports. Links into other modules are taken on trust.
func (f *folder) leads(to string, symbols map[string]map[string]bool) bool {
	if c := to[0]; c >= 'A' && c <= 'Z' {
		return symbols[f.dir][to]
	}
	name, symbol, _ := strings.Cut(to, ".")
	for imported := range f.imports {
		if dir, ok := ours(imported); ok && strings.HasSuffix("/"+dir, "/"+name) {
			return symbols[dir][symbol]
		}
	}
	for dir := range symbols {
		if strings.HasSuffix("/"+dir, "/"+name) {
			return symbols[dir][symbol]
		}
	}
	return true
}

// symbols lists what links can name: types, functions, methods, fields, values.
func (f *folder) symbols() map[string]bool {
	found := make(map[string]bool)
	for _, file := range f.files {
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				name := d.Name.Name
				if d.Recv != nil {
					name = receiver(d) + "." + name
				}
				found[name] = true
			case *ast.GenDecl:
				collect(d, found)
			}
		}
	}
	return found
}

func receiver(d *ast.FuncDecl) string {
	e := d.Recv.List[0].Type
	if p, ok := e.(*ast.StarExpr); ok {
		e = p.X
	}
	if g, ok := e.(*ast.IndexExpr); ok {
		e = g.X
	}
	if id, ok := e.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

func collect(d *ast.GenDecl, found map[string]bool) {
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.ValueSpec:
			for _, id := range s.Names {
				found[id.Name] = true
			}
		case *ast.TypeSpec:
			found[s.Name.Name] = true
			var fields *ast.FieldList
			switch x := s.Type.(type) {
			case *ast.StructType:
				fields = x.Fields
			case *ast.InterfaceType:
				fields = x.Methods
			}
			if fields == nil {
				continue
			}
			for _, field := range fields.List {
				for _, id := range field.Names {
					found[s.Name.Name+"."+id.Name] = true
				}
			}
		}
	}
}

// vague words say nothing about what a thing is.
var vague = regexp.MustCompile(`Manager|Impl$|Base$|Utils?$|Helper|Common|Wrapper|[a-z]Locked$`)

func TestNamesSayWhatThingsAre(t *testing.T) {
	for _, f := range house(t) {
		for name := range f.symbols() {
			_, last, ok := strings.Cut(name, ".")
			if !ok {
				last = name
			}
			if vague.MatchString(last) {
				t.Errorf("%s: %s has a name that says nothing", f.dir, name)
			}
		}
	}
}

// Public packages stay small enough to learn; wire types of a protocol count.
func TestPublicPackagesAreSmall(t *testing.T) {
	const most = 100
	for dir, f := range house(t) {
		if f.internal() || f.name == "main" {
			continue
		}
		exported := 0
		for name := range f.symbols() {
			if !strings.Contains(name, ".") && token.IsExported(name) {
				exported++
			}
		}
		if exported > most {
			t.Errorf("%s exports %d names, at most %d can be learnt", dir, exported, most)
		}
	}
}
