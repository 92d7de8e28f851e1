import { describe, expect, it } from '@jest/globals';
import { RouteTable } from './route-table.js';

const route = (path: unknown, ...methods: string[]) => ({
  route: { path, methods: Object.fromEntries(methods.map((method) => [method, true])) },
});

const table = new RouteTable({
  router: {
    stack: [
      {},
      route('/api/things', 'get', 'post'),
      route('/api/things/:id', 'get'),
      route('/api/things/:id', 'delete'),
      route('/a.b', 'post'),
      route(['/x', '/y'], 'put'),
      route('/files/*path', 'get'),
      route('/any', '_all'),
      route(/regexp/, 'get'),
    ],
  },
});

describe('the methods of a path', () => {
  it.each([
    ['/api/things', ['GET', 'HEAD', 'OPTIONS', 'POST']],
    ['/API/things/', ['GET', 'HEAD', 'OPTIONS', 'POST']],
    ['/api/things/7', ['DELETE', 'GET', 'HEAD', 'OPTIONS']],
    ['/api/things/7/more', []],
    ['/a.b', ['OPTIONS', 'POST']],
    ['/axb', []],
    ['/y', ['OPTIONS', 'PUT']],
    ['/files/a', []],
    ['/any', []],
    ['/', []],
  ])('%s has %j', (path, methods) => expect(table.methodsOf(path)).toEqual(methods));
});
