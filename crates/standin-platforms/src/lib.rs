//! Adapters: each knows the port that it implements, and no other adapter.

#[cfg(any(feature = "aws", feature = "github", feature = "netlify"))]
mod api;
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(any(feature = "aws", feature = "github", feature = "netlify"))]
mod gate;
#[cfg(feature = "github")]
pub mod github;
#[cfg(feature = "host")]
pub mod local_run;
#[cfg(feature = "netlify")]
pub mod netlify;
#[cfg(feature = "host")]
pub mod pm2;
#[cfg(feature = "probe")]
pub mod probe;
#[cfg(feature = "ssh")]
pub mod ssh;
#[cfg(all(test, any(feature = "github", feature = "netlify", feature = "probe")))]
mod stub;
#[cfg(any(feature = "aws", feature = "github", feature = "netlify", feature = "probe", feature = "ssh"))]
mod text;
