//! The pages of one device, as HTML: [`routes::answer`] turns a request and the device into a page, or into an [`env::Intent`] for
//! what only the host can do. One request is one turn with the device, so one page shows one moment.
//!
//! No socket, clock, file or thread, so that the same pages run behind `pep open` and in a browser. They work as plain forms and
//! links; one small script makes the text boxes live, so that several people write in one answer: [`tab`] is a tab's side of it
//! here, [`live`] a box's.

#![warn(clippy::unwrap_used, clippy::expect_used)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod address;
pub mod answer;
pub mod asked;
pub mod assets;
pub mod back;
pub mod changed;
pub mod copy;
pub mod desk;
pub mod env;
pub mod field;
pub mod forms;
pub mod handed;
pub mod hunks;
pub mod kit;
pub mod lent;
pub mod live;
pub mod locked;
pub mod news;
pub mod page;
pub mod past;
pub mod region;
pub mod request;
pub mod routes;
pub mod said;
pub mod sections;
pub mod tab;
pub mod tips;
pub mod who;
