package fault

// The inputs: BBA1xx.
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
	SettingRefused    = Code{"BBA110", ExitInput} // a setting that this host doesn't take
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
	IdentityEmail     = Code{"BBA129", ExitInput} // an e-mail where a username belongs
	Repository        = Code{"BBA130", ExitInput}
	RepositoryHost    = Code{"BBA131", ExitInput}
	RepositoryHTTP    = Code{"BBA132", ExitInput}
	RepositorySecret  = Code{"BBA133", ExitInput}
	Workspace         = Code{"BBA134", ExitInput}
	WorkspaceDiffers  = Code{"BBA135", ExitInput}
	RepositoryMissing = Code{"BBA136", ExitInput} // what is asked for needs a repository or workspace
	SettingAlone      = Code{"BBA137", ExitInput} // a setting that does nothing without another
	TokenShown        = Code{"BBA138", ExitInput} // the token, where it would be shown
)

// What Bitbucket answered: BBA2xx.
var (
	Expired = Code{"BBA201", ExitRefused}
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
	GitConfigCount  = Code{"BBA308", ExitHost}
)

// Our own: BBA9xx.
var (
	Unexpected  = Code{"BBA901", ExitInternal}
	Unprintable = Code{"BBA902", ExitInternal}
)
