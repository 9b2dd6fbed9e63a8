//! The mesh as it ships: the real binaries on the stage, one outage at a time.

mod act;
mod action;
mod agent;
mod demo;
mod function;
mod matrix;
mod phone;
mod proxy;
mod shop;
mod ssh;
