// Jest in ESM over the source as it is: Node strips the types, nothing is compiled.
export default {
  testEnvironment: 'node',
  testMatch: ['**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.obsctl'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/tools/strip-types.mjs' },
  reporters: ['default', '<rootDir>/tools/totals-reporter.mjs'],
  testTimeout: 60_000,
  // On two cores: most tests wait for an engine, a disk or a peer, and two at a time leave a third
  // of both idle.
  maxWorkers: 3,
};
