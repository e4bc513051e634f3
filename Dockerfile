# The build stage runs on the builder's own platform and cross-compiles. The
# default is for the classic builder, which sets none of these arguments and
# builds for its own platform.
ARG BUILDPLATFORM=linux
FROM --platform=$BUILDPLATFORM golang:1.26.11-bookworm AS build
ARG TARGETOS
ARG TARGETARCH
ARG VERSION
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY main.go ./
COPY internal ./internal
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build \
    -trimpath -buildvcs=false -tags nethttpomithttp2 -gcflags=all=-l -gcflags=runtime= -gcflags=internal/runtime/...= \
    -ldflags "-s -w -funcalign=1 -X main.version=$VERSION" \
    -o /out/bitbucket-auth . \
 && mkdir -p /out/etc/ssl \
 && cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/cert.pem

# One layer holds everything. Go reads the CA certificates once at this path; at
# /etc/ssl/certs it would read them as a file and again as part of the folder.
# There must be no USER line: the files that the runner mounts belong to another
# user, so the container runs as root (docs.github.com, "Dockerfile support for
# GitHub Actions").
FROM scratch
COPY --from=build /out /
ENTRYPOINT ["/bitbucket-auth"]
