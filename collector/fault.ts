/** What is wrong with a configuration, and when the Collector itself would say so. */
import type { ComponentId } from './types.ts';

export type ConfigFault = {
  /** Keys from the top, joined by dots: `service.pipelines.traces.processors.batch`. */
  readonly path: string;
  readonly message: string;
  /** The component as the Collector names it. */
  readonly component?: ComponentId;
  /**
   * `validate`: `otelcol validate` refuses it too. `start`: it passes there and the process ends
   * at its start. `never`: the Collector runs, but not as it was meant.
   */
  readonly noticed: 'validate' | 'start' | 'never';
};
