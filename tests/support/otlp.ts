// A receiver of OpenTelemetry (OTLP over HTTP, as JSON), which stores received spans.

/** The part of a span that tests use. */
export interface Span {
  readonly service: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A running receiver. */
export interface OtlpReceiver {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  readonly spans: readonly Span[];
  close(): Promise<void>;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

/** `ExportTraceServiceRequest` of opentelemetry-proto, as JSON. */
interface Traces {
  readonly resourceSpans?: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly { readonly name: string; readonly attributes: readonly Attribute[] }[];
    }[];
  }[];
}

/** Starts one on a free port of loopback. */
export function startOtlpReceiver(): OtlpReceiver {
  const spans: Span[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { resourceSpans = [] }: Traces = await request.json();
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = textsOf(resource.attributes)["service.name"] ?? "";
      for (const { name, attributes } of scopeSpans.flatMap((scope) => scope.spans)) {
        spans.push({ service, name, attributes: textsOf(attributes) });
      }
    }
    return Response.json({});
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, spans, close: () => server.shutdown() };
}

function textsOf(attributes: readonly Attribute[]): Readonly<Record<string, string>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? ""]));
}
