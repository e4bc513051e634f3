module github.com/seed-e1d06701/bitbucket-auth

go 1.26.0

toolchain go1.26.11

require github.com/sethvargo/go-envconfig v1.4.3

require github.com/sethvargo/go-githubactions v1.4.0
