# Ferry in a container: `ferry serve`, or any other command as the argument (docs/serve.md).
#
#   docker build --tag ferry .
#   docker buildx build --platform linux/amd64,linux/arm64 --tag REGISTRY/ferry:0.1.0 --push .
#
# BASE needs Debian 12's C library or a later one, and libstdc++: debian:12-slim, or one without a shell ("distroless" with C++).
# BUILD_BASE needs Node 20 or newer with npm, a shell and time zones; only the time zones get into the image.
ARG BASE=debian:12-slim
ARG BUILD_BASE=node:24-bookworm

# On the processor of the machine that builds: nothing for another one is run here.
FROM --platform=$BUILDPLATFORM $BUILD_BASE AS build
WORKDIR /build
# The packages are a layer of their own, which stays until they change.
COPY package.json package-lock.json .npmrc ./
COPY scripts scripts
COPY shared/lock.mjs shared/
RUN node scripts/bootstrap.mjs node --version
COPY . .
ARG TARGETARCH
RUN node scripts/bootstrap.mjs node scripts/build-image-files.ts --architecture "$TARGETARCH" --out /image \
    && mkdir -p /image/folder/.ferry && chmod 1777 /image/folder/.ferry

FROM $BASE
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="Ferry" \
      org.opencontainers.image.description="Carries database tables to Polyteia and database catalogs to Atlan, on a schedule." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /usr/share/zoneinfo /usr/share/zoneinfo
COPY --from=build /image/runtime /
COPY --from=build /image/program /
# ferry.yaml or .env is mounted here. State is written here too, unless FERRY_STATE names another place: mount a volume over it.
WORKDIR /ferry
COPY --from=build --chown=65532:65532 /image/folder /ferry
ENV FERRY_EXTENSIONS=/opt/ferry/extensions
USER 65532:65532
EXPOSE 8080
# The port may be in the connector's .env, which wins over the environment.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["/usr/local/bin/node", "-e", "const {existsSync,readFileSync}=require('node:fs'),{FERRY_CONFIG,HEALTH_CHECK_PORT}=process.env,file=FERRY_CONFIG||(existsSync('ferry.yaml')?'':'.env'),text=existsSync(file)?readFileSync(file,'utf8'):'',own=/^\\s*(?:export\\s+)?HEALTH_CHECK_PORT\\s*[=:]\\s*[\"']?(\\d+)/m.exec(text);fetch('http://127.0.0.1:'+(own?.[1]||HEALTH_CHECK_PORT?.trim()||8080)+'/healthz').then(({ok})=>process.exit(ok?0:1),()=>process.exit(1))"]
ENTRYPOINT ["/usr/local/bin/ferry"]
CMD ["serve"]
