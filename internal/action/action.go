// Package action performs a run, in order: read, parse, mask, check, hand over.
package action

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/avo"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// World is everything outside the program that a run touches.
type World struct {
	Args    []string // without the program's name
	Lookup  func(name string) (value string, present bool)
	Environ []string // NAME=value, of which only the names are used
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Now     func() time.Time
	Proxy   bitbucket.Proxy
	Git     string // the program: a path, or a name to look up in PATH
	Version string

	// A signal ends a run at once, by its default action, as long as nothing can be half
	// done. CatchSignals is called before a run waits: from then on, a signal ends the
	// context of the run instead, and giveUp is called if the run doesn't end then. Most
	// runs never wait, and catching signals from the start (signal.NotifyContext) would
	// cost each of them a thread, and the budget for offline runs (bench/README.md).
	// IgnoreSignals is called before results are written: from then on, no signal ends
	// the run, since all or nothing must be written. Both may be nil.
	CatchSignals  func(giveUp func(*fault.Fault))
	IgnoreSignals func()
}

// Run performs one run and returns its exit code, one of those in package fault. If ctx
// ends, the run ends with its cause, which is a fault.
func Run(ctx context.Context, world World) int {
	options, err := parseArgs(world.Args)
	switch {
	case err == nil && options.help:
		return printText(world, help(options.mirror))
	case err == nil && options.version:
		return printText(world, "bitbucket-auth "+world.Version+"\n")
	}
	settings, outputs := contractOf(options)
	h, hostErr := host.Choose(host.World{
		Lookup: world.Lookup, Stdout: world.Stdout, Stderr: world.Stderr, Outputs: outputs, Version: world.Version, BeforeWriting: world.IgnoreSignals,
	}, options.shell)
	noHost := hostErr != nil && fault.From(hostErr).Code == fault.NoHost
	// The mirror works without a host: its results are then in the log only.
	if options.mirror && (noHost || hostErr != nil && fault.From(hostErr).Code == fault.ShellRefused) {
		hostErr = nil
	}
	if err == nil {
		err = hostErr
	}
	r := run{world: world, host: h}
	r.failurePage = r.pageOfFault
	// If inputs are lost, no other check is meaningful.
	if dropped := r.source(settings).CheckDropped(); dropped != nil {
		err = dropped
	}
	if err == nil {
		if !noHost {
			r.note(fault.Infof("the host is %s", h.Name))
		}
		err = r.guarded(ctx, options.mirror)
	}
	if err == nil {
		err = h.Finish()
	}
	if err == nil {
		return fault.ExitDone
	}
	f := r.explainMissing(fault.From(err))
	if f.Code.IsSignal() && !r.pushes {
		f = fault.New(f.Code, f.What+": nothing was handed over")
	}
	r.showRemarks()
	h.Fail(r.hidden(f))
	// A host that can't receive results has no summary either.
	if f.Code.Exit != fault.ExitHost {
		r.summarize(r.failurePage(f))
	}
	return f.Code.Exit
}

func contractOf(o options) ([]contract.Setting, []contract.Output) {
	if o.mirror {
		return contract.MirrorSettings, contract.MirrorOutputs
	}
	return contract.CredentialSettings, contract.CredentialOutputs
}

// printText prints a text instead of performing a run.
func printText(world World, text string) int {
	if _, err := io.WriteString(world.Stdout, text); err != nil {
		return fault.ExitHost
	}
	return fault.ExitDone
}

type run struct {
	world    World
	host     *host.Host
	masked   []string       // the forms that are masked, or would be on a host with masks
	remarks  []fault.Remark // to be shown after the last mask
	reported []fault.Remark

	otherNames   []input.OtherName // settings under names of other actions
	onlyErrors   bool              // show nothing but warnings, faults, and what they refer to
	summarizes   bool              // the job summary is still to be written
	failurePage  func(*fault.Fault) string
	proxySecrets []secret.String // from the environment
	tokens       []secret.String // that aren't a setting's, or are the mirror's source's
	pushes       bool            // the mirror has begun to push

	temporary atomic.Pointer[git.Git] // the mirror's repository, once there is one
}

// catchSignals is called before the run waits.
func (r *run) catchSignals() {
	if r.world.CatchSignals != nil {
		r.world.CatchSignals(r.giveUp)
	}
}

// giveUp removes what must not be left behind by a run that doesn't end by itself, and
// then says why the process ends: another goroutine is still in the middle of the run.
func (r *run) giveUp(f *fault.Fault) {
	if g := r.temporary.Load(); g != nil {
		g.Close()
	}
	r.host.Say(fault.Remark{Level: fault.Error, Fault: f})
}

