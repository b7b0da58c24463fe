/** The shop's customers and orders in its Postgres, where the demo has one. */
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { Pool } from 'pg';

export type Store = {
  /** The id of a new customer. */
  readonly addCustomer: (plan: string) => Promise<number>;
  readonly addOrder: (order: Order) => Promise<void>;
  readonly close: () => Promise<void>;
};

type Order = {
  readonly customer: number;
  /** As logs and spans name it. */
  readonly reference: string;
  readonly cents: number;
};

const connectionsMax = 2;

export function openStore(dsn: string): Store {
  const pool = new Pool({ connectionString: dsn, max: connectionsMax });
  // A connection that breaks while nobody uses it; the next query says it.
  pool.on('error', () => {});
  const { hostname, port } = new URL(dsn);
  const run = (table: string, text: string, values: readonly unknown[]) =>
    traced(table, { hostname, port }, () => pool.query(text, [...values]));
  return {
    addCustomer: async (plan) => {
      const { rows } = await run(
        'customers',
        "INSERT INTO customers (name, plan) VALUES ('a new customer', $1) RETURNING id",
        [plan],
      );
      return Number(rows[0]?.id);
    },
    addOrder: async ({ customer, reference, cents }) => {
      await run(
        'orders',
        'INSERT INTO orders (customer_id, reference, total) VALUES ($1, $2, $3::numeric / 100)',
        [customer, reference, cents],
      );
    },
    close: () => pool.end(),
  };
}

/** The call as the client span that an instrumented driver would make of it. */
async function traced<T>(
  table: string,
  { hostname, port }: { readonly hostname: string; readonly port: string },
  query: () => Promise<T>,
): Promise<T> {
  const span = trace.getTracer('shop').startSpan(`INSERT ${table}`, {
    kind: SpanKind.CLIENT,
    attributes: {
      'db.system.name': 'postgresql',
      'db.operation.name': 'INSERT',
      'db.collection.name': table,
      'server.address': hostname,
      'server.port': Number(port),
    },
  });
  try {
    return await query();
  } catch (error) {
    const message = Error.isError(error) ? error.message : String(error);
    span.setStatus({ code: SpanStatusCode.ERROR, message });
    throw error;
  } finally {
    span.end();
  }
}
