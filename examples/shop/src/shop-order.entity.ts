import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('shop_order')
export class ShopOrder {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'boolean', default: false })
  completed!: boolean;
}
