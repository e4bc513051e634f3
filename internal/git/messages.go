package git

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/certificate"
	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

func asFailure(err error) (*failure, bool) {
	return errors.AsType[*failure](err)
}

// explain explains the error of a command: a failure by the fault that it means, unless
// this machine caused it.
func explain(err error, meaning func(*failure) *fault.Fault) error {
	failed, ok := asFailure(err)
	if !ok {
		return err
	}
	if f := machineFault(failed); f != nil {
		return f
	}
	return meaning(failed)
}

// explainSource explains why the source can't be read.
func (g *Git) explainSource(err error) error {
	who := "the source's server says: "
	if g.options.SourceLocal {
		who = "git says about the source: "
	}
	return explain(err, func(failed *failure) *fault.Fault {
		return g.quoting(g.sourceFault(failed), who, g.options.Source, failed.stderr)
	})
}

// sourceFault explains a failure by git's own messages, and by the error that the source
// sends in place of an answer.
func (g *Git) sourceFault(failed *failure) *fault.Fault {
	const tokenHint = "set source-token to a token with read access to the source (on GitHub: contents: read)"
	text, refusal, said := ownLines(failed.stderr), strings.Join(remoteError(failed.stderr), " "), strings.Join(remoteLines(failed.stderr), " ")
	status := httpStatus(text)
	switch {
	case containsAny(text, "'"+string(source)+"' does not appear to be", "transport 'file' not allowed"):
		// An older git doesn't know the configuration that names the source, and
		// takes the name for a path.
		return tooOld()
	case containsAny(text, "shallow update not allowed", "source repository is shallow"):
		return Shallow()
	case strings.Contains(text, "could not read Username"):
		return fault.New(fault.SourceRefused, "the source's server asks for a login, and source-token is empty", tokenHint)
	case strings.Contains(text, "Authentication failed"), status == 401:
		return fault.New(fault.SourceRefused, "the source's server refuses source-token (401)", tokenHint,
			"check that the token hasn't expired, and that source-username is what this server expects: x-access-token for GitHub, gitlab-ci-token for a GitLab job")
	case status == 403:
		return fault.New(fault.SourceRefused, "the source's server doesn't let source-token read the repository (403)", tokenHint)
	case status == 404, strings.Contains(text, "' not found"), isNoRepository(refusal):
		return fault.New(fault.SourceNotFound, "the source doesn't exist, or source-token can't see it (404)",
			"check the spelling of source", tokenHint)
	case strings.Contains(text, "not valid: is this a git repository?"):
		return fault.New(fault.SourceFailed, "the answer of the source's server isn't git's",
			"check that source is the URL of a git repository",
			"check that nothing stands between the runner and the server, such as a login page of a proxy")
	case containsAny(text, "not a git repository", "does not appear to be a git repository", "does not exist"):
		return fault.New(fault.SourceNotFound, "source isn't a git repository",
			"set source to an https URL, or to the path of a repository that isn't shallow")
	case strings.Contains(said, "died of signal"):
		return fault.New(fault.SourceFailed, "git was ended on the source's server while it sent the repository",
			"run the step again later, and tell the administrator of the source's server: it may lack memory or space")
	case strings.Contains(string(failed.stderr), corruption):
		return fault.New(fault.SourceFailed, "the source's repository is damaged, so git can't read all of it",
			"check it with git fsck --full where it is stored, or ask the administrator of the source's server to")
	case strings.Contains(refusal, "not our ref"), strings.Contains(text, "did not send all necessary objects"):
		return fault.New(fault.SourceFailed, "the source changed while it was being read", "run the step again")
	case isCAFile(text):
		return g.badCAFile(text)
	case isCertificate(text):
		return g.untrusted(fault.SourceUnreachable, "the source's server", "source", g.options.Source, text)
	case isSlow(text):
		return fault.New(fault.SourceUnreachable, "the source's server stopped sending",
			"run the step again, and check the status page of the source's server")
	case status == 411, status == 413:
		return fault.New(fault.SourceFailed, "the source's server refuses the request for its size "+inParentheses(status),
			"if a proxy is in front of the server, it may limit the size of a request's body, or accept none of unknown length: ask its administrator")
	case status == 429:
		return fault.New(fault.SourceUnreachable, "the source's server received too many requests (429)", "run the step again later")
	case status >= 500:
		return fault.New(fault.SourceUnreachable, "the source's server failed "+inParentheses(status),
			"run the step again later, and check the status page of the source's server")
	case refusal == "" && isNetwork(text):
		return fault.New(fault.SourceUnreachable, "the source can't be reached: "+g.safeText(lastLine([]byte(text))),
			"check that the runner can reach the source's server, directly or through its proxy (HTTPS_PROXY, NO_PROXY)",
			"run the step again later")
	}
	return fault.New(fault.SourceFailed, "the source can't be read"+g.because(text, refusal),
		"check that source is the URL of a git repository",
		"run the step again later")
}

