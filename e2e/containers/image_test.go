//go:build linux

package containers

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
)

// The budgets of size, in bytes. bench/run shows what is logged as measured.
const (
	maxImage      = 7 << 20
	maxCompressed = 3 << 20
)

// TestImageIsSmall builds the image with both builders: BuildKit, also for another
// platform, and the classic one, which act and older runners use.
func TestImageIsSmall(t *testing.T) {
	e2etest.NeedEngine(t)
	tree := e2etest.CopyTree(t)
	const version = "v1.2.3-test"
	other := "arm64"
	if runtime.GOARCH == other {
		other = "amd64"
	}
	for _, test := range []struct {
		name     string
		buildKit bool
		machine  string
		args     []string
	}{
		{"classic", false, runtime.GOARCH, nil},
		{"BuildKit", true, runtime.GOARCH, []string{"--build-arg", "VERSION=" + version}},
		{"BuildKit for another machine", true, other, []string{"--platform", "linux/" + other}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.machine == other && !e2etest.EngineRequired() {
				t.Skip("compiles the standard library for 20 seconds; set E2E_DOCKER=required to include it")
			}
			builder := e2etest.Classic
			if test.buildKit {
				builder = e2etest.BuildKit(t)
			}
			image := builder.Build(t, tree, test.args...)
			checkConfig(t, image)
			size := checkContents(t, image, machines[test.machine])
			if test.machine == "amd64" {
				checkGrowth(t, size)
			}
			if slices.Contains(test.args, "VERSION="+version) {
				got := e2etest.Docker(t, "run", "--rm", "--network", "none", "--label", e2etest.Label, image, "--version")
				if want := "bitbucket-auth " + version; got != want {
					t.Errorf("--version prints %q, want %q", got, want)
				}
			}
		})
	}
}

var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// checkConfig requires an image that runs the program as root, since the runner's
// files belong to another user, and that sets nothing else.
func checkConfig(t *testing.T, image string) {
	t.Helper()
	var inspected []struct {
		Config struct {
			User       string
			Entrypoint []string
			Cmd        []string
			Env        []string
			Volumes    map[string]struct{}
		}
	}
	if err := json.Unmarshal([]byte(e2etest.Docker(t, "image", "inspect", image)), &inspected); err != nil {
		t.Fatal(err)
	}
	config := inspected[0].Config
	if config.User != "" || !slices.Equal(config.Entrypoint, []string{entrypoint}) || len(config.Cmd)+len(config.Volumes) > 0 {
		t.Errorf("the image's configuration is %+v", config)
	}
	for _, variable := range config.Env {
		if !strings.HasPrefix(variable, "PATH=") { // the classic builder's own
			t.Errorf("the image sets %s", variable)
		}
	}
}

// checkContents requires one layer within the budget, with the program, linked
// statically for the machine, and CA certificates: no shell, no library, no tools.
func checkContents(t *testing.T, image string, machine elf.Machine) imageSize {
	t.Helper()
	const certificates = "etc/ssl/cert.pem"
	program := strings.TrimPrefix(entrypoint, "/")
	var size, compressed, substance int
	var names []string
	for _, layer := range e2etest.Layers(t, image) {
		files := e2etest.ReadTar(t, layer)
		maps.DeleteFunc(files, func(_ string, file e2etest.TarFile) bool { return file.Type == tar.TypeDir })
		if len(files) > 0 {
			substance++
		}
		for name, file := range files {
			size += len(file.Text)
			names = append(names, name)
		}
		compressed += len(e2etest.Gzipped(t, layer))
		if file, there := files[program]; there {
			checkStatic(t, file.Text, machine)
		}
		if file, there := files[certificates]; there && !bytes.Contains(file.Text, []byte("-----BEGIN CERTIFICATE-----")) {
			t.Errorf("%s contains no certificate", certificates)
		}
	}
	slices.Sort(names)
	if want := []string{program, certificates}; !slices.Equal(names, want) {
		t.Errorf("the image contains %q, want %q", names, want)
	}
	if substance != 1 {
		t.Errorf("%d layers contain files, want 1", substance)
	}
	t.Logf("measured: %.2f and %.2f MiB", mebibytes(size), mebibytes(compressed))
	if size > maxImage || compressed > maxCompressed {
		t.Errorf("the image is too large: %.2f MiB of %.2f, compressed %.2f MiB of %.2f",
			mebibytes(size), mebibytes(maxImage), mebibytes(compressed), mebibytes(maxCompressed))
	}
	return imageSize{size, compressed}
}

