// Tells the buyer what is sold out, once, and ends. PM2 starts it in each slot of its cron_restart.
import { line, stock } from './stock.js';

const soldOut = stock.filter((article) => article.count === 0);
console.log(`to: buyer@shop.example\nsubject: ${soldOut.length} sold out\n\n${soldOut.map(line).join('\n')}`);
