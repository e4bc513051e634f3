//go:build linux

package release

import (
	"bufio"
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
)

// TestRelease runs the scripts of a release with a registry and a file server on
// this machine instead of the public ones.
func TestRelease(t *testing.T) {
	t.Parallel()
	const version = "v1.2.3"
	one := e2etest.CopyTree(t)
	useThisGo(t, one)
	other := filepath.Join(t.TempDir(), "another folder, with a longer name")
	if err := os.CopyFS(other, os.DirFS(one)); err != nil {
		t.Fatal(err)
	}
	parts := getParts(t)
	dist := filepath.Join(one, "dist")
	script(t, one, "build", version, dist)
	script(t, other, "build", version, filepath.Join(other, "dist"))

	t.Run("the same twice", func(t *testing.T) {
		first, second := digests(t, dist), digests(t, filepath.Join(other, "dist"))
		if !maps.Equal(first, second) {
			t.Errorf("two builds differ: %v and %v", first, second)
		}
		for _, name := range []string{
			"bitbucket-auth_linux_amd64", "bitbucket-auth_linux_amd64.gz", "bitbucket-auth_linux_arm64",
			"bitbucket-auth.spdx.json", "bitbucket-auth-shell.spdx.json", "bitbucket-auth-mirror.spdx.json",
			"SHA256SUMS", "DIGESTS", "LICENSES.txt", "image/index.json", "image-shell/index.json", "image-mirror/index.json",
		} {
			if first[name] == "" {
				t.Errorf("the build produced no %s", name)
			}
		}
		t.Logf("the digests are\n%s", e2etest.ReadFile(t, filepath.Join(dist, "DIGESTS")))
	})

	t.Run("contents", func(t *testing.T) {
		shell := []string{"base-files", "busybox-static"}
		checkSBOM(t, filepath.Join(dist, "bitbucket-auth.spdx.json"), version)
		checkSBOM(t, filepath.Join(dist, "bitbucket-auth-shell.spdx.json"), version, debianURLs(t, parts, shell...)...)
		checkMirrorContents(t, dist, parts, version)
		checkLicenses(t, filepath.Join(dist, "LICENSES.txt"), filepath.Join(dist, "bitbucket-auth_linux_amd64"), "Mozilla Public License", "Apache License")
		checkLicenses(t, filepath.Join(parts, "git-lfs.licenses"), filepath.Join(parts, "git-lfs_amd64"))
	})

	t.Run("published", func(t *testing.T) {
		t.Parallel()
		e2etest.NeedEngine(t)
		repository := startRegistry(t) + "/bitbucket-auth"
		pushed := map[string]string{}
		for line := range strings.Lines(script(t, one, "push", version, repository, dist)) {
			name, digest, _ := strings.Cut(strings.TrimSpace(line), "=")
			pushed[name] = repository + map[bool]string{true: "-mirror"}[name == "image-mirror"] + "@" + digest
		}
		for _, image := range pushed {
			t.Cleanup(func() { e2etest.Docker(t, "image", "rm", image) })
			script(t, one, "verify", version, image)
		}

		t.Run("with a shell", func(t *testing.T) { checkShell(t, pushed["image-shell"]) })
		t.Run("the mirror's", func(t *testing.T) { checkMirrorImage(t, pushed["image-mirror"]) })
		t.Run("as the Dockerfile's", func(t *testing.T) {
			built := e2etest.Classic.Build(t, one, "--build-arg", "VERSION="+version)
			checkEqualImages(t, pushed["image"], built, filepath.Join(dist, "bitbucket-auth_linux_"+runtime.GOARCH))
		})
		t.Run("pinned", func(t *testing.T) { checkReleaseCommit(t, version, pushed["image"], dist) })
	})

	t.Run("the action without a container", func(t *testing.T) {
		t.Parallel()
		testBinaryAction(t, dist)
	})
}

// useThisGo makes the version of Go that runs here the one that releases of a tree
// need.
func useThisGo(t *testing.T, tree string) {
	t.Helper()
	nameGo(t, tree, runtime.Version())
}

func nameGo(t *testing.T, tree, version string) {
	t.Helper()
	if text, err := exec.Command("go", "mod", "edit", "-toolchain="+version, filepath.Join(tree, "go.mod")).CombinedOutput(); err != nil {
		t.Fatalf("go mod edit: %v\n%s", err, text)
	}
}

