package fault_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestHints compares each hint of the program with testdata/hints.txt, which says by hand
// what the hint has to name: the setting to change, the page to open, or the command to
// run. A hint that names something else fails here, whatever `make docs` has written
// elsewhere. A fault that the table doesn't contain fails, too: nobody has judged what
// people should do about it.
func TestHints(t *testing.T) {
	t.Parallel()
	judged := readJudged(t)
	used := make([]bool, len(judged))
	for _, s := range readSites(t) {
		found := false
		for i, j := range judged {
			if j.judges(s) {
				used[i], found = true, true
			}
		}
		if !found {
			t.Errorf("%s: testdata/hints.txt has no words for what people should do about this:\n%s", s.position, s)
		}
	}
	for i, j := range judged {
		if !used[i] {
			t.Errorf("testdata/hints.txt: no fault has these words and hints:\n%s", j)
		}
	}
}

// site is a place in the code that makes a fault, or only hints.
type site struct {
	position string
	judgement
}

// judgement is a site, or what the words of one have to contain.
type judgement struct {
	place string   // the package
	about string   // the code of a fault, or the name of what holds the hints
	what  string   // the sentence of the fault
	hints []string // in their order
}

func (j judgement) String() string {
	return j.place + " " + j.about + " " + j.what + "\n\t" + strings.Join(j.hints, "\n\t") + "\n"
}

func (j judgement) judges(s site) bool {
	return j.place == s.place && j.about == s.about && strings.Contains(s.what, j.what) && slices.EqualFunc(s.hints, j.hints, names)
}

// names reports whether a hint contains some words, in this order if they are separated by
// three dots.
func names(hint, words string) bool {
	for _, part := range strings.Split(words, " ... ") {
		_, after, found := strings.Cut(hint, part)
		if !found {
			return false
		}
		hint = after
	}
	return true
}

// readJudged reads the table.
func readJudged(t *testing.T) (list []judgement) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "hints.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		hint, isHint := strings.CutPrefix(line, "\t")
		switch {
		case line == "", strings.HasPrefix(line, "#"):
		case isHint && hint != "":
			last := &list[len(list)-1]
			last.hints = append(last.hints, hint)
		default:
			fields := append(strings.SplitN(line, " ", 3), "", "")
			list = append(list, judgement{place: fields[0], about: fields[1], what: fields[2]})
		}
	}
	return list
}

// sources are the parsed files of the program.
type sources struct {
	files *token.FileSet
	texts map[string]ast.Expr // constants, by package and name; those of a function by its name as well
	codes map[string]string   // IDs of faults, by the names in package fault
	fixed map[string]int      // how many parameters a function has before its hints, by package and name
	sites []site
}

