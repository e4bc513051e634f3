package action

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/certificate"
	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
	"github.com/seed-e1d06701/bitbucket-auth/internal/proxy"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repository"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

type mirroring struct {
	*run
	settings   *input.MirrorSettings
	rules      mirror.Rules
	credential credential.Credential
	repository repository.Repository // the destination
	source     address

	git       *git.Git
	bitbucket mirror.Listing
	plan      mirror.Plan
	pieces    secret.Pieces // of all tokens
	handsOver bool          // the results of the plan
	known     []string      // commits that both sides have, as far as they were fetched

	wouldCreate bool // without dry-run, the repository would be created
}

func (r *run) mirror(ctx context.Context) error {
	m := &mirroring{run: r}
	r.failurePage = m.summary
	return m.askWhy(ctx, m.bringUpToDate(ctx))
}

// bringUpToDate does the steps of a run, in order: read, mask, list, plan, fetch,
// transfer LFS objects, push, report.
func (m *mirroring) bringUpToDate(ctx context.Context) error {
	if err := m.readSettings(ctx); err != nil {
		return err
	}
	if m.settings.Token.IsEmpty() {
		return m.tokenMissing(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, m.settings.Timeout,
		fault.New(fault.MirrorTimedOut, fmt.Sprintf("the mirror wasn't finished within %s", m.settings.Timeout),
			"set a longer timeout",
			"run the step again: what was pushed doesn't have to be pushed again"))
	defer cancel()
	if err := m.openGit(ctx); err != nil {
		return err
	}
	defer m.git.Close()
	if err := m.list(ctx); err != nil {
		return err
	}
	if m.plan.IsEmpty() {
		return m.report(ctx)
	}
	if err := m.git.Init(ctx); err != nil {
		return err
	}
	if m.plan.Pending() > 0 && !m.wouldCreate {
		if err := m.git.CheckPush(ctx); err != nil {
			return err
		}
	}
	if err := m.fetch(ctx); err != nil {
		return err
	}
	if m.settings.DryRun {
		m.wouldSetMain()
		return m.report(ctx)
	}
	if err := m.transferLFS(ctx); err != nil {
		return err
	}
	return m.pushAndReport(ctx)
}

// readSettings reads and masks the settings, and makes every check that needs no
// network.
func (m *mirroring) readSettings(ctx context.Context) error {
	settings, err := readAndMask(ctx, m.run, contract.MirrorSettings, input.ReadMirror, func(s *input.MirrorSettings) error {
		if !m.host.HasOutputs && s.EnvFile == "" {
			return nil // the results are in the log only
		}
		return m.host.Prepare(s.EnvFile, false)
	})
	m.settings = settings
	if err != nil || settings.Token.IsEmpty() {
		return err
	}
	if m.rules, err = rules(settings); err != nil {
		return err
	}
	var remarks []fault.Remark
	m.credential, remarks, err = credential.New(credential.Claim{
		Token: settings.Token, Identity: settings.Identity, Kind: settings.Kind, Server: settings.Server,
		GitOnly: settings.Create == input.CreateNone && !settings.FollowMain,
	})
	m.note(remarks...)
	if err != nil {
		return err
	}
	if settings.Repository.IsEmpty() {
		return fault.New(fault.RepositoryMissing, "repository isn't set",
			"set repository to the Bitbucket repository to bring up to date, such as my-team/my-repo")
	}
	m.repository, remarks, err = repository.Parse(settings.Repository, m.credential.Server)
	m.note(remarks...)
	if err != nil {
		return err
	}
	if m.repository.Wiki {
		return fault.New(fault.Repository, "repository is the address of a wiki page, and the mirror would write to the repository next to it",
			"if you mean the repository itself, remove /wiki and what follows it")
	}
	return m.findSource()
}

func rules(settings *input.MirrorSettings) (mirror.Rules, error) {
	rules := mirror.Rules{
		Patterns:     map[string]mirror.Patterns{},
		Prune:        settings.Prune,
		Overwrite:    settings.Overwrite,
		MaxDeletions: settings.MaxDeletions,
		FollowMain:   settings.FollowMain,
	}
	for _, setting := range [][2]string{{"branches", settings.Branches}, {"tags", settings.Tags}} {
		patterns, err := mirror.ParsePatterns(setting[0], setting[1])
		if err != nil {
			return mirror.Rules{}, err
		}
		rules.Patterns[setting[0]] = patterns
	}
	return rules, nil
}

// openGit masks both credentials in every form, and prepares git with them. Nothing is
// shown before the last mask.
func (m *mirroring) openGit(ctx context.Context) error {
	forms := m.credential.LoginForms()
	if !m.settings.SourceToken.IsEmpty() {
		forms = append(forms, secret.LoginForms(m.settings.SourceToken, cmp.Or(m.sourceUser(), credential.AccessTokenUser))...)
	}
	if err := m.mask(secret.InOrder(forms)); err != nil {
		return err
	}
	if err := proxy.Check(m.world.Lookup); err != nil {
		return err
	}
	if _, err := m.mint(ctx, &m.settings.Common, &m.credential, credential.Credential.LoginForms); err != nil {
		return err
	}
	m.warn(credential.CheckExpiry(m.credential.Kind, m.settings.ExpiresOn, m.world.Now()))
	m.showRemarks()
	m.tokens = append(m.tokens, m.settings.SourceToken)
	m.pieces = m.piecesWith(m.settings.Token)
	sourceLogin, err := m.sourceLogin(m.source.text)
	if err != nil {
		return err
	}
	bitbucketLogin, err := m.bitbucketLogin()
	if err != nil {
		return err
	}
	m.git, err = git.Open(git.Options{
		Program:        m.world.Git,
		Source:         m.source.text,
		SourceLocal:    m.source.local,
		Bitbucket:      m.repository.URL,
		DataCenter:     m.credential.Server.DataCenter,
		SourceLogin:    sourceLogin,
		BitbucketLogin: bitbucketLogin,
		Lookup:         m.world.Lookup,
		CA:             m.settings.CA.PEM,
		Scrub:          m.scrub,
		Examine: func(url string) (certificate.Problem, bool) {
			return m.client(&m.settings.Common, m.credential.Server).Examine(ctx, url)
		},
		IsSecret: m.pieces.In,
		Locate:   m.locateSource,
		LogIn:    m.sourceLogin,
		Say:      m.say,
	})
	m.temporary.Store(m.git)
	return err
}

func (m *mirroring) say(line string) { m.log("%s", line) }

// list lists both sides at once, and plans what to change.
func (m *mirroring) list(ctx context.Context) error {
	ended := m.begin("reading the %s of %s and %s", mirror.Names(), m.source.text, m.repository.URL)
	if err := m.git.CheckPath(ctx, m.settings.Prune); err != nil {
		return err
	}
	var source mirror.Listing
	var sourceErr, bitbucketErr error
	var both sync.WaitGroup
	// Following the main branch needs its name; to list a path completely is cheap.
	everything := m.settings.FollowMain || m.source.local
	both.Go(func() { source, sourceErr = m.git.ListSource(ctx, everything) })
	both.Go(func() { m.bitbucket, bitbucketErr = m.git.ListBitbucket(ctx) })
	both.Wait()
	if sourceErr != nil {
		return sourceErr
	}
	if m.isDestination(m.git.SourceURL()) {
		return sourceIsDestination()
	}
	if bitbucketErr != nil {
		bitbucketErr = m.listWithoutUser(ctx, bitbucketErr)
	}
	if bitbucketErr != nil {
		// A source that must not be mirrored creates no repository either.
		if _, err := mirror.New(ctx, source, mirror.Listing{}, m.rules); err != nil {
			return err
		}
		if err := m.create(ctx, bitbucketErr); err != nil {
			return err
		}
	}
	if m.bitbucket.IsEmpty() && !everything {
		if source, sourceErr = m.git.ListSource(ctx, true); sourceErr != nil {
			return sourceErr
		}
	}
	m.rules.DefaultBranch = m.defaultBranch()
	m.rules.IsSecret = func(text string) bool { return m.pieces.In(text) || m.hide(text) != text }
	ended("the source has %s, Bitbucket has %s", quantity(source), quantity(m.bitbucket))
	var err error
	if m.plan, err = mirror.New(ctx, source, m.bitbucket, m.rules); err != nil {
		return err
	}
	if f := m.plan.CheckDeletions(); f != nil {
		if !m.settings.DryRun {
			return f.Hint("to see the list, run once with " + m.set("dry-run", "true"))
		}
		m.warn(f)
	}
	if err := m.checkCompleteList(ctx); err != nil {
		return err
	}
	m.warnUnmatched()
	m.noteOthers(source.Others)
	return nil
}

func quantity(listing mirror.Listing) string {
	return mirror.Quantity(slices.Collect(maps.Keys(listing.Refs)))
}

func (m *mirroring) noteOthers(namespaces []string) {
	namespaces = slices.DeleteFunc(namespaces, m.rules.IsSecret)
	if len(namespaces) > 0 {
		m.log("the source also has %s*, which aren't mirrored: only %s are", m.hide(strings.Join(namespaces, "*, ")), mirror.Names())
	}
}

// warnUnmatched names patterns that may be misspelt.
func (m *mirroring) warnUnmatched() {
	unmatched := m.plan.Unmatched()
	for _, setting := range slices.Sorted(maps.Keys(unmatched)) {
		m.warn(fault.New(fault.Pattern,
			fmt.Sprintf("the source has no %s that match this part of %s: %s", setting, m.host.Settings.Called(setting), strings.Join(unmatched[setting], ", ")),
			"check the spelling, or remove it"))
	}
	m.showRemarks()
}

// create creates the repository if it is missing. Otherwise it returns the reason
// why the repository couldn't be listed.
func (m *mirroring) create(ctx context.Context, listErr error) error {
	code := fault.From(listErr).Code
	if m.settings.Create == input.CreateNone || code != fault.Refused && code != fault.NotFound {
		return listErr
	}
	if m.settings.DryRun {
		m.log("Bitbucket has no repository %s that this token can see; without dry-run, it would be created", m.repository.Name())
		m.wouldCreate = true
		return nil
	}
	err := m.client(&m.settings.Common, m.credential.Server).Create(ctx, m.credential, bitbucket.NewRepository{
		Repository: m.repository,
		Project:    m.settings.Project,
		Public:     m.settings.Create == input.CreatePublic,
	})
	if err != nil {
		return err
	}
	m.log("created the repository %s in Bitbucket", m.repository.Name())
	return nil
}

// pushAndReport makes the changes, and reports them. Once it has begun to push, it reports
// even if a signal ends the run.
func (m *mirroring) pushAndReport(ctx context.Context) error {
	m.pushes = true
	if err := m.push(ctx); err != nil {
		return m.reportPartial(ctx, err)
	}
	if err := m.report(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if cause := context.Cause(ctx); cause != nil && fault.From(cause).Code.IsSignal() {
		return duringPush(cause, listed)
	}
	return nil
}

// listed says that the changes were reported.
const listed = "the log lists what arrived"

// duringPush returns the fault for a run that ends after the push began: if a signal ended
// it, the fault says what arrived.
func duringPush(err error, arrived string) error {
	f := fault.From(err)
	if !f.Code.IsSignal() {
		return err
	}
	return fault.New(f.Code, f.What+" during the push to Bitbucket; "+arrived,
		"run the step again: what was pushed doesn't have to be pushed again")
}

// push makes the changes. It records the results even if it fails.
func (m *mirroring) push(ctx context.Context) error {
	parts, deletions := m.plan.Pushes()
	pending := slices.Concat(append(parts, deletions)...)
	if main, _ := m.plan.MainToSet(nil); len(pending) == 0 && main == "" {
		return nil
	}
	ended := func(string, ...any) {}
	if len(pending) > 0 {
		ended = m.begin("pushing %s to Bitbucket", mirror.Quantity(mirror.RefsOf(pending)))
	}
	pushed, err := m.git.Push(ctx, parts, slices.Collect(maps.Values(m.bitbucket.Refs)), func(results map[string]mirror.Result) ([]mirror.Change, error) {
		released, err := m.setMain(ctx, results)
		return append(deletions, released...), err
	})
	var later *mirror.Listing
	if pushed.Raced() && ctx.Err() == nil {
		listing, listErr := m.git.ListBitbucket(ctx)
		if err = cmp.Or(err, listErr); listErr == nil {
			later = &listing
		}
	}
	m.plan.Apply(pushed.Results, later)
	if err == nil {
		ended("pushed %s", bytesText(pushed.Sent))
	}
	return err
}

// reportPartial ends a run that failed while it was pushing. It reports the refs that are
// in Bitbucket, or may be.
func (m *mirroring) reportPartial(ctx context.Context, err error) error {
	if !m.plan.LeaveRest() {
		return duringPush(err, "nothing arrived")
	}
	cause := duringPush(err, listed)
	if err := m.handOver(context.WithoutCancel(ctx), fault.From(cause)); err != nil {
		m.warn(fault.From(err))
	}
	return cause
}

func (m *mirroring) tokenMissing(ctx context.Context) error {
	reason, isUsual := whyEmpty(m.host)
	if m.hasTokenByOtherName() {
		return reason
	}
	if !m.settings.SkipMissing {
		return reason.Hint("to succeed without it, set " + m.host.Settings.Called("on-missing-token") + " to skip")
	}
	m.note(skipped(reason, isUsual, "nothing was mirrored"))
	m.showRemarks()
	return m.handOutputs(ctx, []secret.Value{host.Public(contract.Available.ID, "false")})
}
