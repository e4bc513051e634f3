# The build stage runs on the builder's own platform and cross-compiles. The
# defaults are for the classic builder, which sets neither argument and then
# builds for its own platform.
ARG BUILDPLATFORM=linux
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
ARG TARGETOS
ARG TARGETARCH
ARG VERSION
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY main.go ./
COPY internal ./internal
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build \
    -trimpath -buildvcs=false -tags nethttpomithttp2 -gcflags=all=-l \
    -ldflags "-s -w -X main.version=$VERSION" \
    -o /out/bitbucket-auth . \
 && mkdir -p /out/etc/ssl/certs \
 && cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/

# One layer of substance. There is no USER line, and must be none: the files
# that the runner hands in belong to another user, so the container runs as root
# (docs.github.com, "Dockerfile support for GitHub Actions").
FROM scratch
COPY --from=build /out /
ENTRYPOINT ["/bitbucket-auth"]
