module github.com/seed-e1d06701/bitbucket-auth/bench

go 1.26.0

require github.com/seed-e1d06701/bitbucket-auth v0.0.0

replace github.com/seed-e1d06701/bitbucket-auth => ..
