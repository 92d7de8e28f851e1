import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'data/', 'coverage/', 'node_modules/'] },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    // Applications of their own, with dependencies of their own: compiled by the tests.
    ignores: ['examples/**'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    // A part of a name also finds what was there before the action that is waited for.
    files: ['test/e2e/dashboard*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'CallExpression[callee.property.name="getByRole"] Property[key.name="name"]:not([value.regex])',
          message: 'Say called(name): without it, a part of a name is enough.',
        },
        {
          selector: 'CallExpression[callee.property.name="getByLabel"][arguments.length=1] > :not([regex])[value]',
          message: 'Say EXACTLY: without it, a part of a label is enough.',
        },
      ],
    },
  },
  { files: ['examples/**/*.ts'], extends: [...tseslint.configs.recommended] },
  {
    // Type-only imports of DTOs erase the metadata that validation reads, so no rule here may rewrite imports.
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        Buffer: 'readonly',
        performance: 'readonly',
        fetch: 'readonly',
      },
    },
  },
);
