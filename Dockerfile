# A static binary in an image that holds nothing else but the roots of trust. It
# runs as nobody special and writes nothing: use it with a read-only root file
# system.
#
#   docker build -t ecs-operator .
#   docker run --read-only -v "$PWD/services:/specs:ro" -e AWS_REGION=eu-west-1 ecs-operator
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /ecs-operator ./cmd/ecs-operator

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /ecs-operator /ecs-operator
USER 65532:65532
# All interfaces, because the network namespace is the container's own. No
# instance role by accident: a task's own role comes another way.
ENV ECS_OPERATOR_LISTEN=0.0.0.0:8080 \
    ECS_OPERATOR_PATH=/specs \
    AWS_EC2_METADATA_DISABLED=true
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["/ecs-operator", "healthcheck"]
ENTRYPOINT ["/ecs-operator", "run"]
