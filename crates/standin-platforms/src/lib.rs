//! Adapters: each knows the port that it implements, and no other adapter.

#[cfg(feature = "host")]
pub mod local_run;
#[cfg(feature = "host")]
pub mod pm2;
