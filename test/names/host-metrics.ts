/**
 * Names of the Collector's host metrics receiver, which have no constants: from the
 * `documentation.md` of each of its scrapers (cpu, disk, filesystem, load, memory, network, paging,
 * process, processes) at v0.149.0 of opentelemetry-collector-contrib. Dashboards made for the
 * receiver work with these, so our own machine figures use them and not newer conventions.
 */

/** Attributes of the points by metric; no more than these may be there. */
export const hostMetrics: Readonly<Record<string, readonly string[]>> = {
  'system.cpu.time': ['cpu', 'state'],
  'system.cpu.utilization': ['cpu', 'state'],
  'system.cpu.load_average.1m': [],
  'system.cpu.load_average.5m': [],
  'system.cpu.load_average.15m': [],
  'system.memory.usage': ['state'],
  'system.memory.utilization': ['state'],
  'system.memory.limit': [],
  'system.disk.io': ['device', 'direction'],
  'system.disk.operations': ['device', 'direction'],
  'system.disk.io_time': ['device'],
  'system.filesystem.usage': ['device', 'mode', 'mountpoint', 'state', 'type'],
  'system.filesystem.utilization': ['device', 'mode', 'mountpoint', 'type'],
  'system.network.io': ['device', 'direction'],
  'system.network.packets': ['device', 'direction'],
  'system.network.errors': ['device', 'direction'],
  'system.network.dropped': ['device', 'direction'],
  'system.processes.count': ['status'],
  'system.processes.created': [],
  'process.cpu.time': ['state'],
  'process.memory.usage': [],
  'process.memory.virtual': [],
  'process.disk.io': ['direction'],
};

/** Units as the receiver has them, of the metrics that we send. */
export const hostMetricUnits: Readonly<Record<string, string>> = {
  'system.cpu.time': 's',
  'system.cpu.load_average.1m': '{thread}',
  'system.memory.usage': 'By',
  'system.memory.utilization': '1',
  'system.disk.io': 'By',
  'system.disk.operations': '{operations}',
  'system.filesystem.usage': 'By',
  'system.network.io': 'By',
  'system.network.packets': '{packets}',
  'system.network.errors': '{errors}',
  'system.processes.count': '{processes}',
  'process.cpu.time': 's',
  'process.memory.usage': 'By',
  'process.memory.virtual': 'By',
};
