// The shop's goods. A real shop would ask a database.
export const stock = [
  { sku: 'tea-100', name: 'Green tea, 100 g', cents: 690, count: 42 },
  { sku: 'pot-1', name: 'Tea pot, 1 l', cents: 3450, count: 7 },
  { sku: 'cup-2', name: 'Two cups', cents: 1890, count: 0 },
];

/** The line of one article, as the pages and the mails show it. */
export function line({ name, cents, count }) {
  const price = (cents / 100).toFixed(2);
  return `${name}: ${price} (${count > 0 ? `${count} left` : 'sold out'})`;
}
