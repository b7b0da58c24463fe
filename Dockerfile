# syntax=docker/dockerfile:1
# obsctl in an image: no shell, no package manager, not root, and a root file system that may be
# read-only. It holds the published package, the packages it needs by the lock file, and Node; not
# the embedded engine. Nothing but Node depends on the processor, so one build serves both:
#
#   docker buildx build --platform linux/amd64,linux/arm64 --tag REGISTRY/obsctl:VERSION .
#
# test/image repeats these steps without Docker. RUN uses no absolute paths for that reason.

FROM --platform=$BUILDPLATFORM node:26.10.0-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node tools/build.ts ../packed
WORKDIR /packed
RUN npm pack --silent
WORKDIR /app
RUN tar -xzf ../packed/obsctl-*.tgz --strip-components=1
COPY package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:26.10.0-bookworm-slim AS node

FROM gcr.io/distroless/cc-debian12:nonroot
# Node is linked against it, and the base image has no need of it.
COPY --from=node /usr/lib/*-linux-gnu/libatomic.so.1* /usr/lib/
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app /app
ENV NODE_ENV=production
WORKDIR /
# A number, because `runAsNonRoot` cannot judge a name.
USER 10001:10001
ENTRYPOINT ["/usr/local/bin/node", "/app/bin/obsctl"]
CMD ["--help"]
