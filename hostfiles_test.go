package main_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What the files for each host say besides what `make docs` writes and their scripts, which
// other tests run: how the host declares, starts and treats a step.
func TestHostFiles(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"action.yml": `
name: bitbucket-auth
author: The bitbucket-auth authors
branding / icon: lock
branding / color: blue
runs / using: docker
runs / image: Dockerfile
runs / entrypoint: /bitbucket-auth
`,
		"binary/action.yml": `
name: bitbucket-auth (binary)
author: The bitbucket-auth authors
runs / using: composite
runs / steps / - id: get
runs / steps / - id: get / shell: bash
runs / steps / - id: get / run: exec sh "$GITHUB_ACTION_PATH/get"
runs / steps / - id: run
runs / steps / - id: run / shell: bash
runs / steps / - id: run / run: exec "$PROGRAM"
runs / steps / - id: run / env / PROGRAM: ${{ steps.get.outputs.program }}
`,
		"mirror/action.yml": `
name: bitbucket-auth (mirror)
author: The bitbucket-auth authors
runs / using: composite
runs / steps / - id: get
runs / steps / - id: get / shell: bash
runs / steps / - id: get / run: exec sh "$GITHUB_ACTION_PATH/../binary/get"
runs / steps / - id: run
runs / steps / - id: run / shell: bash
runs / steps / - id: run / run: exec "$PROGRAM" mirror
runs / steps / - id: run / env / PROGRAM: ${{ steps.get.outputs.program }}
runs / steps / - id: run / env / JOB_TOKEN: ${{ github.token }}
`,
		"plugin.yml": `
name: bitbucket-auth
author: https://github.com/seed-e1d06701
requirements / - curl
`,
		"templates/credential.yml": `
spec / inputs / job / default: .bitbucket-auth
spec / inputs / job / regex: ^\..+$
spec / inputs / token-variable / default: BITBUCKET_TOKEN
spec / inputs / token-variable / regex: ^[A-Za-z_][A-Za-z0-9_]*$
spec / inputs / (inputs)
---
"$[[ inputs.job ]]" / image / name: ghcr.io/seed-e1d06701/bitbucket-auth-mirror:VERSION
"$[[ inputs.job ]]" / image / entrypoint: [""]
"$[[ inputs.job ]]" / variables / BITBUCKET_AUTH_TOKEN: "${$[[ inputs.token-variable ]]}"
"$[[ inputs.job ]]" / variables / (variables)
"$[[ inputs.job ]]" / before_script / - |
`,
		"templates/mirror.yml": `
spec / inputs / job / default: bitbucket-mirror
spec / inputs / stage / default: test
spec / inputs / token-variable / default: BITBUCKET_TOKEN
spec / inputs / token-variable / regex: ^[A-Za-z_][A-Za-z0-9_]*$
spec / inputs / source-token-variable / default: CI_JOB_TOKEN
spec / inputs / source-token-variable / regex: ^[A-Za-z_][A-Za-z0-9_]*$
spec / inputs / (inputs)
---
"$[[ inputs.job ]]" / stage: "$[[ inputs.stage ]]"
"$[[ inputs.job ]]" / image / name: ghcr.io/seed-e1d06701/bitbucket-auth-mirror:VERSION
"$[[ inputs.job ]]" / image / entrypoint: [""]
"$[[ inputs.job ]]" / needs: []
"$[[ inputs.job ]]" / resource_group: "$[[ inputs.job ]]"
"$[[ inputs.job ]]" / inherit / default: [tags, timeout]
"$[[ inputs.job ]]" / variables / GIT_STRATEGY: none
"$[[ inputs.job ]]" / variables / BITBUCKET_AUTH_TOKEN: "${$[[ inputs.token-variable ]]}"
"$[[ inputs.job ]]" / variables / BITBUCKET_AUTH_SOURCE_TOKEN: "${$[[ inputs.source-token-variable ]]}"
"$[[ inputs.job ]]" / variables / (variables)
"$[[ inputs.job ]]" / script / - |
`,
		"hosts/azure-pipelines/credential.yml": `
parameters / - name: name
parameters / - name: name / type: string
parameters / - name: name / default: login
parameters / - name: token_variable
parameters / - name: token_variable / type: string
parameters / - name: token_variable / default: BITBUCKET_TOKEN
parameters / (parameters)
steps / - bash: |
steps / - bash: | / (settings)
steps / - bash: | / name: ${{ parameters.name }}
steps / - bash: | / displayName: Bitbucket credential
steps / - bash: | / env / BITBUCKET_AUTH_TOKEN: $(${{ parameters.token_variable }})
`,
		"hosts/azure-pipelines/mirror.yml": `
parameters / - name: name
parameters / - name: name / type: string
parameters / - name: name / default: mirror
parameters / - name: token_variable
parameters / - name: token_variable / type: string
parameters / - name: token_variable / default: BITBUCKET_TOKEN
parameters / - name: source_token_variable
parameters / - name: source_token_variable / type: string
parameters / - name: source_token_variable / default: System.AccessToken
parameters / (parameters)
steps / - bash: |
steps / - bash: | / (settings)
steps / - bash: | / name: ${{ parameters.name }}
steps / - bash: | / displayName: Mirror to Bitbucket
steps / - bash: | / env / BITBUCKET_AUTH_TOKEN: $(${{ parameters.token_variable }})
steps / - bash: | / env / BITBUCKET_AUTH_SOURCE_TOKEN: $(${{ parameters.source_token_variable }})
`,
		"hosts/circleci/src/@orb.yml": `
version: 2.1
display / home_url: https://github.com/seed-e1d06701/bitbucket-auth
display / source_url: https://github.com/seed-e1d06701/bitbucket-auth
commands / credential / parameters / token-variable / type: env_var_name
commands / credential / parameters / token-variable / default: BITBUCKET_TOKEN
commands / credential / parameters / (credential-parameters)
commands / credential / steps / - run: &get
commands / credential / steps / - run: &get / name: Get bitbucket-auth
commands / credential / steps / - run: &get / command: |
commands / credential / steps / - run: &get / command: | / (get)
commands / credential / steps / - run / name: Bitbucket credential
commands / credential / steps / - run / environment / (credential-environment)
commands / credential / steps / - run / command: |
commands / credential / steps / - run / command: | / (credential-flags)
commands / mirror / parameters / token-variable / type: env_var_name
commands / mirror / parameters / token-variable / default: BITBUCKET_TOKEN
commands / mirror / parameters / source-token-variable / type: env_var_name
commands / mirror / parameters / source-token-variable / default: SOURCE_TOKEN
commands / mirror / parameters / (mirror-parameters)
commands / mirror / steps / - run: *get
commands / mirror / steps / - run / name: Mirror to Bitbucket
commands / mirror / steps / - run / no_output_timeout: 5h
commands / mirror / steps / - run / environment / (mirror-environment)
commands / mirror / steps / - run / command: |
commands / mirror / steps / - run / command: | / (mirror-flags)
examples / credential / usage / (credential-example)
examples / mirror / usage / (mirror-example)
`,
	} {
		compareFacts(t, file, facts(readFile(t, file)), want)
	}
}

