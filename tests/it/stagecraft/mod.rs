//! The stage against those who know: GitHub and Netlify held to the vendors' own OpenAPI by prism, and workflows run by the
//! real act.

mod act;
mod github;
mod netlify;
mod prism;
