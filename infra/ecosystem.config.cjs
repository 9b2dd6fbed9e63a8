// The agent under PM2: `pm2 start ecosystem.config.cjs && pm2 save`, in the folder of your standin.toml.
// Tokens are in ~/.config/standin/environment, one NAME=VALUE a line, for this user's eyes only: PM2 keeps the environment of
// what it runs, in clear, so no secret belongs into this file or into what PM2 was started with.
module.exports = {
  apps: [
    {
      name: 'standin',
      script: '/bin/sh',
      args: ['-c', 'set -a; f=$HOME/.config/standin/environment; if [ -r "$f" ]; then . "$f"; fi; exec standin up'],
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
      // What the shell of `pm2 start` knows is not passed on where its name begins like this.
      filter_env: ['GITHUB_TOKEN', 'STANDIN_', 'NETLIFY_AUTH', 'AWS_'],
    },
  ],
};
