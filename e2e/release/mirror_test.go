//go:build linux

package release

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// checkMirrorContents requires of the mirror's image, for each architecture, all
// that its programs load, and the licence of each part; and a list of these parts.
func checkMirrorContents(t *testing.T, dist, parts, version string) {
	t.Helper()
	var packages []string
	for architecture, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		files := layoutFiles(t, filepath.Join(dist, "image-mirror"), architecture)
		for _, name := range []string{"bitbucket-auth", "usr/bin/busybox", "usr/bin/git", "usr/bin/git-lfs", "usr/lib/git-core/git-remote-https"} {
			if resolved(files, name) == nil {
				t.Errorf("%s: the image has no %s", architecture, name)
			}
		}
		for name, file := range files {
			binary, err := elf.NewFile(bytes.NewReader(file.Text))
			if err != nil {
				continue
			}
			if binary.Machine != machine {
				t.Errorf("%s: %s is for %s", architecture, name, binary.Machine)
			}
			for _, needed := range loads(t, binary, path.Join("usr/lib", map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[architecture]+"-linux-gnu")) {
				if resolved(files, needed) == nil {
					t.Errorf("%s: %s needs %s", architecture, name, needed)
				}
			}
		}
		packages = nil
		// Source packages, whose versions have no number of a rebuild.
		if sources := files["usr/share/doc/SOURCES"].Text; !bytes.Contains(sources, []byte("pkg:deb/debian/krb5@")) || regexp.MustCompile(`\+b\d+\?`).Match(sources) {
			t.Errorf("%s: the sources are\n%s", architecture, sources)
		}
		for line := range strings.Lines(string(files["usr/share/doc/SOURCES"].Text)) {
			name, _, is := strings.Cut(line, " ")
			if !is || !strings.Contains(line, ": pkg:deb/debian/") {
				continue
			}
			packages = append(packages, name)
			if resolved(files, "usr/share/doc/"+name+"/copyright") == nil {
				t.Errorf("%s: the licence of %s is missing", architecture, name)
			}
		}
		for _, name := range []string{"usr/share/common-licenses/GPL-2", "usr/share/common-licenses/LGPL-2.1", "usr/share/doc/git-lfs/copyright", "usr/share/doc/bitbucket-auth/copyright"} {
			if resolved(files, name) == nil {
				t.Errorf("%s: the image has no %s", architecture, name)
			}
		}
	}
	for _, name := range []string{"git", "busybox-static", "libc6", "libcurl3t64-gnutls"} {
		if !slices.Contains(packages, name) {
			t.Errorf("the image doesn't say where the source of %s is", name)
		}
	}
	info, err := buildinfo.ReadFile(filepath.Join(parts, "git-lfs_amd64"))
	if err != nil {
		t.Fatal(err)
	}
	more := []string{"pkg:golang/" + info.Main.Path + "@" + info.Main.Version}
	for _, module := range info.Deps {
		more = append(more, "pkg:golang/"+module.Path+"@"+module.Version)
	}
	more = append(more, "pkg:golang/stdlib@"+strings.TrimPrefix(info.GoVersion, "go"))
	checkSBOM(t, filepath.Join(dist, "bitbucket-auth-mirror.spdx.json"), version, append(more, debianURLs(t, parts, packages...)...)...)
}

// loads returns the files that the loader needs for a program or library.
func loads(t *testing.T, binary *elf.File, folder string) []string {
	t.Helper()
	var names []string
	libraries, err := binary.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	for _, library := range libraries {
		names = append(names, path.Join(folder, library))
	}
	for _, program := range binary.Progs {
		if program.Type == elf.PT_INTERP {
			loader, err := io.ReadAll(program.Open())
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, strings.Trim(string(loader), "/\x00"))
		}
	}
	return names
}

// resolved follows links, also in folders. It returns nil if nothing is there.
func resolved(files map[string]e2etest.TarFile, name string) *e2etest.TarFile {
	var at string
	for i, piece := range strings.Split(name, "/") {
		at = path.Join(at, piece)
		file, there := files[at]
		if !there {
			return nil
		}
		if file.Link == "" {
			continue
		}
		to := path.Join(path.Dir(at), file.Link)
		if path.IsAbs(file.Link) {
			to = strings.TrimPrefix(file.Link, "/")
		}
		return resolved(files, path.Join(append([]string{to}, strings.Split(name, "/")[i+1:]...)...))
	}
	file := files[at]
	return &file
}

// layoutFiles are the files of an image for an architecture in the OCI layout.
func layoutFiles(t *testing.T, layout, architecture string) map[string]e2etest.TarFile {
	t.Helper()
	type descriptor struct {
		Digest   string
		Platform struct{ Architecture string }
	}
	var manifest struct{ Manifests, Layers []descriptor }
	read := func(name string) {
		manifest.Manifests, manifest.Layers = nil, nil
		if err := json.Unmarshal([]byte(e2etest.ReadFile(t, filepath.Join(layout, name))), &manifest); err != nil {
			t.Fatal(err)
		}
	}
	blob := func(digest string) string {
		return filepath.Join("blobs/sha256", strings.TrimPrefix(digest, "sha256:"))
	}
	read("index.json")
	read(blob(manifest.Manifests[0].Digest))
	for _, image := range manifest.Manifests {
		if image.Platform.Architecture == architecture {
			read(blob(image.Digest))
			return e2etest.ReadTar(t, e2etest.Gunzipped(t, []byte(e2etest.ReadFile(t, filepath.Join(layout, blob(manifest.Layers[0].Digest))))))
		}
	}
	t.Fatalf("%s has no image for %s", layout, architecture)
	return nil
}

