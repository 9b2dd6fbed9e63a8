//! Adapters: each knows the port that it implements, and no other adapter.

pub mod local_run;
pub mod pm2;
