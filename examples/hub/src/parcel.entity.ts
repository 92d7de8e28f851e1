import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('parcel')
export class Parcel {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'text' })
  state!: string;
}
