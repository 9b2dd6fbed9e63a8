// Prints tomorrow's prices. The nightly workflow runs it.
import { line, stock } from '../src/stock.js';

for (const article of stock) {
  // What hardly sells gets cheaper, by whole cents.
  const cents = article.count > 20 ? Math.floor(article.cents * 0.95) : article.cents;
  console.log(line({ ...article, cents }));
}