// guarded turns a panic into an internal error. The value of the panic isn't
// shown, since it may contain anything.
func (r *run) guarded(ctx context.Context, mirror bool) (err error) {
	defer func() {
		if recover() != nil {
			err = fault.Internal()
		}
	}()
	if mirror {
		r.catchSignals() // it waits nearly all the time
		return r.mirror(ctx)
	}
	return r.steps(ctx)
}

// steps performs a run of the credential command, in order.
func (r *run) steps(ctx context.Context) error {
	settings, err := readAndMask(ctx, r, contract.CredentialSettings, input.ReadCredential, func(s *input.Settings) error {
		return r.host.Prepare(s.EnvFile, s.ExportEnv || s.Git != "")
	})
	if err != nil {
		return err
	}
	if settings.Token.IsEmpty() {
		return r.tokenMissing(ctx, settings)
	}

	cred, remarks, err := credential.New(credential.Claim{
		Token:    settings.Token,
		Identity: settings.Identity,
		Kind:     settings.Kind,
		Server:   settings.Server,
	})
	r.note(remarks...)
	if err != nil {
		return err
	}
	repo, remarks, err := findRepository(settings, cred.Server)
	r.note(remarks...)
	if err != nil {
		return err
	}
	setup, err := gitSetup(settings, cred.Server, repo)
	if err != nil {
		return err
	}
	if setup != nil {
		setup.MapPassword = r.host.MapSecrets
	}
	connection, err := r.avoConnection(settings, cred, repo)
	if err != nil {
		return err
	}
	forms := func(c credential.Credential) []string { return r.loginForms(c, connection) }
	if err := r.mask(forms(cred)); err != nil {
		return err
	}

	required, err := bitbucket.ParseScopes(settings.RequiredScopes, cred.Kind)
	if err != nil {
		return err
	}
	if err := checkOffline(settings, cred.Kind, r.world.Now()); err != nil {
		return err
	}
	requests := ctx
	if settings.Verify != input.VerifyNone || cred.Kind.Traits().Client { // else no timer, which costs a thread
		var cancel context.CancelFunc
		requests, cancel = context.WithTimeout(ctx, settings.Timeout)
		defer cancel()
	}
	minted, err := r.mint(requests, &settings.Common, &cred, forms)
	if err != nil {
		return err
	}
	verification, err := r.verify(requests, settings, &cred, repo, required, minted)
	if err != nil {
		return err
	}
	variables, err := gitVariables(setup, cred, r.world.Lookup)
	if err != nil {
		return err
	}
	o := &outcome{settings, cred, repo, verification, connection, variables}
	results, err := o.results(r.host)
	if err != nil {
		return err
	}
	r.warnAboutLaterSteps(settings, cred)
	r.warn(r.contradiction(settings, results))
	r.showRemarks()

	if err := r.host.HandOver(ctx, results); err != nil {
		return err
	}
	r.summarize(o.summary(results, r.reported))
	return nil
}

// loginForms returns the forms of a credential to mask in addition to its token, the
// longest first. Unless the host masks base64 itself, they include the base64 of every
// secret output, which later steps put into manifests (kind: Secret, in Kubernetes).
func (r *run) loginForms(cred credential.Credential, connection *avo.Connection) []string {
	forms := cred.LoginForms()
	if !r.host.HasMasks || r.host.MasksBase64 {
		return forms
	}
	texts := (&outcome{credential: cred, avo: connection}).outputs()
	for _, output := range contract.CredentialOutputs {
		if output.Secret {
			forms = append(forms, secret.Base64Forms(texts[output.ID].Reveal())...)
		}
	}
	return secret.InOrder(forms)
}

// summarize writes the job summary, once. It comes last, so that the results are handed
// over even if it fails.
func (r *run) summarize(page string) {
	if !r.summarizes {
		return
	}
	r.summarizes = false
	if err := r.host.Summarize(page); err != nil {
		r.warn(fault.From(err))
		r.showRemarks()
	}
}

// note keeps remarks until they can be shown.
func (r *run) note(remarks ...fault.Remark) {
	r.remarks = append(r.remarks, remarks...)
}

// warn keeps a fault as a warning, unless it is nil.
func (r *run) warn(f *fault.Fault) {
	if f != nil {
		r.note(fault.Warn(f))
	}
}

func (r *run) showRemarks() {
	for i := range r.remarks {
		if !r.host.HasMasks {
			r.remarks[i].Fault = r.hidden(r.remarks[i].Fault)
		}
		if r.remarks[i].Level >= fault.Warning || !r.onlyErrors {
			r.host.Say(r.remarks[i])
		}
	}
	r.reported = append(r.reported, r.remarks...)
	r.remarks = nil
}
