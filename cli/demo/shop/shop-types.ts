/** The shop's services, and the words its processes exchange with the demo. */

/** In the order in which a purchase meets them. `shoppers` is the load. */
export const shopServices = [
  'storefront',
  'catalog',
  'cart',
  'checkout',
  'payment',
  'order-queue',
  'fulfilment',
  'shoppers',
] as const;

export type ShopService = (typeof shopServices)[number];

/** Where each service listens; `shoppers` listens nowhere. */
export type ShopAddresses = Readonly<Partial<Record<ShopService, string>>>;

/** Child to parent: listening, with its address. */
export type ListeningMessage = { readonly kind: 'listening'; readonly url: string | undefined };

/** Parent to child: everyone listens, work may begin. */
export type PeersMessage = { readonly kind: 'peers'; readonly addresses: ShopAddresses };
