import { describe, expect, it } from '@jest/globals';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsEmail,
  IsEnum,
  IsIn,
  IsInt,
  IsLatitude,
  IsNumber,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { schemaOfClass } from './class-schema.js';
import { EventSchema } from './event-schema.js';

enum Currency {
  Euro = 'EUR',
  Dollar = 'USD',
}

class Address {
  @IsString()
  city!: string;
}

class Line {
  @IsString()
  @Length(1, 20)
  sku!: string;

  @IsInt()
  @Min(1)
  @Max(99)
  count!: number;
}

class Order {
  @IsUUID()
  id!: string;

  @IsEmail()
  @MaxLength(100)
  buyer!: string;

  @IsEnum(Currency)
  currency!: Currency;

  @IsIn([1, 2])
  priority!: number;

  @IsOptional()
  @IsNumber()
  discount?: number | null;

  @IsString({ each: true })
  @Matches(/^[a-z]+$/, { each: true })
  @ArrayMaxSize(3)
  tags!: string[];

  @ValidateNested()
  address!: Address;

  @ValidateNested({ each: true })
  @Type(() => Line)
  @ArrayNotEmpty()
  lines!: Line[];

  note!: string;
}

const valid = {
  id: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d',
  buyer: 'a@b.example',
  currency: 'EUR',
  priority: 2,
  tags: ['a', 'b'],
  address: { city: 'Gdańsk' },
  lines: [{ sku: 'x', count: 1 }],
  note: 7,
};

describe('the schema of a class', () => {
  const schema = EventSchema.read(schemaOfClass(Order)) as EventSchema;

  it.each([
    ['as it should be', {}],
    ['without what is optional', { discount: null }],
    ['with more than it names', { further: [] }],
  ])('takes data %s', (_, change) => {
    expect(schema.problems({ ...valid, ...change })).toEqual([]);
  });

  it.each([
    ['a format', { id: 'x' }, 'data/id must match format "uuid"'],
    [
      'two decorators of one property',
      { buyer: `${'x'.repeat(100)}@b.example` },
      'data/buyer must NOT have more than 100',
    ],
    ['an enum', { currency: 'PLN' }, 'data/currency must be equal to one of'],
    ['a list of values', { priority: 3 }, 'data/priority must be equal to one of'],
    ['what is optional', { discount: 'much' }, 'data/discount must be number'],
    ['each item', { tags: ['a', 'B'] }, 'data/tags/1 must match pattern'],
    ['the length of a list', { tags: ['a', 'b', 'c', 'd'] }, 'data/tags must NOT have more than 3'],
    ['a nested class', { address: {} }, `data/address must have required property 'city'`],
    ['a list of a nested class', { lines: [{ sku: 'x', count: 100 }] }, 'data/lines/0/count must be <= 99'],
    ['an empty list', { lines: [] }, 'data/lines must NOT have fewer than 1'],
  ])('refuses data by %s', (_, change, problem) => {
    expect(schema.problems({ ...valid, ...change }).join()).toContain(problem);
  });

  it('asks for all that is not optional', () => {
    expect(schema.problems({})).toHaveLength(7);
  });

  it('is refused where a decorator has no counterpart', () => {
    class Place {
      @IsLatitude()
      latitude!: number;
    }
    class Depends {
      @ValidateIf(() => true)
      name!: string;
    }
    class Loud {
      @Matches(/^[a-z]+$/i)
      name!: string;
    }
    expect(() => schemaOfClass(Place)).toThrow('Place.latitude is validated by isLatitude');
    expect(() => schemaOfClass(Depends)).toThrow('Depends.name is validated by');
    expect(() => schemaOfClass(Loud)).toThrow('Loud.name is validated by matches');
  });

  it('is refused where a class is not known, or holds itself', () => {
    class Unknown {
      @ValidateNested({ each: true })
      lines!: Line[];
    }
    class Tree {
      @ValidateNested()
      @Type(() => Tree)
      child!: object;
    }
    expect(() => schemaOfClass(Unknown)).toThrow('The class of Unknown.lines is not known');
    expect(() => schemaOfClass(Tree)).toThrow('Tree holds itself');
  });
});
