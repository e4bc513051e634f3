package scripts

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/temptest"
)

const (
	publishedImage = "ghcr.io/seed-e1d06701/bitbucket-auth"
	releasedImage  = "registry.example.com/me/project"
)

// A version is released only if it is new, if the change log describes it, and if it
// doesn't move the major tag backwards.
func TestReleaseCheck(t *testing.T) {
	t.Parallel()
	tree := newTree(t, map[string]string{
		"CHANGELOG.md":               "# Changes\n\n## 2.0.0\n\n- two\n\n## 1.10.0\n\n- ten\n\n- more\n\n## 1.9.1 (2026-01-02)\n\n- nine\n\n## 1.2.3\n",
		"scripts/release/image-size": "files 1\ndownload 1\n",
	}, "check", "notes")
	if said, err := tree.run("check", "v1.9.0"); err == nil || said != "" {
		t.Errorf("without a section: %q, %v", said, err)
	}
	// Before the first release, its sizes are whatever the file says.
	if said, err := tree.run("check", "v1.9.1"); err != nil || said != "" {
		t.Errorf("a first release: %q, %v", said, err)
	}
	tree.git("tag", "v1.9.0")
	tree.git("tag", "v1.9.1-rc.1") // A later rehearsal stops no release.
	for _, version := range []string{"v1.9.1", "v1.10.0", "v2.0.0", "v0.0.0-rc.1", "v1.9.1-rc.2", "v1.11.0-rc.12"} {
		if said, err := tree.run("check", version); err != nil || said != "" {
			t.Errorf("%s: %q, %v", version, said, err)
		}
	}
	for version, reason := range map[string]string{
		"1.10.0": "isn't a version", "v1": "isn't a version", "v1.10.0-rc1": "isn't a version", "main": "isn't a version",
		"v1.10.0-beta.1": "isn't a version", "v1.9.1-rc.1": "the tag v1.9.1-rc.1 already exists", "v1.9.0-rc.2": "v1.9.0 already exists", "v1.8.9-rc.1": "would move v1 backwards",
		"v1.9.0": "already exists", "v1.2.3": "v1.9.0 has been released; v1.2.3 would move v1 backwards", "v1.8.9": "backwards", "v3.0.0": "CHANGELOG.md has no section for v3.0.0",
		"v1.10": "isn't a version", "v1.10.0x": "isn't a version", "xv1.10.0": "isn't a version", "": "usage: ",
	} {
		tree.refuses(reason, "check", version)
	}
	if got, err := tree.run("notes", "v1.10.0"); got != "- ten\n\n- more\n\n" || err != nil {
		t.Errorf("the notes of the release are %q, %v", got, err)
	}
	if got, err := tree.run("notes", "v1.9.1"); got != "- nine\n\n" || err != nil {
		t.Errorf("the notes of a release with a date are %q, %v", got, err)
	}
	if got, err := tree.run("notes", "v1.10.0-rc.1"); got != "A rehearsal of a release. Don't use it.\n" || err != nil {
		t.Errorf("the notes of a rehearsal are %q, %v", got, err)
	}
	writeIn(t, tree.dir, "a file", "")
	tree.refuses("the working tree has changes", "check", "v1.10.0")
	tree.git("clean", "--quiet", "--force")
	// The sizes on main must be those of the last release.
	writeIn(t, tree.dir, "scripts/release/image-size", "files 2\ndownload 2\n")
	tree.git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--all", "--message", "Change the sizes")
	tree.refuses("scripts/release/image-size isn't that of the last release; run git checkout v1.9.0 -- scripts/release/image-size, and commit", "check", "v1.10.0")
}

