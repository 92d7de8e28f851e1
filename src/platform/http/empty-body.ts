/** The body of a route that takes none: any field is refused, as everywhere. */
export class EmptyBody {}

/** The query of a route that takes no parameters. */
export class EmptyQuery {}
