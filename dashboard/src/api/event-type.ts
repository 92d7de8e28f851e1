// An event type as the API answers it.

export interface EventType {
  readonly name: string;
  readonly description: string | null;
  /** JSON Schema that data of it must meet. */
  readonly schema: object | null;
  /** Data of it. */
  readonly example: object | null;
  readonly version: string | null;
  readonly deprecated: boolean;
  readonly archived: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
}