// The commit of a release names the images by their digests and the programs by their
// checksums, and is tagged. Nothing else changes.
func TestReleaseCommit(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip(err)
	}
	digest := func(digit string) string { return "sha256:" + strings.Repeat(digit, 64) }
	image, url := releasedImage+"@"+digest("1"), "https://example.com/releases/v1.2.3"
	sums := strings.Repeat("a", 64) + "  bitbucket-auth_linux_amd64\n" + strings.Repeat("b", 64) + "  bitbucket-auth_linux_arm64\n"
	names := fmt.Sprintf("- %[1]s:v1.0.0\n- %[1]s:v1.10.0-shell\n- %[1]s-mirror:v1.0.12\n", publishedImage)
	pinned := fmt.Sprintf("- %s\n- %s@%s\n- %s-mirror@%s\n", image, releasedImage, digest("2"), releasedImage, digest("3"))
	orb := func(list string) string {
		return "  - " + publishedImage + "@1.0.0\n            cat \\<<'RELEASE'\n" + list + "            RELEASE\n"
	}
	before := map[string]string{
		"action.yml": "runs:\n  using: docker\n  image: Dockerfile\n  other:\n    image: Dockerfile\n", "README.md": names, "binary/get": "",
		"templates/a.yml": names, "hosts/azure-pipelines/a.yml": names, "hosts/woodpecker/a/docs.md": names,
		"hosts/circleci/src/@orb.yml": orb(""), "scripts/release/image-size": "files 1\ndownload 1\n",
	}
	after := map[string]string{
		"action.yml":      "runs:\n  using: docker\n  image: docker://" + image + "\n  other:\n    image: Dockerfile\n",
		"templates/a.yml": pinned, "hosts/azure-pipelines/a.yml": pinned, "binary/release": url + "\n" + sums,
		"hosts/circleci/src/@orb.yml": orb("            " + url + "\n            " + strings.ReplaceAll(strings.TrimSuffix(sums, "\n"), "\n", "\n            ") + "\n"),
	}
	layer := layerOf(t, "12345", "67")
	dist := filepath.Join(t.TempDir(), "a folder")
	for name, text := range map[string]string{
		"SHA256SUMS":                 sums,
		"DIGESTS":                    digest("1") + "  image\n" + digest("2") + "  image-shell\n" + digest("3") + "  image-mirror\n",
		"image/index.json":           `{"manifests": [{"digest": "sha256:index"}]}`,
		"image/blobs/sha256/index":   `{"manifests": [{"digest": "sha256:other", "platform": {"architecture": "arm64"}}, {"digest": "sha256:main", "platform": {"architecture": "amd64"}}]}`,
		"image/blobs/sha256/other":   `{"layers": [{"digest": "sha256:main"}]}`,
		"image/blobs/sha256/main":    `{"layers": [{"digest": "sha256:layer"}, {"digest": "sha256:main"}]}`,
		"image/blobs/sha256/layer":   layer,
		"image-shell/index.json":     "{}",
		"bitbucket-auth_linux_amd64": "the program",
	} {
		writeIn(t, dist, name, text)
	}
	after["scripts/release/image-size"] = fmt.Sprintf("files 7\ndownload %d\n", len(layer))
	for _, version := range []string{"v1.2.3", "v1.20.3-rc.12"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			tree := newTree(t, before, "commit")
			id := tree.git("rev-parse", "HEAD")
			if version == "v1.2.3" { // What it refuses changes nothing.
				writeIn(t, tree.dir, "untracked", "")
				tree.refuses("has changes", "commit", version, image, dist, url)
				tree.git("clean", "--quiet", "--force")
				for says, args := range map[string][]string{
					"usage: ":                               {version, image, dist},
					"1.2.3 isn't a version such as v1.2.3":  {"1.2.3", image, dist, url},
					"v1.2.3x isn't a version":               {"v1.2.3x", image, dist, url},
					"xv1.2.3 isn't a version":               {"xv1.2.3", image, dist, url},
					"v1.2 isn't a version":                  {"v1.2", image, dist, url},
					"-beta.1 isn't a version":               {"v1.2.3-beta.1", image, dist, url},
					":v1.2.3 doesn't name an image":         {version, releasedImage + ":v1.2.3", dist, url},
					"0 doesn't name an image by its digest": {version, image + "0", dist, url},
				} {
					tree.refuses(says, "commit", args...)
				}
			}
			said, err := tree.run("commit", version, image, dist, url)
			if err != nil {
				t.Fatal(err)
			}
			if head := tree.git("rev-parse", "HEAD"); said != head+"\n" || tree.git("rev-parse", "refs/tags/"+version) != head || tree.git("rev-parse", "HEAD~") != id {
				t.Errorf("it prints %q, and the commit is %s", said, head)
			}
			if got := tree.git("log", "-1", "--format=%s, %an <%ae>"); got != "Release "+version+", github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>" {
				t.Errorf("the commit is %q", got)
			}
			if left := tree.git("status", "--porcelain"); left != "" {
				t.Errorf("it leaves %q", left)
			}
			changed := strings.Split(tree.git("diff", "--name-only", "HEAD~", "HEAD"), "\n")
			if len(changed) != len(after) {
				t.Errorf("it changes %q", changed)
			}
			for name, want := range after {
				if got := e2etest.ReadFile(t, filepath.Join(tree.dir, name)); got != want {
					t.Errorf("%s is\n%s, want\n%s", name, got, want)
				}
			}
			tree.refuses("action.yml already names an image", "commit", "v1.2.4", image, dist, url)
		})
	}
}

