import { ValidateBy } from 'class-validator';

/** A rule of our own: `sentence` follows the field's name in the refusal. */
export const Rule = (name: string, sentence: string, accepts: (value: unknown) => boolean): PropertyDecorator =>
  ValidateBy({
    name,
    validator: { validate: accepts, defaultMessage: (context) => `${context?.property} ${sentence}` },
  });