// A release is built by the version of Go that go.mod names, and by no other.
func TestReleaseGoVersion(t *testing.T) {
	t.Parallel()
	tree := e2etest.CopyTree(t)
	for _, version := range []string{runtime.Version() + "9", "go1.26.0"} {
		nameGo(t, tree, version)
		if _, err := tryScript(tree, "build", "v1.2.3", filepath.Join(tree, "dist")); err == nil || !strings.Contains(err.Error(), "go.mod names "+version) {
			t.Errorf("go.mod names %s: %v", version, err)
		}
	}
	if built, err := filepath.Glob(filepath.Join(tree, "dist/*")); len(built) > 0 {
		t.Errorf("it built %q: %v", built, err)
	}
}

// script runs a script of scripts/release in a tree, and returns its output.
func script(t *testing.T, tree, name string, args ...string) string {
	t.Helper()
	text, err := tryScript(tree, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func tryScript(tree, name string, args ...string) (string, error) {
	var stderr bytes.Buffer
	path, err := filepath.Abs(filepath.Join(tree, "scripts/release", name))
	if err != nil {
		return "", err
	}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stderr = tree, &stderr
	cmd.Env = append(os.Environ(), "PLATFORMS=linux/amd64 linux/arm64", "PARTS="+partsFolder())
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("scripts/release/%s: %w\n%s%s", name, err, text, stderr.Bytes())
	}
	return string(text), nil
}

// partsFolder is the absolute path of what scripts/parts fills.
func partsFolder() string {
	dir, err := filepath.Abs(filepath.Join(e2etest.Root(), ".bin/parts"))
	if err != nil {
		panic(err)
	}
	return dir
}

// fillParts downloads the images' parts, once.
var fillParts = sync.OnceValue(func() error {
	text, err := exec.Command(filepath.Join(e2etest.Root(), "scripts/parts")).CombinedOutput()
	if err != nil {
		return fmt.Errorf("scripts/parts: %w\n%s", err, text)
	}
	return nil
})

// getParts returns the folder with the images' parts.
func getParts(t *testing.T) string {
	t.Helper()
	if err := fillParts(); err != nil {
		e2etest.Skip(t, err)
	}
	return partsFolder()
}

// digests are the digests of all files in a folder, by name.
func digests(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		found[name] = e2etest.Hash(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// debianURLs are the package URLs of Debian's packages. They are in the lists once
// for each version: it may differ between architectures in the number of a rebuild.
func debianURLs(t *testing.T, parts string, names ...string) []string {
	t.Helper()
	var urls []string
	for _, architecture := range []string{"amd64", "arm64"} {
		for _, name := range names {
			control := e2etest.ReadFile(t, filepath.Join(parts, "debian", architecture, name+".control"))
			version := regexp.MustCompile(`(?m)^Version: (.+)$`).FindStringSubmatch(control)
			if url := "pkg:deb/debian/" + name + "@" + url.QueryEscape(version[1]); !slices.Contains(urls, url) {
				urls = append(urls, url)
			}
		}
	}
	return urls
}

// checkSBOM requires a list of exactly what an image contains: the program's
// modules, the CA certificates, and more.
func checkSBOM(t *testing.T, path, version string, more ...string) {
	t.Helper()
	var list struct {
		SPDXVersion string
		Packages    []struct {
			Name         string
			VersionInfo  string
			ExternalRefs []struct{ ReferenceLocator string }
		}
		Relationships []struct{ SpdxElementID, RelatedSpdxElement string }
	}
	if err := json.Unmarshal([]byte(e2etest.ReadFile(t, path)), &list); err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(filepath.Join(filepath.Dir(path), "bitbucket-auth_linux_amd64"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"pkg:golang/" + info.Main.Path + "@" + version}
	for _, module := range info.Deps {
		want = append(want, "pkg:golang/"+module.Path+"@"+module.Version)
	}
	certificates := regexp.MustCompile(`(golang\.org/x/crypto/x509roots/fallback) (v\S+)`).
		FindStringSubmatch(e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "tools/image/go.mod")))
	want = append(want, "pkg:golang/stdlib@"+strings.TrimPrefix(info.GoVersion, "go"), "pkg:golang/"+certificates[1]+"@"+certificates[2])
	want = append(want, more...)
	var got []string
	for _, p := range list.Packages {
		for _, reference := range p.ExternalRefs {
			got = append(got, reference.ReferenceLocator)
		}
	}
	if list.SPDXVersion != "SPDX-2.3" || !slices.Equal(got, want) || len(list.Relationships) != len(want) {
		t.Errorf("%s lists %q, want %q", list.SPDXVersion, got, want)
	}
}

// startRegistry starts a container registry on the loopback address, for which
// Docker requires no TLS, and returns its address.
func startRegistry(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "registry")
	build := exec.Command("go", "-C", filepath.Join(e2etest.Root(), "tools/image"), "build", "-o", program,
		"github.com/google/go-containerregistry/cmd/registry")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	cmd := exec.Command(program, "-port", "0")
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewReader(log)
	line, err := lines.ReadString('\n')
	port := regexp.MustCompile(`serving on port (\d+)`).FindStringSubmatch(line)
	if err != nil || port == nil {
		t.Fatalf("the registry says %q: %v", line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return "localhost:" + port[1]
}

// checkShell requires what CI hosts need in a job's image.
func checkShell(t *testing.T, image string) {
	t.Helper()
	s, err := e2etest.Documented("api-token")
	if err != nil {
		t.Fatal(err)
	}
	// Like GitLab's runner: a shell that reads the job's script.
	cmd := exec.Command("docker", "run", "--rm", "-i", "--label", e2etest.Label, "--network", "none", "-e", "BITBUCKET_AUTH_TOKEN", "-e", "BITBUCKET_AUTH_IDENTITY", image, "sh")
	cmd.Env = append(e2etest.ClientEnvironment(), "BITBUCKET_AUTH_TOKEN="+s.Token, "BITBUCKET_AUTH_IDENTITY="+s.Identity)
	cmd.Stdin = strings.NewReader(`set -eu
for applet in env tail tar find sh mkdir cat; do command -v "$applet" >/dev/null; done
for applet in /bin/*; do [ -x "$applet" ] || echo "$applet can't be run"; done
/bin/busybox --list >/tmp/known
for applet in /bin/*; do grep -qxF "${applet##*/}" /tmp/known || echo "busybox has no $applet"; done
[ "$(id -u)" = 0 ] && [ -w /tmp ]
cd "$(mktemp -d)" && echo text >file && tar -cf t file && tar -tf t >/dev/null && [ "$(find . -name file)" = ./file ]
eval "$(bitbucket-auth --shell 2>/dev/null)"
echo "$BITBUCKET_CREDENTIAL"
`)
	text, err := cmd.CombinedOutput()
	if got := strings.TrimSpace(string(text)); err != nil || got != s.Credential {
		t.Errorf("%v: the shell prints %q, want %q", err, got, s.Credential)
	}
}

func imageFiles(t *testing.T, image string) map[string]e2etest.TarFile {
	t.Helper()
	files := map[string]e2etest.TarFile{}
	for _, layer := range e2etest.Layers(t, image) {
		maps.Copy(files, e2etest.ReadTar(t, layer))
	}
	return files
}

// checkEqualImages compares the image that a release assembles with the one that
// the Dockerfile builds. They may differ only in whose copy of Mozilla's CA
// certificates they contain.
func checkEqualImages(t *testing.T, released, built, program string) {
	t.Helper()
	config := func(image string) string {
		return e2etest.Docker(t, "image", "inspect", "--format",
			"{{json .Config.Entrypoint}} {{json .Config.Cmd}} {{json .Config.Env}} user {{json .Config.User}} {{json .Config.WorkingDir}} {{json .Config.Volumes}} {{json .Config.ExposedPorts}}", image)
	}
	if got, want := config(released), config(built); got != want {
		t.Errorf("the release's image is configured as %s, the Dockerfile's as %s", got, want)
	}
	got, want := imageFiles(t, released), imageFiles(t, built)
	names := slices.Sorted(maps.Keys(got))
	if !slices.Equal(names, slices.Sorted(maps.Keys(want))) {
		t.Fatalf("the release's image contains %q, the Dockerfile's %q", names, slices.Sorted(maps.Keys(want)))
	}
	for name, file := range got {
		if file, other := fmt.Sprint(file.Type, file.Mode, file.UID, file.GID, file.Link), fmt.Sprint(
			want[name].Type, want[name].Mode, want[name].UID, want[name].GID, want[name].Link); file != other {
			t.Errorf("%s is %s in the release's image, %s in the Dockerfile's", name, file, other)
		}
		if name == "etc/ssl/cert.pem" && !bytes.Contains(file.Text, []byte("-----BEGIN CERTIFICATE-----")) {
			t.Errorf("%s contains no certificate", name)
		}
	}
	text := got["bitbucket-auth"].Text
	if !bytes.Equal(text, []byte(e2etest.ReadFile(t, program))) {
		t.Error("the program in the release's image differs from the released program")
	}
	goOf := func(text []byte) string {
		info, err := buildinfo.Read(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return info.GoVersion
	}
	// The Dockerfile uses the latest patch of Go, a release a fixed one.
	other := want["bitbucket-auth"].Text
	if goOf(text) != goOf(other) {
		t.Logf("the programs aren't compared: one is built with %s, the other with %s", goOf(text), goOf(other))
	} else if !bytes.Equal(text, other) {
		t.Error("the two images contain different programs")
	}
}

// checkReleaseCommit creates the commit that users run: it names images by their
// digests, and changes nothing else.
func checkReleaseCommit(t *testing.T, version, image, dist string) {
	t.Helper()
	tree := e2etest.CopyTree(t)
	const hosts = "ghcr.io/seed-e1d06701/bitbucket-auth"
	e2etest.WriteFile(t, filepath.Join(tree, "templates/e2e.yml"), fmt.Sprintf("- %[1]s:v1.0.0\n- %[1]s:v1.0.0-shell\n- %[1]s-mirror:v1.0.0\n", hosts))
	e2etest.WriteFile(t, filepath.Join(tree, "hosts/e2e/e2e.md"), hosts+":v1.0.0\n")
	e2etest.Commit(t, tree)
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", tree}, args...)...)
		text, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, text)
		}
		return strings.TrimSpace(string(text))
	}
	url := "https://example.com/releases/" + version
	id := strings.TrimSpace(script(t, tree, "commit", version, image, dist, url))
	if got := git("rev-parse", "refs/tags/"+version); got != id {
		t.Errorf("the tag is on %s, the commit is %s", got, id)
	}
	// Besides these, files for other hosts that name an image by its tag.
	for name := range strings.SplitSeq(git("diff", "--name-only", "HEAD~", "HEAD"), "\n") {
		inHosts := strings.HasPrefix(name, "templates/") || strings.HasPrefix(name, "hosts/") && !strings.HasSuffix(name, ".md")
		if !inHosts && !slices.Contains([]string{"action.yml", "binary/release", "scripts/release/image-size"}, name) {
			t.Errorf("the commit changes %s", name)
		}
	}
	repository, _, _ := strings.Cut(image, "@")
	digests := map[string]string{}
	for line := range strings.Lines(e2etest.ReadFile(t, filepath.Join(dist, "DIGESTS"))) {
		digest, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		digests[name] = digest
	}
	pinned := fmt.Sprintf("- %s\n- %s@%s\n- %s-mirror@%s\n", image, repository, digests["image-shell"], repository, digests["image-mirror"])
	if got := e2etest.ReadFile(t, filepath.Join(tree, "templates/e2e.yml")); got != pinned {
		t.Errorf("a file for another host names %q, want %q", got, pinned)
	}
	var changed []string
	for line := range strings.Lines(git("diff", "--unified=0", "HEAD~", "HEAD", "--", "action.yml")) {
		if strings.HasPrefix(line, "+ ") || strings.HasPrefix(line, "- ") {
			changed = append(changed, strings.TrimSpace(line))
		}
	}
	if want := []string{"-  image: Dockerfile", "+  image: docker://" + image}; !slices.Equal(changed, want) {
		t.Errorf("action.yml changes in %q, want %q", changed, want)
	}
	want := url + "\n" + e2etest.ReadFile(t, filepath.Join(dist, "SHA256SUMS"))
	if got := e2etest.ReadFile(t, filepath.Join(tree, "binary/release")); got != want {
		t.Errorf("binary/release is %q, want %q", got, want)
	}
	orb := e2etest.ReadFile(t, filepath.Join(tree, "hosts/circleci/src/@orb.yml"))
	if list := regexp.MustCompile("(?m)^").ReplaceAllString(strings.TrimSuffix(want, "\n"), "            "); !strings.Contains(orb, "'RELEASE'\n"+list+"\n            RELEASE\n") {
		t.Errorf("the orb has no list of programs:\n%s", orb)
	}
	record := e2etest.ReadFile(t, filepath.Join(tree, "scripts/release/image-size"))
	var files, download int
	if _, err := fmt.Sscanf(record, "files %d\ndownload %d\n", &files, &download); err != nil || download < 1<<20 || files < 2*download {
		t.Errorf("the size of the image is recorded as %q: %v", record, err)
	}
	// A second time, and with invalid arguments: nothing may change.
	for _, args := range [][]string{
		{version, image, dist, url},
		{"1.2", image, dist, url},
		{"v1.2.4", strings.Replace(image, "@sha256:", ":v1.2.3@sha1:", 1), dist, url},
	} {
		if _, err := tryScript(tree, "commit", args...); err == nil || git("rev-parse", "HEAD") != id {
			t.Errorf("scripts/release/commit accepts %q: %v", args, err)
		}
	}
	if _, err := tryScript(tree, "check", version); err == nil {
		t.Error("scripts/release/check accepts an existing tag")
	}
}
