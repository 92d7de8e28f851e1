import { ValidateIf } from 'class-validator';

/**
 * Validates a field unless it is absent. Unlike `@IsOptional()`, `null` is a value like any other: a PATCH that says
 * `{"url": null}` is refused, not taken for one that does not mention `url`.
 */
export const IfPresent = (): PropertyDecorator => ValidateIf((_object, value) => value !== undefined);
