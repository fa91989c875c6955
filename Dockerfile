# An image that holds the operator, git, ssh, their libraries, the roots of trust,
# and nothing else: no shell, no package manager. It runs as nobody special, and
# writes to one directory: use it with a read-only root file system.
#
#   docker build -t ecs-operator .
#   docker run --read-only -e ECS_OPERATOR_PATH=/specs -v "$PWD/services:/specs:ro" -e AWS_REGION=eu-west-1 ecs-operator
#   docker buildx build --platform linux/arm64,linux/amd64 -t ecs-operator .
#
# hack/image has a test that replays these steps without a container engine.
ARG GO=golang:1.26
ARG BASE=debian:12.12-slim

# Where git and ssh come from, as the platform of the image has them.
FROM ${BASE} AS programs
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git openssh-client

FROM --platform=$BUILDPLATFORM ${GO} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN mkdir -p /out/files /out/cache
# Nothing of the other stage is run: it may be for another architecture.
RUN --mount=type=bind,from=programs,target=/programs go run ./hack/image /programs /out/files
ARG TARGETOS TARGETARCH
ARG VERSION=
ARG REVISION=
# The bytes are those of `go run ./hack/release build` with the same version of Go.
RUN CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION} -X main.commit=${REVISION}" -o /out/ecs-operator ./cmd/ecs-operator

FROM scratch
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="ecs-operator" \
      org.opencontainers.image.description="GitOps for Amazon ECS: keeps services as documents declare them" \
      org.opencontainers.image.source="https://github.com/ecs-operator/ecs-operator" \
      org.opencontainers.image.documentation="https://github.com/ecs-operator/ecs-operator/blob/main/docs/deploy-on-ecs.md" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /out/files/ /
COPY --from=build /out/ecs-operator /ecs-operator
# The one place that is written to, for git and for what ssh reads. ECS gives a
# volume that is mounted here the owner of the directory, because it is a VOLUME.
COPY --from=build --chown=65532:65532 /out/cache /var/cache/ecs-operator
VOLUME ["/var/cache/ecs-operator"]
USER 65532:65532
# All interfaces, because the network namespace is the container's own. No
# instance role by accident: a task's own role comes another way.
ENV PATH=/usr/bin \
    TMPDIR=/var/cache/ecs-operator \
    ECS_OPERATOR_GIT_CACHE=/var/cache/ecs-operator \
    ECS_OPERATOR_LISTEN=0.0.0.0:8080 \
    AWS_EC2_METADATA_DISABLED=true
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["/ecs-operator", "healthcheck"]
ENTRYPOINT ["/ecs-operator", "run"]
