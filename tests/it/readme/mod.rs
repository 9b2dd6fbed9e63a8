//! What the pages tell a reader to type and to write is what runs here: the blocks are taken out of the pages, only the
//! places that a reader has to fill in are filled in, and a block that no test takes fails.

mod action;
mod agent;
mod amazon;
mod blocks;
mod first;
mod netlify;
mod settings;
mod shell;
