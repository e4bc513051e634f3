#!/usr/bin/env bash
# The same with git alone: clone everything, and push.
auth=$(printf %s "$BITBUCKET_AUTH_SOURCE_USERNAME:$BITBUCKET_AUTH_TOKEN" | base64 -w0)
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraHeader GIT_CONFIG_VALUE_0="Authorization: Basic $auth"
dir=$(mktemp -d)
git clone --quiet --mirror "$BITBUCKET_AUTH_SOURCE" "$dir"
git -C "$dir" push --quiet "${url:?}/$BITBUCKET_AUTH_REPOSITORY.git" main
rm -rf "$dir"
