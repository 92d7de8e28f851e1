import { describe, expect, it } from '@jest/globals';
import type { ArgumentMetadata } from '@nestjs/common';
import { Type } from 'class-transformer';
import { Allow, IsInt, IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
import { InvalidError } from '../../kernel/errors.js';
import { EmptyBody } from './empty-body.js';
import { IfPresent } from './if-present.decorator.js';
import { PageQuery } from './page.js';
import { ApiValidationPipe } from './validation.pipe.js';

class Inner {
  @IsInt()
  size!: number;
}

class Outer {
  @IsString()
  name!: string;

  @IfPresent()
  @IsString()
  note?: string;

  @IsOptional()
  @IsObject()
  data?: object;

  @IsOptional()
  @ValidateNested({ each: true })
  @Type(() => Inner)
  inner?: Inner[];
}

class Named {
  @Allow()
  data!: unknown;

  @Allow()
  key?: unknown;
}

const pipe = new ApiValidationPipe();
const body = async (value: unknown, metatype: ArgumentMetadata['metatype'] = Outer) =>
  await pipe.transform(value, { type: 'body', metatype });
const problems = async (value: unknown, metatype?: ArgumentMetadata['metatype']): Promise<readonly string[]> => {
  const error: unknown = await body(value, metatype).catch((thrown: unknown) => thrown);
  if (!(error instanceof InvalidError)) throw new Error('It was not refused.', { cause: error });
  expect(error.code).toBe('validation_failed');
  return error.details ?? [];
};

describe('validation', () => {
  it('gives back an instance whose absent fields are absent', async () => {
    const dto = await body({ name: 'a' });
    expect(dto).toBeInstanceOf(Outer);
    expect(Object.keys(dto as object)).toEqual(['name']);
  });

  it('refuses null for a field that may only be absent', async () => {
    expect(await problems({ name: 'a', note: null })).toEqual(['note must be a string']);
  });

  it('names nested problems by their path', async () => {
    expect(await problems({ name: 'a', inner: [{ size: 1 }, { size: 'x', more: 1 }] })).toEqual(
      expect.arrayContaining(['inner.1.size must be an integer number', 'inner.1.property more should not exist']),
    );
  });

  it('passes the caller’s own JSON untouched, whatever its keys and depth', async () => {
    const text = `{"constructor":{"name":1},"__proto__":{"a":1},"then":5,"deep":${'['.repeat(3000)}${']'.repeat(3000)}}`;
    const dto = (await body({ name: 'a', data: JSON.parse(text) as object })) as Outer;
    expect(JSON.stringify(dto.data)).toBe(text);
  });

  it('refuses what could change the DTO itself', async () => {
    expect(await problems(JSON.parse('{"name":"a","__proto__":{"note":1}}'))).toEqual([
      'property __proto__ should not exist',
    ]);
    expect(await problems({ name: 'a', constructor: 1 })).toEqual(['property constructor should not exist']);
  });

  it('does not stumble over such a field of a nested DTO', async () => {
    const dto = (await body(JSON.parse('{"name":"a","inner":[{"constructor":1,"__proto__":{},"size":1}]}'))) as Outer;
    expect(dto.inner).toEqual([{ size: 1 }]);
    expect(dto.inner?.[0]).toBeInstanceOf(Inner);
  });

  it('refuses NUL and unpaired surrogates, and takes pairs', async () => {
    expect(await problems({ name: 'a\0' })).toEqual(['name must not contain NUL or unpaired surrogates']);
    expect(await problems({ name: '\udc00' })).toHaveLength(1);
    await expect(body({ name: '😀' })).resolves.toMatchObject({ name: '😀' });
  });

  it('refuses any field where none is taken', async () => {
    await expect(body(undefined, EmptyBody)).resolves.toEqual({});
    expect(await problems({ a: 1 }, EmptyBody)).toEqual(['property a should not exist']);
  });

  it('of a DTO that only names its fields refuses all others, and changes nothing', async () => {
    const data = JSON.parse('{"constructor":{"a":[1]},"__proto__":{"b":null}}') as object;
    const dto = (await body({ data, key: null }, Named)) as Named;
    expect(dto).toBeInstanceOf(Named);
    expect(dto.data).toBe(data);
    expect(dto).toEqual({ data, key: null });
    expect(await problems({ data, then: 1, other: {} }, Named)).toEqual([
      'property then should not exist',
      'property other should not exist',
    ]);
  });

  it('fills in the defaults of a query, and refuses what comes twice', async () => {
    const query = async (value: object) => await pipe.transform(value, { type: 'query', metatype: PageQuery });
    await expect(query({})).resolves.toEqual({ limit: 50 });
    await expect(query({ limit: '7' })).resolves.toEqual({ limit: 7 });
    await expect(query({ limit: ['1', '2'] })).rejects.toMatchObject({ details: ['limit must be given once'] });
  });

  it('does not list a thousand problems', async () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`f${index}`, 1]));
    expect(await problems(many)).toHaveLength(50);
  });
});
