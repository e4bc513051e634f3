package fault

// Settings: BBA1xx.
var (
	TokenMissing      = Code{"BBA101", ExitInput}
	IdentityMissing   = Code{"BBA102", ExitInput}
	NotAllowed        = Code{"BBA103", ExitInput} // a value outside a setting's list
	KindUndecided     = Code{"BBA104", ExitInput}
	EnvPrefix         = Code{"BBA105", ExitInput}
	ServerURL         = Code{"BBA106", ExitInput}
	TokenFile         = Code{"BBA107", ExitInput}
	Argument          = Code{"BBA108", ExitInput}
	ShellRefused      = Code{"BBA109", ExitInput}
	SettingRefused    = Code{"BBA110", ExitInput} // a setting that this host doesn't accept
	TokenCharacter    = Code{"BBA111", ExitInput}
	TokenSpace        = Code{"BBA112", ExitInput}
	TokenHeader       = Code{"BBA113", ExitInput}
	TokenEncoded      = Code{"BBA114", ExitInput}
	TokenUnexpanded   = Code{"BBA115", ExitInput}
	TokenShort        = Code{"BBA116", ExitInput}
	IdentityCharacter = Code{"BBA117", ExitInput}
	IdentityColon     = Code{"BBA118", ExitInput}
	IdentityNotEmail  = Code{"BBA119", ExitInput}
	IdentityIsToken   = Code{"BBA120", ExitInput}
	WrongServer       = Code{"BBA121", ExitInput} // a credential that must not go to server-url
	KindUnexpected    = Code{"BBA122", ExitInput} // the token doesn't look like its kind
	TokenChecksum     = Code{"BBA123", ExitInput}
	AppPassword       = Code{"BBA124", ExitInput}
	UntrustedEvent    = Code{"BBA125", ExitInput}
	CredentialSet     = Code{"BBA126", ExitInput}
	ExpiresOn         = Code{"BBA127", ExitInput}
	ExpiresSoon       = Code{"BBA128", ExitInput}
	// BBA129 was a warning that is now part of BBA124.
	Repository        = Code{"BBA130", ExitInput}
	RepositoryHost    = Code{"BBA131", ExitInput}
	RepositoryHTTP    = Code{"BBA132", ExitInput}
	RepositorySecret  = Code{"BBA133", ExitInput}
	Workspace         = Code{"BBA134", ExitInput}
	WorkspaceDiffers  = Code{"BBA135", ExitInput}
	RepositoryMissing = Code{"BBA136", ExitInput} // what is asked for needs a repository or workspace
	SettingAlone      = Code{"BBA137", ExitInput} // a setting that does nothing without another
	TokenShown        = Code{"BBA138", ExitInput} // the token, where it would be shown
	Timeout           = Code{"BBA139", ExitInput}
	CACertificate     = Code{"BBA140", ExitInput}
	ScopeUnknown      = Code{"BBA141", ExitInput}
	ScopesUncheckable = Code{"BBA142", ExitInput} // required-scopes on Data Center
	AvoField          = Code{"BBA143", ExitInput} // a field of Avo Assure's form
	SettingUnknown    = Code{"BBA144", ExitInput} // a variable whose name is close to that of a setting
	NotNumber         = Code{"BBA145", ExitInput}
	TokenForeign      = Code{"BBA146", ExitInput} // a token of another service
	TokenIsPath       = Code{"BBA147", ExitInput}
	ProxyAddress      = Code{"BBA148", ExitInput} // a proxy variable that can't be parsed
	TokenLong         = Code{"BBA149", ExitInput}
	TokenFileOpen     = Code{"BBA150", ExitInput} // others can read it
	VariablesDiffer   = Code{"BBA151", ExitInput} // variables of different runs
	Invisible         = Code{"BBA152", ExitInput} // a character in a setting
)

// What Bitbucket answered: BBA2xx.
var (
	Expired           = Code{"BBA201", ExitRefused} // by expires-on
	Refused           = Code{"BBA202", ExitRefused}
	TokenExpired      = Code{"BBA203", ExitRefused} // by Bitbucket
	AccountPassword   = Code{"BBA204", ExitRefused}
	ScopeMissing      = Code{"BBA205", ExitRefused} // to see the repository
	MechanismRefused  = Code{"BBA206", ExitRefused}
	Forbidden         = Code{"BBA207", ExitRefused}
	NotFound          = Code{"BBA208", ExitRefused}
	Removed           = Code{"BBA209", ExitRefused}
	ScopesMissing     = Code{"BBA210", ExitRefused} // of required-scopes
	PermissionMissing = Code{"BBA211", ExitRefused}
	AppPasswordDead   = Code{"BBA212", ExitRefused}
	ConsumerRefused   = Code{"BBA213", ExitRefused}
	ConsumerGrant     = Code{"BBA214", ExitRefused}
	CreateRefused     = Code{"BBA215", ExitRefused} // a repository that can't be created
	RateLimited       = Code{"BBA231", ExitUnavailable}
	ServerFailed      = Code{"BBA232", ExitUnavailable}
	Redirected        = Code{"BBA233", ExitUnavailable}
	Unreachable       = Code{"BBA234", ExitUnavailable}
	TimedOut          = Code{"BBA235", ExitUnavailable}
	Certificate       = Code{"BBA236", ExitUnavailable}
	UnexpectedReply   = Code{"BBA237", ExitUnavailable}
	ScopesUnreported  = Code{"BBA238", ExitUnavailable} // a reply without scopes
	ProxyRefused      = Code{"BBA239", ExitUnavailable}
	NotChecked        = Code{"BBA240", ExitUnavailable} // what the credential has no scope to see
	Deprecated        = Code{"BBA241", ExitUnavailable} // what Bitbucket is going to remove
)