// A release pushes each image under its own name, and only if the registry then has what
// was built.
func TestReleasePush(t *testing.T) {
	t.Parallel()
	tree := newTree(t, map[string]string{
		"tools/image/go.mod": "", "DIST/DIGESTS": "sha256:1  image\nsha256:2  image-shell\nsha256:3  image-mirror\n",
		// Its last argument is the name of the image.
		"bin/go": `#!/bin/sh
echo "$*" >>"$LOG"
case $* in
*v9*) echo sha256:0 ;;
*:v1.2.3-shell) echo sha256:2 ;;
*-mirror:v1.2.3) echo sha256:3 ;;
*) echo sha256:1 ;;
esac
`,
	}, "push")
	dist := filepath.Join(tree.dir, "DIST")
	said, err := tree.run("push", "v1.2.3", "example.com/a", dist)
	if want := "image=sha256:1\nimage-shell=sha256:2\nimage-mirror=sha256:3\n"; err != nil || said != want {
		t.Errorf("%v, it prints %q, want %q", err, said, want)
	}
	push := "-C " + tree.dir + "/tools/image run . push " + dist + "/"
	if got, want := e2etest.ReadFile(t, tree.log), push+"image example.com/a:v1.2.3\n"+push+"image-shell example.com/a:v1.2.3-shell\n"+push+"image-mirror example.com/a-mirror:v1.2.3\n"; got != want {
		t.Errorf("it runs go with\n%s, want\n%s", got, want)
	}
	if said, err := tree.run("push", "v9.0.0", "example.com/a", dist); err == nil || said != "" {
		t.Errorf("another digest: %v, %q", err, said)
	}
	tree.refuses("usage: ", "push", "v1.2.3", "example.com/a")
}

// A published image must be of the version, and encode the documented sample.
func TestReleaseVerify(t *testing.T) {
	t.Parallel()
	tree := newTree(t, map[string]string{
		"internal/credential/testdata/documented.json": e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "internal/credential/testdata/documented.json")),
		"bin/docker": `#!/bin/sh
echo "$*|${BITBUCKET_AUTH_TOKEN-}|${BITBUCKET_AUTH_IDENTITY-}" >>"$LOG"
case $* in
*--version) echo "bitbucket-auth v1.2.3" ;;
*other*--shell) echo "BITBUCKET_CREDENTIAL='another'" ;;
*nothing*--shell) ;;
*--shell) echo "BITBUCKET_CREDENTIAL='$(printf '%s' "$BITBUCKET_AUTH_IDENTITY:$BITBUCKET_AUTH_TOKEN" | base64 --wrap 0)'" ;;
esac
`,
	}, "verify")
	if said, err := tree.run("verify", "v1.2.3", "example.com/a@sha256:1"); err != nil || !strings.HasSuffix(said, "example.com/a@sha256:1 is v1.2.3 and encodes the documented sample correctly\n") {
		t.Errorf("%v, it prints %q", err, said)
	}
	const run = "run --rm --network none --entrypoint /bitbucket-auth -e BITBUCKET_AUTH_TOKEN -e BITBUCKET_AUTH_IDENTITY example.com/a@sha256:1 "
	log := strings.Split(e2etest.ReadFile(t, tree.log), "\n")
	if len(log) != 4 || log[0] != "pull --quiet example.com/a@sha256:1||" || log[1] != run+"--version||" || !strings.HasPrefix(log[2], run+"--shell|") {
		t.Errorf("docker got %q", log)
	}
	tree.refuses("the output of --version is bitbucket-auth v1.2.3 instead of bitbucket-auth v1.2.4", "verify", "v1.2.4", "example.com/a@sha256:1")
	tree.refuses("the sample's credential is another instead of ", "verify", "v1.2.3", "example.com/other@sha256:1")
	tree.refuses("the sample's credential is  instead of ", "verify", "v1.2.3", "example.com/nothing@sha256:1")
	tree.refuses("usage: ", "verify", "v1.2.3")
}