// What act leaves out of the workflow that makes a release, which a test runs with it: what
// each job may do, when it runs, and what is signed and attested.
func TestReleaseWorkflow(t *testing.T) {
	t.Parallel()
	relevant := regexp.MustCompile(`permissions|needs: | / if: |environment: |^concurrency|persist-credentials| / with / (subject|push|sbom|cache|ref|fetch)| SIGNER| matrix | / outputs / | CIRCLECI|cosign sign|DIGEST: |- id: push`)
	commit := regexp.MustCompile(`@[0-9a-f]{40}\b`)
	var got []string
	for _, fact := range facts(readFile(t, ".github/workflows/release.yml")) {
		if relevant.MatchString(fact) {
			got = append(got, commit.ReplaceAllString(fact, ""))
		}
	}
	compareFacts(t, ".github/workflows/release.yml", got, `
permissions: {}
concurrency: release
jobs / build / if: github.ref == 'refs/heads/main'
jobs / build / permissions / contents: read
jobs / build / steps / - uses: actions/checkout / with / fetch-depth: 0
jobs / build / steps / - uses: actions/checkout / with / persist-credentials: false
jobs / build / steps / - uses: actions/setup-go / with / cache: false
jobs / publish / needs: build
jobs / publish / environment: release
jobs / publish / permissions / contents: read
jobs / publish / permissions / packages: write
jobs / publish / permissions / id-token: write
jobs / publish / permissions / attestations: write
jobs / publish / permissions / artifact-metadata: write
jobs / publish / outputs / image: ${{ steps.push.outputs.image }}
jobs / publish / outputs / image-shell: ${{ steps.push.outputs.image-shell }}
jobs / publish / outputs / image-mirror: ${{ steps.push.outputs.image-mirror }}
jobs / publish / steps / - uses: actions/checkout / with / persist-credentials: false
jobs / publish / steps / - uses: actions/setup-go / with / cache: false
jobs / publish / steps / - id: push
jobs / publish / steps / - id: push / run: scripts/release/push "$VERSION" "$IMAGE" dist | tee -a "$GITHUB_OUTPUT"
jobs / publish / steps / - name: Attest where the image comes from / if: ${{ !env.ACT }}
jobs / publish / steps / - name: Attest where the image comes from / with / subject-name: ${{ env.IMAGE }}
jobs / publish / steps / - name: Attest where the image comes from / with / subject-digest: ${{ steps.push.outputs.image }}
jobs / publish / steps / - name: Attest where the image comes from / with / push-to-registry: true
jobs / publish / steps / - name: Attest where the image with a shell comes from / if: ${{ !env.ACT }}
jobs / publish / steps / - name: Attest where the image with a shell comes from / with / subject-name: ${{ env.IMAGE }}
jobs / publish / steps / - name: Attest where the image with a shell comes from / with / subject-digest: ${{ steps.push.outputs.image-shell }}
jobs / publish / steps / - name: Attest where the image with a shell comes from / with / push-to-registry: true
jobs / publish / steps / - name: Attest where the mirror's image comes from / if: ${{ !env.ACT }}
jobs / publish / steps / - name: Attest where the mirror's image comes from / with / subject-name: ${{ env.IMAGE }}-mirror
jobs / publish / steps / - name: Attest where the mirror's image comes from / with / subject-digest: ${{ steps.push.outputs.image-mirror }}
jobs / publish / steps / - name: Attest where the mirror's image comes from / with / push-to-registry: true
jobs / publish / steps / - name: Attest what the image contains / if: ${{ !env.ACT }}
jobs / publish / steps / - name: Attest what the image contains / with / subject-name: ${{ env.IMAGE }}
jobs / publish / steps / - name: Attest what the image contains / with / subject-digest: ${{ steps.push.outputs.image }}
jobs / publish / steps / - name: Attest what the image contains / with / sbom-path: dist/bitbucket-auth.spdx.json
jobs / publish / steps / - name: Attest what the image contains / with / push-to-registry: true
jobs / publish / steps / - name: Attest what the image with a shell contains / if: ${{ !env.ACT }}
jobs / publish / steps / - name: Attest what the image with a shell contains / with / subject-name: ${{ env.IMAGE }}
jobs / publish / steps / - name: Attest what the image with a shell contains / with / subject-digest: ${{ steps.push.outputs.image-shell }}
jobs / publish / steps / - name: Attest what the image with a shell contains / with / sbom-path: dist/bitbucket-auth-shell.spdx.json
jobs / publish / steps / - name: Attest what the image with a shell contains / with / push-to-registry: true
jobs / publish / steps / - name: Attest what the mirror's image contains / if: ${{ !env.ACT }}
jobs / publish / steps / - name: Attest what the mirror's image contains / with / subject-name: ${{ env.IMAGE }}-mirror
jobs / publish / steps / - name: Attest what the mirror's image contains / with / subject-digest: ${{ steps.push.outputs.image-mirror }}
jobs / publish / steps / - name: Attest what the mirror's image contains / with / sbom-path: dist/bitbucket-auth-mirror.spdx.json
jobs / publish / steps / - name: Attest what the mirror's image contains / with / push-to-registry: true
jobs / publish / steps / - name: Attest where the programs come from / if: ${{ !env.ACT }}
jobs / publish / steps / - name: Attest where the programs come from / with / subject-checksums: dist/SHA256SUMS
jobs / publish / steps / - uses: sigstore/cosign-installer / if: ${{ !env.ACT }}
jobs / publish / steps / - name: Sign the digests / if: ${{ !env.ACT }}
jobs / publish / steps / - name: Sign the digests / run: cosign sign --yes "$IMAGE@$DIGEST" "$IMAGE@$SHELL_DIGEST" "$IMAGE-mirror@$MIRROR_DIGEST"
jobs / publish / steps / - name: Sign the digests / env / DIGEST: ${{ steps.push.outputs.image }}
jobs / publish / steps / - name: Sign the digests / env / SHELL_DIGEST: ${{ steps.push.outputs.image-shell }}
jobs / publish / steps / - name: Sign the digests / env / MIRROR_DIGEST: ${{ steps.push.outputs.image-mirror }}
jobs / release / needs: publish
jobs / release / permissions / contents: write
jobs / release / steps / - uses: actions/checkout / with / persist-credentials: true
jobs / release / steps / - name: Everybody can pull the images / env / DIGEST: ${{ needs.publish.outputs.image }}
jobs / release / steps / - name: Everybody can pull the images / env / SHELL_DIGEST: ${{ needs.publish.outputs.image-shell }}
jobs / release / steps / - name: Everybody can pull the images / env / MIRROR_DIGEST: ${{ needs.publish.outputs.image-mirror }}
jobs / release / steps / - name: Commit the digest and the checksums, and tag the commit / env / DIGEST: ${{ needs.publish.outputs.image }}
jobs / verify / needs: [publish, release]
jobs / verify / permissions / contents: read
jobs / verify / permissions / packages: read
jobs / verify / permissions / attestations: read
jobs / verify / env / DIGEST: ${{ needs.publish.outputs.image }}
jobs / verify / env / SHELL_DIGEST: ${{ needs.publish.outputs.image-shell }}
jobs / verify / env / MIRROR_DIGEST: ${{ needs.publish.outputs.image-mirror }}
jobs / verify / env / SIGNER: ${{ github.server_url }}/${{ github.repository }}/.github/workflows/release.yml@refs/heads/main
jobs / verify / steps / - uses: actions/checkout / with / ref: refs/tags/${{ inputs.version }}
jobs / verify / steps / - uses: actions/checkout / with / persist-credentials: false
jobs / verify / steps / - uses: actions/setup-go / with / cache: false
jobs / verify / steps / - uses: sigstore/cosign-installer / if: ${{ !env.ACT }}
jobs / verify / steps / - name: Signatures and attestations are valid / if: ${{ !env.ACT }}
jobs / use / needs: release
jobs / use / strategy / matrix / os: [ubuntu-latest, ubuntu-24.04-arm, macos-latest, windows-latest]
jobs / use / permissions / contents: read
jobs / use / steps / - uses: actions/checkout / with / ref: refs/tags/${{ inputs.version }}
jobs / use / steps / - uses: actions/checkout / with / persist-credentials: false
jobs / use / steps / - uses: actions/setup-go / with / cache: false
jobs / use / steps / - id: image / if: runner.os == 'Linux'
jobs / elsewhere / needs: [verify, use]
jobs / elsewhere / if: ${{ !contains(inputs.version, '-') }}
jobs / elsewhere / environment: release
jobs / elsewhere / permissions / contents: read
jobs / elsewhere / steps / - uses: actions/checkout / with / ref: refs/tags/${{ inputs.version }}
jobs / elsewhere / steps / - uses: actions/checkout / with / persist-credentials: false
jobs / elsewhere / steps / - run: scripts/release/orb "$VERSION" hosts/circleci/src/@orb.yml / env / CIRCLECI_TOKEN: ${{ secrets.CIRCLECI_TOKEN }}
jobs / elsewhere / steps / - run: scripts/release/orb "$VERSION" hosts/circleci/src/@orb.yml / env / CIRCLECI_ORB_ID: ${{ vars.CIRCLECI_ORB_ID }}
jobs / major / needs: [verify, use]
jobs / major / if: ${{ !contains(inputs.version, '-') }}
jobs / major / permissions / contents: write
jobs / major / steps / - uses: actions/checkout / with / ref: refs/tags/${{ inputs.version }}
jobs / major / steps / - uses: actions/checkout / with / fetch-depth: 0
jobs / major / steps / - uses: actions/checkout / with / persist-credentials: true
`)
}

