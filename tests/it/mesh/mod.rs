//! The mesh as it ships: the real binaries on the stage, one outage at a time.

mod act;
mod acting;
mod action;
mod agent;
mod dark;
mod demo;
mod drill;
mod function;
mod machine;
mod matrix;
mod names;
mod pairs;
mod phone;
mod proxy;
mod shop;
mod site;
mod ssh;
