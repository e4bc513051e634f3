module github.com/seed-e1d06701/bitbucket-auth

go 1.26.0

require github.com/sethvargo/go-envconfig v1.4.3

require (
	github.com/hashicorp/go-retryablehttp v0.7.8
	github.com/sethvargo/go-githubactions v1.4.0
	golang.org/x/oauth2 v0.37.0
)

require github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