// compareFacts wants these facts in a file, and no others.
func compareFacts(t *testing.T, file string, got []string, want string) {
	t.Helper()
	wanted := strings.Split(strings.TrimSpace(want), "\n")
	for _, fact := range got {
		if !slices.Contains(wanted, fact) {
			t.Errorf("%s says\n%s", file, fact)
		}
	}
	for _, fact := range wanted {
		if !slices.Contains(got, fact) {
			t.Errorf("%s doesn't say\n%s", file, fact)
		}
	}
	if len(got) != len(wanted) {
		t.Errorf("%s says %d things, want %d", file, len(got), len(wanted))
	}
}

// What users copy, and what a release pins, names one version.
func TestVersions(t *testing.T) {
	t.Parallel()
	names := regexp.MustCompile(`seed-e1d06701/bitbucket-auth[^\s"]*?[@:#/]v?(\d+\.\d+\.\d+)|ref: refs/tags/v(\d+\.\d+\.\d+)|\bversion=v(\d+\.\d+\.\d+)`)
	versions := map[string][]string{}
	for _, pattern := range []string{"README.md", "docs/*.md", "docs/hosts/*", "templates/*", "hosts/*/*.yml", "hosts/*/*/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			for _, match := range names.FindAllStringSubmatch(readFile(t, file), -1) {
				version := strings.Join(match[1:], "")
				versions[version] = append(versions[version], file)
			}
		}
	}
	if len(versions) != 1 {
		t.Errorf("the versions are in these files: %v", versions)
	}
	for _, files := range versions {
		if len(files) < 50 {
			t.Errorf("only %d versions are found", len(files))
		}
	}
}

