//! The stage against those who know: GitHub and Netlify, and our own clients of them, held to the vendors' own OpenAPI by
//! prism, and workflows run by the real act.

mod act;
mod clients;
mod github;
mod netlify;
mod prism;
mod through;
