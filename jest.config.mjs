// Jest in ESM over the source as it is: Node strips the types, nothing is compiled.
export default {
  testEnvironment: 'node',
  testMatch: ['**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.obsctl'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/tools/strip-types.mjs' },
  reporters: ['default', '<rootDir>/tools/totals-reporter.mjs'],
  testTimeout: 60_000,
  // Jest leaves one core to itself, and on two that is one test at a time; most of them wait. With
  // three, those that have a limit miss it.
  maxWorkers: 2,
};