// facts are the values in a YAML file, each after the keys that lead to it. Descriptions
// aren't among them.
func facts(text string) (found []string) {
	type key struct {
		indent int
		name   string
	}
	var above []key
	for _, line := range handWritten(text) {
		content := strings.TrimLeft(line, " ")
		indent := len(line) - len(content)
		above = slices.DeleteFunc(above, func(k key) bool { return k.indent >= indent })
		path := ""
		for _, k := range above {
			path += k.name + " / "
		}
		above = append(above, key{indent, strings.TrimSuffix(content, ":")})
		if !strings.HasSuffix(content, ":") && !strings.HasPrefix(content, "description: ") {
			found = append(found, path+anyVersion.ReplaceAllString(content, "VERSION"))
		}
	}
	return found
}

var (
	anyVersion = regexp.MustCompile(`v\d+\.\d+\.\d+`)
	written    = regexp.MustCompile("^ *# (\\S+): written by `make docs`$")
	// The beginning of a block of text, whose lines are indented deeper than its key, or of
	// a part that is written, but has no marks.
	block = regexp.MustCompile(`^(?:(?:inputs|outputs|configuration):|( *(?:- \b)?)(?:- |\S+: )[|>])$`)
)

// handWritten are the lines of a YAML file without comments and blocks of text, and without
// what `make docs` writes, of which only the places are left.
func handWritten(text string) (lines []string) {
	blockBelow, inWritten := -1, false
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		content := strings.TrimLeft(line, " ")
		indent := line[:len(line)-len(content)]
		if inWritten {
			inWritten = content != "# end"
		} else if mark := written.FindStringSubmatch(line); mark != nil {
			inWritten = true
			lines = append(lines, indent+"("+mark[1]+")")
		} else if inBlock := blockBelow >= 0 && len(indent) > blockBelow; content != "" && content[0] != '#' && !inBlock && !strings.HasPrefix(content, "INPUT_") {
			blockBelow = -1
			if match := block.FindStringSubmatch(line); match != nil {
				blockBelow = len(match[1])
			}
			line, _, _ = strings.Cut(line, " #")
			lines = append(lines, line)
		}
	}
	return lines
}
