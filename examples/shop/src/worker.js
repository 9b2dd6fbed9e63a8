// Packs the orders, one after the other, for ever.
import { stock } from './stock.js';

const EVERY_MS = 5_000;
let order = 0;

const timer = setInterval(() => {
  const article = stock[order % stock.length];
  order += 1;
  console.log(`packed order ${order}: ${article.sku}`);
}, EVERY_MS);

console.log('the worker waits for orders');
process.on('SIGINT', () => {
  clearInterval(timer);
  console.log(`the worker ends after ${order} orders`);
});