// readSites finds all faults and hints in the program's code.
func readSites(t *testing.T) []site {
	t.Helper()
	s := &sources{files: token.NewFileSet(), texts: map[string]ast.Expr{}, codes: map[string]string{}, fixed: map[string]int{}}
	var parsed []*ast.File
	root := filepath.Join("..", "..")
	for _, dir := range []string{".", "internal"} {
		err := fs.WalkDir(os.DirFS(root), dir, func(name string, entry fs.DirEntry, err error) error {
			if entry.IsDir() && name != "." && (dir == "." || strings.HasSuffix(name, "test") || name == "internal/docs") {
				return fs.SkipDir // what isn't part of the program
			}
			if err != nil || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(s.files, filepath.Join(root, name), nil, parser.SkipObjectResolution)
			parsed = append(parsed, file)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range parsed {
		s.readTexts(file)
	}
	for _, file := range parsed {
		s.readFile(file)
	}
	return s.sites
}

// readTexts keeps a file's constants, and the codes of faults.
func (s *sources) readTexts(file *ast.File) {
	for _, declaration := range file.Decls {
		scope := file.Name.Name
		if f, ok := declaration.(*ast.FuncDecl); ok {
			s.readParameters(scope+" "+f.Name.Name, f.Type.Params.List)
			scope += "." + f.Name.Name
		}
		ast.Inspect(declaration, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				for i := range min(len(spec.Names), len(spec.Values)) {
					s.readText(scope, spec.Names[i].Name, spec.Values[i])
				}
			}
			return true
		})
	}
}

func (s *sources) readText(scope, name string, value ast.Expr) {
	s.texts[scope+" "+name] = value
	code, ok := value.(*ast.CompositeLit)
	if !ok || scope != "fault" || len(code.Elts) != 2 {
		return
	}
	if id, ok := code.Elts[0].(*ast.BasicLit); ok {
		s.codes[name], _ = strconv.Unquote(id.Value)
	}
}

// readParameters keeps the functions that end in a list of hints.
func (s *sources) readParameters(function string, parameters []*ast.Field) {
	count := 0
	for _, p := range parameters {
		if _, isList := p.Type.(*ast.Ellipsis); isList && isHints.MatchString(p.Names[0].Name) {
			s.fixed[function] = count
		}
		count += len(p.Names)
	}
}

// isHints matches the names of what holds hints: constants, variables, fields, and
// functions that return them.
var isHints = regexp.MustCompile(`(?i:hints?)$|^(Reach|WhereToMake|ifUnset|unset|emptyToken|gitHubSecret|callerSecrets|revokeIdentity|copyAddress|overwrite)$`)

// readFile finds the faults and hints of a file.
func (s *sources) readFile(file *ast.File) {
	for _, declaration := range file.Decls {
		r := &reader{sources: s, place: file.Name.Name, function: ""}
		if f, ok := declaration.(*ast.FuncDecl); ok {
			r.function = f.Name.Name
		}
		ast.Inspect(declaration, r.node)
	}
}

// reader reads one declaration.
type reader struct {
	*sources
	place, function string
	inside          map[ast.Node]bool // what belongs to a site that was read
}

func (r *reader) node(n ast.Node) bool {
	if r.inside[n] {
		return true
	}
	switch n := n.(type) {
	case *ast.CallExpr:
		r.call(n)
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && isHints.MatchString(key.Name) {
			r.hints(n, key.Name, n.Value)
		}
	case *ast.ValueSpec:
		for i := range min(len(n.Names), len(n.Values)) {
			if isHints.MatchString(n.Names[i].Name) {
				r.hints(n, n.Names[i].Name, n.Values[i])
			}
		}
	case *ast.AssignStmt:
		for i := range min(len(n.Lhs), len(n.Rhs)) {
			if name := lastName(n.Lhs[i]); isHints.MatchString(name) {
				r.hints(n, name, n.Rhs[i])
			}
		}
	case *ast.ReturnStmt:
		if isHints.MatchString(r.function) && len(n.Results) == 1 {
			r.hints(n, r.function, n.Results[0])
		}
	}
	return true
}

// lastName is the name of a variable or a field.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// call reads fault.New(code, what, hints…).Hint(hints…), or a part of it.
func (r *reader) call(call *ast.CallExpr) {
	found := site{judgement: judgement{place: r.place, about: "Hint"}, position: r.files.Position(call.Pos()).String()}
	var hints []ast.Expr
	for call != nil {
		r.skip(call)
		callee, _ := call.Fun.(*ast.SelectorExpr)
		name, on := lastName(call.Fun), ""
		if callee != nil {
			on = lastName(callee.X)
		}
		switch {
		case name == "Hint":
			hints = append(slices.Clone(call.Args), hints...)
		case (name == "New" || name == "Newf") && (on == "fault" || on == "" && r.place == "fault" && len(call.Args) > 1):
			found.about, found.what = r.code(call.Args[0]), r.text(call.Args[1])
			if name == "New" {
				hints = append(slices.Clone(call.Args[2:]), hints...)
			}
			r.add(found, hints)
			return
		default:
			if fixed, ok := r.fixed[r.place+" "+name]; ok {
				found.about = name
				hints = append(slices.Clone(call.Args[min(fixed, len(call.Args)):]), hints...)
			}
			if len(hints) > 0 { // of what another function returns
				r.add(found, hints)
			}
			return
		}
		call, _ = callee.X.(*ast.CallExpr)
	}
	r.add(found, hints)
}

func (r *reader) skip(n ast.Node) {
	if r.inside == nil {
		r.inside = map[ast.Node]bool{}
	}
	r.inside[n] = true
}

// hints reads texts that are used as hints, if there are any.
func (r *reader) hints(n ast.Node, name string, value ast.Expr) {
	found := site{judgement: judgement{place: r.place, about: name}, position: r.files.Position(n.Pos()).String()}
	if known, ok := r.texts[r.place+" "+lastName(value)]; ok {
		value = known
	}
	list := []ast.Expr{value}
	if call, ok := value.(*ast.CallExpr); ok && lastName(call.Fun) == "append" {
		list = call.Args
	}
	var hints []ast.Expr
	for _, e := range list {
		switch e := e.(type) {
		case *ast.CompositeLit:
			hints = append(hints, e.Elts...)
		case *ast.BasicLit, *ast.BinaryExpr:
			hints = append(hints, e)
		}
	}
	if text, ok := value.(*ast.BasicLit); len(hints) > 0 && (!ok || text.Value != `""`) {
		r.add(found, hints)
	}
}

func (r *reader) add(found site, hints []ast.Expr) {
	for _, e := range hints {
		found.hints = append(found.hints, r.text(e))
	}
	r.sites = append(r.sites, found)
}

// code is the ID of a fault's code, or how the program gets the code.
func (r *reader) code(e ast.Expr) string {
	if id, ok := r.codes[lastName(e)]; ok {
		return id
	}
	return strings.ReplaceAll(types.ExprString(e), " ", "")
}

// text is a text as far as it is constant. An expression takes the place of what isn't.
func (r *reader) text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return text
		}
	case *ast.BinaryExpr:
		return r.text(e.X) + r.text(e.Y)
	case *ast.Ident:
		return r.constant(e, r.place+"."+r.function+" "+e.Name, r.place+" "+e.Name)
	case *ast.SelectorExpr:
		return r.constant(e, lastName(e.X)+" "+e.Sel.Name)
	case *ast.CallExpr:
		if lastName(e.Fun) == "Sprintf" {
			return r.text(e.Args[0])
		}
	}
	return fmt.Sprintf("‹%s›", types.ExprString(e))
}

// constant is the text of the first of these names that is a constant.
func (r *reader) constant(e ast.Expr, names ...string) string {
	for _, name := range names {
		if value, ok := r.texts[name]; ok {
			switch value.(type) {
			case *ast.BasicLit, *ast.BinaryExpr:
				return r.text(value)
			}
		}
	}
	return fmt.Sprintf("‹%s›", types.ExprString(e))
}
