/** An engine with the seeded shop of the last minutes, to ask dashboards on. */
import { connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { systemClock } from '../../core/clock.ts';
import { type Asker, askerOf } from './ask-dashboards.ts';
import { startEngine, type TestEngine } from './engine.ts';
import { seedEntities } from './seed-entities.ts';
import { type Seeded, seedTelemetry } from './seed-telemetry.ts';

export type SeededShop = Asker & { readonly engine: TestEngine; readonly seeded: Seeded };

export async function startSeededShop(seed: number): Promise<SeededShop> {
  const engine = await startEngine();
  const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  try {
    await migrate(clickhouse);
    const endMs = systemClock.nowMs();
    const seeded = await seedTelemetry(clickhouse, { endMs, seed });
    await seedEntities(clickhouse, seeded);
    await migrate(clickhouse, { lookups: {} });
    return { engine, seeded, ...askerOf(engine.url, seeded) };
  } catch (error) {
    await engine.stop();
    throw error;
  } finally {
    await clickhouse.close();
  }
}