// corruption is the message of a server's git about a repository that lacks an object
// (of git: upload-pack.c).
const corruption = "repository corruption on the remote side"

func inParentheses(status int) string { return "(" + strconv.Itoa(status) + ")" }

// isNoRepository recognises the error of a server that has no such repository, or doesn't
// show it (Data Center; of git: daemon.c).
func isNoRepository(refusal string) bool {
	return containsAny(strings.ToLower(refusal), "repository not found", "no such repository", "repository does not exist", "repository not exported")
}

// because returns git's own reason as the end of a sentence. If the server gave a reason,
// that becomes a hint instead.
func (g *Git) because(own, refusal string) string {
	switch {
	case refusal != "":
		return ", since its server answers with an error"
	case strings.TrimSpace(own) == "":
		return ""
	}
	return ": " + g.safeText(lastLine([]byte(own)))
}

// quoting makes the own words of the server at a URL the first hint, before any guess.
func (g *Git) quoting(f *fault.Fault, who, url string, stderr []byte) *fault.Fault {
	words := g.serverReason(strings.Join(g.answer(stderr).lines, " "), url)
	if words != "" {
		f.Hints = append([]string{who + words}, f.Hints...)
	}
	return f
}

const bitbucketSays = "Bitbucket says: "

// Shallow returns the fault for a source without its complete history.
func Shallow() *fault.Fault {
	return fault.New(fault.SourceShallow, "the source is a shallow repository, so nothing was changed",
		"leave out source: no checkout is needed",
		"if source is the path of a checkout, set fetch-depth: 0 in the checkout step")
}

// explainBitbucket explains why Bitbucket can't be read.
func (g *Git) explainBitbucket(err error) error {
	return explain(err, func(failed *failure) *fault.Fault {
		return g.quoting(g.bitbucketFault(failed), bitbucketSays, g.options.Bitbucket, failed.stderr)
	})
}

// bitbucketFault explains a failure by git's own messages, and by the error that
// Bitbucket sends in place of an answer.
func (g *Git) bitbucketFault(failed *failure) *fault.Fault {
	text, refusal := ownLines(failed.stderr), strings.Join(remoteError(failed.stderr), " ")
	status := httpStatus(text)
	switch {
	case strings.HasPrefix(refusal, "CAPTCHA required"): // Data Center
		return credential.Locked(status)
	case status == 410:
		return fault.New(fault.AppPasswordDead, "Bitbucket no longer accepts app passwords (410)",
			"make an API token with scopes, and set identity to the account's e-mail address",
			"or make a repository access token, which needs no identity")
	case strings.Contains(text, "Authentication failed"), strings.Contains(text, "could not read Username"), status == 401:
		return fault.New(fault.Refused, "Bitbucket refuses the login, or has no such repository (401)",
			"check the spelling of repository; if it doesn't exist yet, set create: private",
			"check that the token hasn't expired, and that it was made for this repository or its account has access",
			"run the credential action with verify: strict to find out which")
	case status == 402:
		return userLimit()
	case status == 404, strings.Contains(text, "' not found"), isNoRepository(refusal):
		return fault.New(fault.NotFound, "Bitbucket has no such repository, or the token can't see it (404)",
			"check the spelling of repository; if it doesn't exist yet, set create: private",
			"check that the token's account has access to the repository, or that the access token was made for it")
	case status == 411:
		return fault.New(fault.BitbucketFailed, "Bitbucket's server accepts no request of unknown length (411)",
			append(g.sizeHints(), "check that nothing between the runner and Bitbucket changes requests, such as a proxy that inspects TLS")...)
	case status == 413:
		return fault.New(fault.PushTooLarge, "Bitbucket refuses the push, since it is too large (413)",
			append(g.sizeHints(), "keep large files in Git LFS: a single commit can't be split")...)
	case status == 429:
		return fault.New(fault.RateLimited, "Bitbucket received too many requests from this account (429)", "run the step again later")
	case status >= 500:
		return fault.New(fault.ServerFailed, "Bitbucket failed with status "+strconv.Itoa(status),
			"run the step again later, and check status.bitbucket.org, or ask the administrator of the Data Center")
	case strings.Contains(text, "not valid: is this a git repository?"):
		return fault.New(fault.UnexpectedReply, "the answer of Bitbucket's server isn't git's",
			"check that nothing stands between the runner and Bitbucket, such as a login page of a proxy",
			"for a Data Center, check that server-url is its base URL, context path included")
	case status >= 300 && status < 400, strings.Contains(text, "from redirection"):
		return fault.New(fault.Redirected, "Bitbucket redirects elsewhere, and the credential isn't sent there",
			"set repository to the address that the browser ends up at; repositories and workspaces can be renamed")
	case isCAFile(text):
		return g.badCAFile(text)
	case isCertificate(text):
		return g.untrusted(fault.Certificate, "Bitbucket's server", "server-url", g.options.Bitbucket, text)
	case isSlow(text):
		return fault.New(fault.TimedOut, "Bitbucket stopped answering", "run the step again, and check status.bitbucket.org")
	case status == 403:
		return fault.New(fault.Forbidden, "Bitbucket accepts the login, but doesn't let it read the repository (403)",
			"give the token read and write access to the repository: the scopes read:repository:bitbucket and write:repository:bitbucket",
			"a workspace can restrict access by IP address: check that the runner's is allowed")
	case refusal == "" && isNetwork(text):
		return fault.New(fault.Unreachable, "Bitbucket can't be reached: "+g.safeText(lastLine([]byte(text))),
			"check that the runner can reach Bitbucket, directly or through its proxy (HTTPS_PROXY, NO_PROXY)",
			"check status.bitbucket.org, or ask the administrator of the Data Center")
	}
	return fault.New(fault.BitbucketFailed, "git can't communicate with Bitbucket"+g.because(text, refusal), "run the step again later")
}

