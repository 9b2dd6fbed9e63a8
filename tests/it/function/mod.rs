//! The function as the guide deploys it: to Netlify's own command line, and to an AWS that plays on this machine.

mod lambda;
pub(crate) mod netlify;
pub(crate) mod shop;