// checkLicenses requires a text for each module that a program was linked with.
func checkLicenses(t *testing.T, name, program string, more ...string) {
	t.Helper()
	text := e2etest.ReadFile(t, name)
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	want := append(more, "\n"+info.Main.Path, "\nGo's standard library "+strings.TrimPrefix(info.GoVersion, "go"), "Redistributions in binary form", "Permission is hereby granted")
	for _, module := range info.Deps {
		want = append(want, "\n"+module.Path+" "+module.Version+"\n")
	}
	for _, part := range want {
		if !strings.Contains(text, part) {
			t.Errorf("%s lacks %q", name, part)
		}
	}
}

// checkMirrorImage mirrors a repository with a file in LFS, as a plugin and in a
// job, from and to a server whose certificate only the job knows.
func checkMirrorImage(t *testing.T, image string) {
	t.Helper()
	copies := []string{"team/plugin", "team/user", "team/job"}
	server := bitbuckettest.New(t, bitbuckettest.Options{Repositories: append([]string{"team/source"}, copies...), TLS: true})
	source := server.Dir("team/source")
	work := t.TempDir()
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch", "main", work},
		{"-C", work, "-c", "filter.lfs.clean=cat", "add", "--all"},
		{"-C", work, "-c", "user.name=e2e", "-c", "user.email=e2e@example.com", "commit", "--quiet", "--no-gpg-sign", "--message", "one"},
		{"-C", work, "push", "--quiet", source, "HEAD:refs/heads/main", "HEAD:refs/heads/topic", "HEAD:refs/tags/v1"},
	} {
		if args[0] == "-C" && args[4] == "add" {
			pointer := server.AddObject("team/source", "a large file")
			if err := os.WriteFile(filepath.Join(work, "large.bin"), []byte(pointer), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if text, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, text)
		}
	}
	token := server.Add(e2etest.APIToken.Token)

	run := func(repository, stdin string, args []string, prefix string, command ...string) string {
		t.Helper()
		settings := map[string]string{
			"TOKEN": token.Secret, "IDENTITY": token.Email, "REPOSITORY": repository, "SERVER_URL": server.URL,
			"SOURCE": server.URL + "/team/source.git", "SOURCE_TOKEN": token.Secret, "CA_CERTIFICATE": server.CA(),
		}
		// As Woodpecker runs a plugin, and GitLab a job.
		host := map[string]string{"PLUGIN_": "CI=woodpecker", "BITBUCKET_AUTH_": "GITLAB_CI=true"}[prefix]
		cmd := exec.Command("docker", slices.Concat([]string{"run", "--rm", "-i", "--label", e2etest.Label, "--network", "host", "-e", host}, args)...)
		cmd.Env, cmd.Stdin = e2etest.ClientEnvironment(), strings.NewReader(stdin)
		for name, value := range settings {
			cmd.Args = append(cmd.Args, "-e", prefix+name)
			cmd.Env = append(cmd.Env, prefix+name+"="+value)
		}
		cmd.Args = append(append(cmd.Args, image), command...)
		text, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", repository, err, text)
		}
		e2etest.CheckNoSecret(t, string(text), token.Secret)
		for _, ref := range []string{"refs/heads/main", "refs/heads/topic", "refs/tags/v1"} {
			want, _ := exec.Command("git", "-C", source, "rev-parse", ref).Output()
			got, err := exec.Command("git", "-C", server.Dir(repository), "rev-parse", ref).Output()
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s of %s is %q, want %q", ref, repository, got, want)
			}
		}
		if !server.HasObject(repository, "a large file") {
			t.Errorf("%s lacks the file in LFS", repository)
		}
		return string(text)
	}
	run("team/plugin", "", nil, "PLUGIN_")
	// A user that the image doesn't know, who may only write to TMPDIR.
	run("team/user", "", []string{"--user", "1001:1001", "--read-only", "--tmpfs", "/scratch:mode=1777", "-e", "TMPDIR=/scratch"}, "PLUGIN_")
	log := run("team/job", `set -eu
for command in sh tail mv rm env cat mkdir git git-lfs bitbucket-auth; do command -v "$command" >/dev/null || echo "missing: $command"; done
for command in /bin/*; do [ -x "$command" ] || echo "missing: $command"; done
[ "$(id -u)" = 0 ] && cd "$(mktemp -d)" && git init --quiet && git lfs env >/dev/null
bitbucket-auth mirror
echo "the next line of the job"
`, []string{"--entrypoint", ""}, "BITBUCKET_AUTH_", "sh")
	if !strings.Contains(log, "the next line of the job") || strings.Contains(log, "missing: ") {
		t.Errorf("the job prints %q", log)
	}
}
