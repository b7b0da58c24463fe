/** Images that stock installations run, pinned; what the stack file names goes first. */

const releases = 'ghcr.io/open-telemetry/opentelemetry-collector-releases';

/** The Collector's contrib distribution; static, runs as uid 10001. Apache-2.0. */
export function collectorImageFor(version: string): string {
  return `${releases}/opentelemetry-collector-contrib:${version}`;
}

/** A shell and curl for the one Job that makes Secrets. curl licence (MIT-like). */
export const curlImage = 'docker.io/curlimages/curl:8.14.1';