// sizeHints returns hints about the size of a request to a Data Center. On Cloud, users
// have no proxy in front of the server.
func (g *Git) sizeHints() []string {
	if !g.options.DataCenter {
		return nil
	}
	return []string{"a proxy in front of the Data Center may limit the size of a request's body, or accept none of unknown length: ask its administrator (nginx: client_max_body_size)"}
}

// explainPush explains a push that ended before the result of each ref was known.
func (g *Git) explainPush(err error, changes []mirror.Change) error {
	return explain(err, func(failed *failure) *fault.Fault {
		if f := g.explainRefusal(g.answer(failed.stderr), changes); f != nil {
			return f
		}
		f := g.bitbucketFault(failed)
		if f.Code == fault.Forbidden {
			f = credential.WriteRefused()
		}
		return g.quoting(f, bitbucketSays, g.options.Bitbucket, failed.stderr)
	})
}

// explainRefusal explains by the server's words why it refused a complete push, or
// returns nil. Lines that name a ref of the push are about that ref.
func (g *Git) explainRefusal(reply answer, changes []mirror.Change) *fault.Fault {
	text := reply.aboutNone(changes)
	switch lower := strings.ToLower(text); {
	case strings.Contains(lower, "user limit"):
		return userLimit()
	case containsAny(lower, "read only mode", "read-only", "over the size limit", "over its size limit"):
		return fault.New(fault.ReadOnly, "Bitbucket accepts no more pushes to this repository: "+g.serverReason(text, g.options.Bitbucket),
			"make the repository smaller: Bitbucket Cloud accepts no pushes to one of more than 4 GB, and the workspace's plan may limit the space further",
			"keep large files in Git LFS")
	}
	return nil
}

func userLimit() *fault.Fault {
	return fault.New(fault.UserLimit, "Bitbucket refuses pushes, since the workspace exceeds the user limit of its plan (402)",
		"remove users from the workspace, or change its plan: Workspace settings → Plan details")
}

// isRefusedAtOnce recognises that a push ended before anything was sent: when git asked
// for the refs, which needs the right address, a login and a connection (of git:
// remote-curl.c, discover_refs).
func isRefusedAtOnce(stderr []byte) bool {
	return containsAny(ownLines(stderr), "unable to access 'http", "Authentication failed for", "could not read Username", "' not found", "does not appear to be a git repository")
}

// machineFault explains a failure that was caused on this machine, or returns nil.
func machineFault(failed *failure) *fault.Fault {
	text := ownLines(failed.stderr)
	if containsAny(text, diskFull...) {
		return fault.New(fault.DiskFull, "no space is left for the temporary repository", freeSpace)
	}
	signal := failed.signal
	if signal == 0 {
		_, after, _ := strings.Cut(text, " died of signal ")
		signal = leadingNumber(after)
	}
	if signal == 0 && (!isCutShort(text) || len(remoteLines(failed.stderr)) > 0) {
		return nil
	}
	return killed(signal)
}

// diskFull are the words of the C library and of Go for a machine that has no more space.
var diskFull = []string{
	"No space left on device", "no space left on device", "Disk quota exceeded", "disk quota exceeded", "File too large", "file too large",
}

