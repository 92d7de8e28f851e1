import { Injectable } from '@nestjs/common';

/** Stands for the client of a service that wakes people. */
@Injectable()
export class Pager {
  readonly paged: string[] = [];

  async page(text: string): Promise<void> {
    this.paged.push(text);
  }
}
