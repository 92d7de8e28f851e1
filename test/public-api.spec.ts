import { expect, it } from '@jest/globals';
import path from 'node:path';
import ts from 'typescript';
import * as posthorn from '../src/index.js';
import * as testing from '../src/testing/index.js';

it('exports these names: a change here is a decision', () => {
  expect(Object.keys(posthorn).sort()).toEqual([
    'AlertSink',
    'ApiRoutes',
    'Authenticator',
    'DashboardModule',
    'DefaultRetryPolicy',
    'DeliveryModule',
    'EventDispatcher',
    'HttpTransport',
    'InboundModule',
    'JsonataTransformer',
    'KeyAuthenticator',
    'KeyRingCipher',
    'LogAlerts',
    'Metrics',
    'OnWebhook',
    'OutboundModule',
    'POSTHORN_ENTITIES',
    'POSTHORN_MIGRATIONS',
    'PayloadTransformer',
    'PosthornDataSource',
    'PosthornError',
    'PosthornModule',
    'ReceivingRoutes',
    'RegistryModule',
    'RequestSigner',
    'RetryPolicy',
    'SecretBoxError',
    'SecretCipher',
    'SettingsError',
    'StandardSigner',
    'Transport',
    'UNKNOWN_TYPE',
    'UnauthenticatedError',
    'WebhookEvent',
    'bearerToken',
    'bodyId',
    'dataSourceOptions',
    'drizzleExecutor',
    'headerOf',
    'knexExecutor',
    'pgExecutor',
    'prismaExecutor',
    'textField',
  ]);
});

it('exports these names for tests', () => {
  expect(Object.keys(testing).sort()).toEqual([
    'SIGNED_PROVIDERS',
    'TestPosthorn',
    'TestReceiver',
    'alertSinkContract',
    'authenticatorContract',
    'newSecretPair',
    'payloadTransformerContract',
    'providerContract',
    'requestSignerContract',
    'retryPolicyContract',
    'sampleWebhook',
    'secretCipherContract',
    'signedRequest',
    'sqlExecutorContract',
    'transportContract',
  ]);
});

const root = path.resolve(import.meta.dirname, '..');

/** Names and methods that a face exports and of which nothing is said where an editor would show it. */
function undocumented(face: string): string[] {
  const program = ts.createProgram([face], { module: ts.ModuleKind.NodeNext, strict: true, skipLibCheck: true });
  const checker = program.getTypeChecker();
  const isSilent = (symbol: ts.Symbol): boolean =>
    symbol.getDocumentationComment(checker).length === 0 && isOurs(symbol.declarations?.[0]);
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(face)!)!);
  return exported.flatMap((name) => {
    const symbol = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name;
    const methods = [...(symbol.members?.values() ?? []), ...(symbol.exports?.values() ?? [])].filter(
      (member) => member.flags & ts.SymbolFlags.Method && isOpen(member),
    );
    return [
      ...(isSilent(symbol) ? [name.name] : []),
      ...methods.filter(isSilent).map((one) => `${name.name}.${one.name}`),
    ];
  });
}

const isOurs = (declaration: ts.Declaration | undefined): boolean =>
  declaration?.getSourceFile().fileName.startsWith(path.join(root, 'src')) ?? false;

/** Callable from elsewhere; what Nest calls by itself is nobody's to call. */
const isOpen = ({ name, declarations = [] }: ts.Symbol): boolean =>
  !/^(?:on(?:Module|Application)|before)/.test(name) &&
  declarations.every(
    (one) => !(ts.getCombinedModifierFlags(one) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)),
  );

it.each(['src/index.ts', 'src/testing/index.ts'])(
  '%s says of every name, and every method of it, what it is',
  (face) => expect(undocumented(path.join(root, face))).toEqual([]),
  60_000,
);