// killed returns the fault for git, or a process that it started, that was ended by a
// signal (of git: run-command.c, wait_or_whine), or by something unknown.
func killed(signal int) *fault.Fault {
	by := ""
	if signal != 0 {
		by = " by signal " + strconv.Itoa(signal)
	}
	return fault.New(fault.GitFailed, "git was ended on this machine"+by+", most likely for lack of memory or space",
		"use a runner, or a limit for the container, with more memory, and check that the temporary directory has space",
		"run the step again: what was pushed doesn't have to be pushed again")
}

// isCutShort recognises that index-pack ended without a message, so the data that it
// received wasn't the problem (of git: fetch-pack.c, get_pack).
func isCutShort(text string) bool {
	if !strings.Contains(text, "fetch-pack: invalid index-pack output") {
		return false
	}
	return strings.Count(text, "fatal: ") == 1 && !isNetwork(text) && !strings.Contains(text, "error: ")
}

// leadingNumber returns the number at the start of a text, or 0.
func leadingNumber(text string) int {
	digits := text[:len(text)-len(strings.TrimLeft(text, charset.Digits))]
	number, _ := strconv.Atoi(digits)
	return number
}

// httpStatus returns the status with which a server refused a request, by git's own
// lines, or 0.
func httpStatus(text string) int {
	for _, mark := range []string{"The requested URL returned error: ", "RPC failed; HTTP "} {
		if _, rest, _ := strings.Cut(text, mark); len(rest) >= 3 {
			if status, err := strconv.Atoi(rest[:3]); err == nil {
				return status
			}
		}
	}
	return 0
}

// curlMessage returns curl's message about a request that got no answer, or "". The
// wording depends on curl's version and its TLS library.
func curlMessage(text string) string {
	if httpStatus(text) != 0 {
		return ""
	}
	for line := range strings.Lines(text) {
		// Of files, too, git says that it is unable to access them.
		if _, after, ok := strings.Cut(line, "unable to access 'http"); ok {
			_, message, _ := strings.Cut(after, "': ")
			return strings.TrimSpace(message)
		}
		if _, message, ok := strings.Cut(line, "RPC failed; curl "); ok {
			return strings.TrimSpace(message)
		}
	}
	return ""
}

// isCAFile recognises that curl can't read the file of CA certificates, or one
// certificate in it. The server doesn't matter then.
func isCAFile(text string) bool {
	return containsAny(curlMessage(text), "SSL CA cert", "error setting certificate", "error adding trust anchors", "error reading ca cert")
}

func (g *Git) badCAFile(text string) *fault.Fault {
	hint := "set ca-certificate to the certificate of the CA that signed the server's"
	if len(g.options.CA) > 0 {
		hint = "check that each certificate in ca-certificate is complete"
	}
	return fault.New(fault.GitFailed, "git can't read the CA certificates on this machine: "+g.safeText(curlMessage(text)), hint,
		"install the system's CA certificates (the package ca-certificates)")
}

func isCertificate(text string) bool {
	return containsAny(curlMessage(text), "certificate", "SEC_E_WRONG_PRINCIPAL")
}

// untrusted explains why a server's certificate isn't accepted. Not every curl says
// so, so the server is asked once more.
func (g *Git) untrusted(code fault.Code, server, setting, url, text string) *fault.Fault {
	problem := certificate.InMessage(curlMessage(text))
	if g.options.Examine != nil {
		if found, ok := g.options.Examine(url); ok {
			problem = found
		}
	}
	return problem.Fault(code, server, setting, len(g.options.CA) > 0)
}

func isSlow(text string) bool {
	return containsAny(text, "Operation too slow", "Operation timed out")
}

// isNetwork recognises that no answer, or only a part of one, was received.
func isNetwork(text string) bool {
	return curlMessage(text) != "" || containsAny(text, "early EOF", "unexpected disconnect", "hung up unexpectedly", "RPC failed")
}

func containsAny(text string, marks ...string) bool {
	return slices.ContainsFunc(marks, func(mark string) bool { return strings.Contains(text, mark) })
}

// beginsWith reports whether a text begins with one of some others.
func beginsWith(text string, starts []string) bool {
	return slices.ContainsFunc(starts, func(start string) bool { return strings.HasPrefix(text, start) })
}

// linesOf returns the lines of git's messages. Its progress ends in carriage returns.
func linesOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
}

// lastLine returns the most informative line: the last one that git marks as fatal
// or as an error, without that mark, or else the first line.
func lastLine(text []byte) string {
	last, found := "no reason was given", false
	for _, line := range linesOf(string(text)) {
		what := strings.TrimSpace(line)
		fatal, isFatal := strings.CutPrefix(what, "fatal: ")
		plain, isError := strings.CutPrefix(what, "error: ")
		switch {
		case isFatal:
			last, found = fatal, true
		case isError && !found:
			last = plain
		case what != "" && !found && last == "no reason was given":
			last = what
		}
	}
	return last
}
