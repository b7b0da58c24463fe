/*
 * A checkout that fails once. Endpoint, protocol and service name come from the environment:
 * OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_SERVICE_NAME.
 */
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Scope;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;

public final class Checkout {
  private static final AttributeKey<String> PAYMENT = AttributeKey.stringKey("shop.payment");
  private static final AttributeKey<Long> ORDER = AttributeKey.longKey("shop.order");

  public static void main(String[] arguments) {
    // Closing sends what is waiting; without it a short program ends before its telemetry has left.
    try (OpenTelemetrySdk sdk = AutoConfiguredOpenTelemetrySdk.initialize().getOpenTelemetrySdk()) {
      checkOut(sdk);
    }
  }

  private static void checkOut(OpenTelemetrySdk sdk) {
    var tracer = sdk.getTracer("checkout");
    var orders = sdk.getMeter("checkout").counterBuilder("shop.orders").setUnit("{order}").build();
    var logger = sdk.getLogsBridge().get("checkout");

    Span request = tracer.spanBuilder("POST /checkout").setSpanKind(SpanKind.SERVER).startSpan();
    try (Scope scope = request.makeCurrent()) {
      Span charge = tracer.spanBuilder("charge card").setSpanKind(SpanKind.CLIENT).startSpan();
      charge.setStatus(StatusCode.ERROR, "card declined");
      charge.end();
      orders.add(1, Attributes.of(PAYMENT, "declined"));
      logger
          .logRecordBuilder()
          .setSeverity(Severity.WARN)
          .setSeverityText("WARN")
          .setBody("order 42: card declined")
          .setAttribute(ORDER, 42L)
          .emit();
      request.setAttribute("http.response.status_code", 402);
    } finally {
      request.end();
    }
  }
}
