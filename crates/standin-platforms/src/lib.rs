//! Adapters: each knows the port that it implements, and no other adapter.

#[cfg(feature = "github")]
pub mod github;
#[cfg(feature = "host")]
pub mod local_run;
#[cfg(feature = "host")]
pub mod pm2;
#[cfg(all(test, any(feature = "github", feature = "netlify", feature = "probe")))]
mod stub;
