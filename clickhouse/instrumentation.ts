/**
 * Who saw a span: the program itself (an SDK), or an eBPF agent from outside. One request may be
 * told by both. Both are stored; rates and the service map count it once, by the SDK's span.
 *
 * An eBPF agent says so in its resource: OBI by `telemetry.distro.name` (Semantic Conventions,
 * resource/telemetry), older ones and Beyla by `telemetry.sdk.name`.
 */

/** Values of `Instrumentation` in the RED tables. */
export const instrumentations = ['', 'ebpf'] as const;

/** Resource attributes whose values an eBPF agent is known by. */
export const ebpfMarks: readonly { readonly key: string; readonly values: readonly string[] }[] = [
  { key: 'telemetry.distro.name', values: ['opentelemetry-ebpf-instrumentation'] },
  { key: 'telemetry.sdk.name', values: ['opentelemetry-ebpf-instrumentation', 'beyla'] },
];

/** Whether a row of `otel_traces` comes from an eBPF agent. */
export const isEbpf = `(${ebpfMarks
  .map(({ key, values }) => {
    const texts = values.map((value) => `'${value}'`).join(', ');
    return `ResourceAttributes['${key}'] IN (${texts})`;
  })
  .join(' OR ')})`;
