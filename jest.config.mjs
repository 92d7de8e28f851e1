// Nest 12 is ESM only: run through `node --experimental-vm-modules` (scripts/test.mjs does).
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/src/**/*.spec.ts', '<rootDir>/test/**/*.spec.ts', '<rootDir>/examples/**/*.spec.ts'],
  setupFiles: ['<rootDir>/test/setup/realm.mjs'],
  setupFilesAfterEnv: ['<rootDir>/test/setup/close-left-open.ts'],
  globalSetup: '<rootDir>/test/setup/global-setup.mjs',
  globalTeardown: '<rootDir>/test/setup/global-teardown.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^posthorn$': '<rootDir>/src/index.ts',
    '^posthorn/testing$': '<rootDir>/src/testing/index.ts',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        jsc: {
          target: 'es2023',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  testSequencer: '<rootDir>/test/setup/longest-first.mjs',
  maxWorkers: 2,
  // Every file leaves its modules behind; a new worker loads Jest and all that it knows of the files once more.
  workerIdleMemoryLimit: '2GB',
  // Says that a test hangs, not that the machine is slow: several start servers, each with a PostgreSQL of its own.
  testTimeout: 300_000,
};
