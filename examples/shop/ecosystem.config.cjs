// What PM2 runs for the shop. Nothing here names a port or a path of one machine.
module.exports = {
  apps: [
    {
      // PM2 starts it again by itself: Standin sees that, and keeps its hands off.
      name: 'shop-web',
      script: './src/web.js',
      cwd: __dirname,
      max_memory_restart: '200M',
      exp_backoff_restart_delay: 100,
      env: { NODE_ENV: 'production', PORT: '0' },
    },
    {
      // PM2 does not start it again: when it dies, only Standin brings it back.
      name: 'shop-worker',
      script: './src/worker.js',
      cwd: __dirname,
      autorestart: false,
      env: { NODE_ENV: 'production' },
    },
    {
      // Runs for a moment in each slot, and is meant to be stopped in between.
      name: 'shop-mailer',
      script: './src/mailer.js',
      cwd: __dirname,
      autorestart: false,
      cron_restart: '*/5 * * * *',
      env: { NODE_ENV: 'production' },
    },
  ],
};