// A release has a program for each platform, also compressed, and their checksums. The
// machine's own settings of Go change none of them.
func TestReleaseBuild(t *testing.T) {
	t.Parallel()
	tree := newTree(t, map[string]string{
		"go.mod": "module x\n\ngo 1.26.0\n\ntoolchain go1.26.99\n", "scripts/release/images": "#!/bin/sh\necho \"$*\" >\"$LOG\"\n",
		"bin/go": "#!/bin/sh\n[ \"$GOTOOLCHAIN $*\" = 'local env GOVERSION' ] && echo \"${VERSION_OF_GO:-go1.26.99}\"\n",
		"bin/make": `#!/bin/sh
for word; do case $word in OUT=*) out=${word#OUT=} ;; esac; done
echo "$1 $2 $4 $5 $GOOS/$GOARCH $GOFLAGS $GOAMD64 $GOARM64 $GOFIPS140 $GOWORK ${GOEXPERIMENT-}" >"$out"
`,
	}, "build")
	tree.env = []string{"GOFLAGS=-mod=mod", "GOAMD64=v3", "GOARM64=v9.0", "GOFIPS140=latest", "GOWORK=/nowhere", "GOEXPERIMENT=x"}
	dist := filepath.Join(tree.dir, "a/dist")
	for _, name := range []string{"bitbucket-auth_old.gz", "SHA256SUMS"} {
		writeIn(t, dist, name, "of an earlier build\n")
	}
	if said, err := tree.run("build", "v1.2.3", dist); err != nil || said != "" {
		t.Fatalf("%v, it prints %q", err, said)
	}
	var want []string
	var sums string
	for _, platform := range []string{"darwin/amd64", "darwin/arm64", "linux/amd64", "linux/arm64", "windows/amd64", "windows/arm64"} {
		name := "bitbucket-auth_" + strings.Replace(platform, "/", "_", 1)
		if strings.HasPrefix(platform, "windows") {
			name += ".exe"
		}
		want = append(want, name, name+".gz")
		text := e2etest.ReadFile(t, filepath.Join(dist, name))
		if text != "--silent -C binary VERSION=v1.2.3 "+platform+" -mod=readonly v1 v8.0 off off \n" {
			t.Errorf("%s is built with %q", name, text)
		}
		sums += fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(text)), name)
		// Without the time and the name of a file, which would differ (RFC 1952, 2.3).
		compressed := e2etest.ReadFile(t, filepath.Join(dist, name+".gz"))
		if again := string(e2etest.Gunzipped(t, []byte(compressed))); again != text || compressed[3:9] != "\x00\x00\x00\x00\x00\x02" {
			t.Errorf("%s.gz begins with %q, and contains %q", name, compressed[:10], again)
		}
	}
	if got := e2etest.ReadFile(t, filepath.Join(dist, "SHA256SUMS")); got != sums {
		t.Errorf("the checksums are\n%s, want\n%s", got, sums)
	}
	entries, err := os.ReadDir(dist)
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	slices.Sort(want)
	if want = append([]string{"SHA256SUMS"}, want...); err != nil || !slices.Equal(got, want) {
		t.Errorf("it builds %q, want %q, %v", got, want, err)
	}
	if got := e2etest.ReadFile(t, tree.log); got != "v1.2.3 "+dist+"\n" {
		t.Errorf("the images are made with %q", got)
	}
	tree.env = []string{"VERSION_OF_GO=go1.26.9"}
	tree.refuses("this is go1.26.9, but go.mod names go1.26.99", "build", "v1.2.3", dist)
	tree.refuses("usage: ", "build", "v1.2.3")
}

