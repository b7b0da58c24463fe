/**
 * A checkout that fails once. Endpoint, protocol and service name come from the environment:
 * OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_SERVICE_NAME.
 */
import { logs, metrics, SeverityNumber, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';

// Without exporters named in code the SDK takes them from the environment.
process.env['OTEL_LOGS_EXPORTER'] ??= 'otlp';
process.env['OTEL_METRICS_EXPORTER'] ??= 'otlp';
process.env['OTEL_TRACES_EXPORTER'] ??= 'otlp';
const sdk = new NodeSDK();
sdk.start();

const tracer = trace.getTracer('checkout');
const orders = metrics.getMeter('checkout').createCounter('shop.orders', { unit: '{order}' });
const logger = logs.getLogger('checkout');

tracer.startActiveSpan('POST /checkout', { kind: SpanKind.SERVER }, (request) => {
  tracer.startActiveSpan('charge card', { kind: SpanKind.CLIENT }, (charge) => {
    charge.setStatus({ code: SpanStatusCode.ERROR, message: 'card declined' });
    charge.end();
  });
  orders.add(1, { 'shop.payment': 'declined' });
  logger.emit({
    severityNumber: SeverityNumber.WARN,
    severityText: 'WARN',
    body: 'order 42: card declined',
    attributes: { 'shop.order': 42 },
  });
  request.setAttribute('http.response.status_code', 402);
  request.end();
});

// Sends what is waiting; without it a short program ends before its telemetry has left.
await sdk.shutdown();
