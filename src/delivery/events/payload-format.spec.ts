import { describe, expect, it } from '@jest/globals';
import { bodyOf, headersOf, percentEncoded } from './payload-format.js';
import type { WrittenEvent } from './payload-format.js';

// The event of the examples in the HTTP binding of CloudEvents 1.0.2, section 3.1.4, with data of our own.
const EVENT: WrittenEvent = {
  eventId: '1234-1234-1234',
  eventType: 'com.example.someevent',
  occurredAt: new Date('2018-04-05T03:56:24Z'),
};
const DATA = '{"b":1,"a":1.0,"text":"\u20ac \\u20ac"}';
const SOURCE = '/mycontext/subcontext';

describe('native', () => {
  it('is our envelope around the data, byte for byte', () => {
    expect(bodyOf(EVENT, DATA, 'native', SOURCE).toString()).toBe(
      `{"id":"1234-1234-1234","event":"com.example.someevent","timestamp":"2018-04-05T03:56:24.000Z","data":${DATA}}`,
    );
    expect(headersOf(EVENT, 'native', SOURCE)).toEqual([['Content-Type', 'application/json']]);
  });
});

describe('cloudevents-binary', () => {
  it('is the data alone, and the attributes as headers, like the example of the specification', () => {
    expect(bodyOf(EVENT, DATA, 'cloudevents-binary', SOURCE).toString()).toBe(DATA);
    expect(Object.fromEntries(headersOf(EVENT, 'cloudevents-binary', SOURCE))).toEqual({
      'Content-Type': 'application/json',
      'ce-specversion': '1.0',
      'ce-type': 'com.example.someevent',
      'ce-time': '2018-04-05T03:56:24.000Z',
      'ce-id': '1234-1234-1234',
      'ce-source': '/mycontext/subcontext',
    });
  });

  it('never says twice what the data is', () => {
    const names = headersOf(EVENT, 'cloudevents-binary', SOURCE).map(([name]) => name.toLowerCase());
    expect(names).not.toContain('ce-datacontenttype');
  });

  it.each([
    // The example of section 3.1.3.2.
    ['Euro € 😀', 'Euro%20%E2%82%AC%20%F0%9F%98%80'],
    ['https://hooks.example/a?b=c&d=e#f', 'https://hooks.example/a?b=c&d=e#f'],
    ['100% "sure"', '100%25%20%22sure%22'],
    ['a\r\nb\u0000\u007f', 'a%0D%0Ab%00%7F'],
    ['!~', '!~'],
    ['\ud800', '%EF%BF%BD'],
  ])('writes %j as %s', (text, encoded) => {
    expect(percentEncoded(text)).toBe(encoded);
    expect(decodeURIComponent(encoded)).toBe(text.replace('\ud800', '\ufffd'));
  });
});

describe('cloudevents-structured', () => {
  it('is one JSON document of the JSON format, with the data as it is', () => {
    const body = bodyOf(EVENT, DATA, 'cloudevents-structured', SOURCE).toString();
    expect(body).toContain(`"data":${DATA}}`);
    expect(JSON.parse(body)).toEqual({
      specversion: '1.0',
      id: '1234-1234-1234',
      source: '/mycontext/subcontext',
      type: 'com.example.someevent',
      time: '2018-04-05T03:56:24.000Z',
      datacontenttype: 'application/json',
      data: JSON.parse(DATA) as unknown,
    });
    expect(headersOf(EVENT, 'cloudevents-structured', SOURCE)).toEqual([
      ['Content-Type', 'application/cloudevents+json; charset=utf-8'],
    ]);
  });

  it('holds any source', () => {
    const body = bodyOf(EVENT, DATA, 'cloudevents-structured', 'https://ü.example/"\\').toString();
    expect(JSON.parse(body)).toMatchObject({ source: 'https://ü.example/"\\' });
  });
});