// Files for other hosts are released under names that say for which host they are.
func TestReleaseFiles(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"templates/a b.yml": "gitlab-a b.yml", "hosts/circleci/src/@orb.yml": "circleci-orb.yml",
		"hosts/azure-pipelines/mirror.yml": "azure-pipelines-mirror.yml", "hosts/circleci/docs.md": "", "templates/a.md": "",
	}
	tree := newTree(t, files, "files")
	dir := filepath.Join(tree.dir, "a/folder")
	if _, err := tree.run("files", dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("it copies %v, %v", entries, err)
	}
	for _, entry := range entries {
		if got := e2etest.ReadFile(t, filepath.Join(dir, entry.Name())); got != entry.Name() {
			t.Errorf("%s is what should be %s", entry.Name(), got)
		}
	}
	tree.refuses("usage: ", "files")
	// Two files of one name: the release would have only one of them.
	writeIn(t, tree.dir, "hosts/circleci/orb.yml", "another")
	tree.git("add", "hosts")
	tree.refuses("two files become ", "files", t.TempDir())
}

// tree is a repository with scripts of a release, and with programs in its folder bin,
// which come first in PATH. They write to a log.
type tree struct {
	t        *testing.T
	dir, log string
	env      []string
}

func newTree(t *testing.T, files map[string]string, scripts ...string) *tree {
	t.Helper()
	tr := &tree{t: t, dir: filepath.Join(t.TempDir(), "a folder", "repository")}
	tr.log = tr.dir + ".log"
	for name, text := range files {
		writeIn(t, tr.dir, name, text)
	}
	for _, name := range append(scripts, "../need-gnu") {
		writeIn(t, tr.dir, "scripts/release/"+name, e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "scripts/release", name)))
	}
	tr.git("init", "--quiet")
	tr.git("add", "--all")
	tr.git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message", "Start")
	return tr
}

func (tr *tree) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = append([]string{
		"PATH=" + filepath.Join(tr.dir, "bin") + ":" + os.Getenv("PATH"), "HOME=" + tr.dir, "GIT_CONFIG_NOSYSTEM=1", "LOG=" + tr.log, "TMPDIR=" + os.TempDir(),
	}, tr.env...)
	return cmd
}

func (tr *tree) git(args ...string) string {
	tr.t.Helper()
	text, err := tr.command("git", append([]string{"-C", tr.dir}, args...)...).CombinedOutput()
	if err != nil {
		tr.t.Fatalf("git %q: %v\n%s", args, err, text)
	}
	return strings.TrimSpace(string(text))
}

// run runs a script, and returns what it prints to standard output.
func (tr *tree) run(script string, args ...string) (string, error) {
	cmd := tr.command(filepath.Join(tr.dir, "scripts/release", script), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, &stderr)
	}
	return string(text), err
}

// refuses wants a script to fail with these words.
func (tr *tree) refuses(says, script string, args ...string) {
	tr.t.Helper()
	var failed *exec.ExitError
	if _, err := tr.run(script, args...); !errors.As(err, &failed) || !strings.Contains(err.Error(), says) {
		tr.t.Errorf("%s %q: %v, want %q", script, args, err, says)
	}
}

func writeIn(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	temptest.WriteProgram(t, path, text)
}

// layerOf returns a compressed archive of files with these texts.
func layerOf(t *testing.T, texts ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i, text := range texts {
		if err := w.WriteHeader(&tar.Header{Name: fmt.Sprint("file", i), Mode: 0o600, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return string(e2etest.Gzipped(t, b.Bytes()))
}
