// The agent under PM2: `pm2 start ecosystem.config.cjs && pm2 save`, in the folder of your standin.toml.
module.exports = {
  apps: [
    {
      name: 'standin',
      script: 'standin',
      args: ['up'],
      // A binary, not a script.
      interpreter: 'none',
      exec_mode: 'fork',
      instances: 1,
      autorestart: true,
      // PM2 starts it again at growing distances, and never gives up on the one that watches the others.
      exp_backoff_restart_delay: 100,
      max_restarts: 1_000_000,
      // The agent finishes what it has begun; what takes longer is on record.
      kill_timeout: 10_000,
      // PM2 keeps the environment of what it runs, in clear: no secret belongs into this file.
      env: {},
    },
  ],
};