// imageSize is the size of an image's files, and of its layers as they are
// downloaded, in bytes.
type imageSize struct{ files, download int }

// checkGrowth compares the image with that of the last release, whose sizes
// scripts/release/commit records. Who makes it 3 % larger tells users so.
func checkGrowth(t *testing.T, size imageSize) {
	t.Helper()
	var last imageSize
	record := e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "scripts/release/image-size"))
	if _, err := fmt.Sscanf(record, "files %d\ndownload %d\n", &last.files, &last.download); err != nil {
		t.Fatalf("scripts/release/image-size: %v", err)
	}
	_, unreleased, _ := strings.Cut(e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "CHANGELOG.md")), "\n## Unreleased\n")
	unreleased, _, _ = strings.Cut(unreleased, "\n## ")
	if grown(size, last) && !regexp.MustCompile(`(?m)^- .*\bimage\b.*\bMiB\b`).MatchString(unreleased) {
		t.Errorf("the image grew from %d and %d bytes to %d and %d: say so in CHANGELOG.md, with its size in MiB",
			last.files, last.download, size.files, size.download)
	}
}

func grown(now, before imageSize) bool {
	return now.files*100 > before.files*103 || now.download*100 > before.download*103
}

// An image may grow by 3 % in either size.
func TestGrown(t *testing.T) {
	before := imageSize{1000, 500}
	for now, want := range map[imageSize]bool{
		{1030, 515}: false, {900, 400}: false, {1031, 500}: true, {1000, 516}: true,
	} {
		if got := grown(now, before); got != want {
			t.Errorf("%v after %v: %v, want %v", now, before, got, want)
		}
	}
}

func mebibytes(bytes int) float64 { return float64(bytes) / (1 << 20) }

func checkStatic(t *testing.T, text []byte, machine elf.Machine) {
	t.Helper()
	program, err := elf.NewFile(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if program.Machine != machine {
		t.Errorf("the program is for %v, want %v", program.Machine, machine)
	}
	for _, header := range program.Progs {
		if header.Type == elf.PT_INTERP || header.Type == elf.PT_DYNAMIC {
			t.Errorf("the program has a header %v, so it isn't linked statically", header.Type)
		}
	}
}

// TestImage runs the image as a step. What the program does inside is tested
// elsewhere; these cases cover each way in and out of the container.
func TestImage(t *testing.T) {
	e2etest.NeedEngine(t)
	image := e2etest.Classic.Build(t, e2etest.CopyTree(t))
	t.Run("documented sample", func(t *testing.T) {
		t.Parallel()
		s, err := e2etest.Documented("api-token")
		if err != nil {
			t.Fatal(err)
		}
		o := container{image: image, inputs: map[string]string{"token": s.Token, "identity": s.Identity}}.run(t)
		if o.exit != 0 || o.stderr != "" {
			t.Fatalf("exit code %d, standard error %q\n%s", o.exit, o.stderr, o.stdout)
		}
		outputs, variables := e2etest.Results(t, o.output), e2etest.Results(t, o.env)
		if outputs["credential"] != s.Credential || outputs["token"] != s.Token || variables["BITBUCKET_AUTHORIZATION"] != "Basic "+s.Credential {
			t.Errorf("the outputs are %q, the variables %q", outputs, variables)
		}
		checkHidden(t, o, s.Token)
	})

	token := credentialtest.APIToken()
	inputs := map[string]string{"token": token, "identity": "me@example.com"}
	for _, test := range []struct {
		name string
		container
		exit int
		code string
	}{
		{"invalid input", container{inputs: map[string]string{"token": token, "identity": ""}}, 2, "BBA102"},
		// The program is process 1, which the kernel protects from signals that it doesn't catch.
		{"cancelled by SIGINT", container{inputs: inputs, cancel: "INT"}, 130, "BBA306"},
		{"cancelled by SIGTERM", container{inputs: inputs, cancel: "TERM"}, 143, "BBA307"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.image = image
			o := test.run(t)
			checkFault(t, o, test.exit, test.code)
			checkHidden(t, o, token)
		})
	}
}