// The CI host: BBA3xx.
var (
	NoHost          = Code{"BBA301", ExitHost}
	CommandFileName = Code{"BBA302", ExitHost} // the variable that names it isn't set
	CommandFile     = Code{"BBA303", ExitHost} // it is missing, or can't be opened
	CommandWrite    = Code{"BBA304", ExitHost} // it can't be written
	OutputStream    = Code{"BBA305", ExitHost}
	Interrupted     = Code{"BBA306", ExitInterrupted}
	Terminated      = Code{"BBA307", ExitTerminated}
	HungUp          = Code{Terminated.ID, ExitHungUp} // like SIGTERM, but for the exit code
	Quit            = Code{Terminated.ID, ExitQuit}
	GitConfigCount  = Code{"BBA308", ExitHost}
	EnvFileMissing  = Code{"BBA309", ExitHost} // not named, where the results need it
	EnvFile         = Code{"BBA310", ExitHost} // it can't be used, or must not be
	EnvFileWrite    = Code{"BBA311", ExitHost}
	ResultRefused   = Code{"BBA312", ExitHost} // a result that this host can't hand over
	JobAPI          = Code{"BBA313", ExitHost} // Buildkite's
	HostAmbiguous   = Code{"BBA314", ExitHost} // markers of more than one host
	InputsDropped   = Code{"BBA315", ExitHost} // by a shell on the way
	GitCAFile       = Code{"BBA316", ExitHost} // GIT_SSL_CAINFO, by which git ignores its configuration
)

// The mirror: BBA4xx.
var (
	Pattern             = Code{"BBA401", ExitInput}
	SourceMissing       = Code{"BBA402", ExitInput} // where the host doesn't name it
	SourceAddress       = Code{"BBA403", ExitInput}
	SourceSecret        = Code{"BBA404", ExitInput} // a password in its address
	SourceEmpty         = Code{"BBA405", ExitInput} // no branch to mirror
	SourceShallow       = Code{"BBA406", ExitInput}
	SourceIsDestination = Code{"BBA407", ExitInput}
	TooManyDeletions    = Code{"BBA408", ExitInput}
	SourcePartial       = Code{"BBA409", ExitInput}       // a clone that lacks branches, with prune
	SourceIncomplete    = Code{"BBA410", ExitInput}       // a partial clone
	SourceRefused       = Code{"BBA411", ExitUnavailable} // its login
	SourceNotFound      = Code{"BBA412", ExitUnavailable}
	SourceUnreachable   = Code{"BBA413", ExitUnavailable}
	SourceFailed        = Code{"BBA414", ExitUnavailable} // for any other reason
	SourceRedirected    = Code{"BBA415", ExitInput}       // to another server
	SourceHTTP          = Code{"BBA416", ExitInput}       // an address without https
	WriteRefused        = Code{"BBA421", ExitRefused}
	ReadOnly            = Code{"BBA422", ExitRefused} // or full
	UserLimit           = Code{"BBA423", ExitRefused}
	PushTooLarge        = Code{"BBA424", ExitRefused}
	BitbucketFailed     = Code{"BBA425", ExitUnavailable} // for any other reason
	GitMissing          = Code{"BBA431", ExitUnavailable}
	GitFailed           = Code{"BBA432", ExitUnavailable} // on this machine
	DiskFull            = Code{"BBA433", ExitUnavailable}
	LFSMissing          = Code{"BBA434", ExitUnavailable} // the program
	LFSObject           = Code{"BBA435", ExitUnavailable}
	LFSFailed           = Code{"BBA436", ExitUnavailable}
	MirrorTimedOut      = Code{"BBA437", ExitUnavailable}
	Incomplete          = Code{"BBA441", ExitIncomplete}
)

// Internal errors: BBA9xx.
var (
	Unexpected  = Code{"BBA901", ExitInternal}
	Unprintable = Code{"BBA902", ExitInternal}
)
