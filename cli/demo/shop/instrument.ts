/**
 * Loaded before a shop service (`node --import`), exactly as a user would instrument an own
 * application: the OpenTelemetry SDK, configured by `OTEL_*` variables alone.
 */
import { createRequire } from 'node:module';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { NodeSDK } from '@opentelemetry/sdk-node';

const sdk = new NodeSDK({ instrumentations: [new HttpInstrumentation()] });
sdk.start();
// The hook patches `http` when it is first required; services use the same object by import.
createRequire(import.meta.url)('node:http');

/** Sends what is still buffered; the service calls it when it ends. */
export async function stopTelemetry(): Promise<void> {
  await sdk.shutdown();
}
