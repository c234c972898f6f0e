//! The pages of one device, as HTML: [`routes::answer`] turns a request and the device into a page, or into an [`env::Intent`] for
//! what only the host can do. One request is one turn with the device, so one page shows one moment.
//!
//! No socket, clock, file or thread, so that the same pages run behind `pep open` and in a browser. They work as plain forms and
//! links; one small script makes the text boxes live, so that several people write in one answer: [`tab`] is a tab's side of it
//! here, [`live`] a box's. It sends every other field by itself (`keeping`); what cannot be taken is a draft of this device.
//!
//! What people see of each page in each state stands in `tests/pages/snapshots`, and is compared at every run of the tests;
//! `UPDATE_EXPECT=1 cargo test -p pages --test pages snapshots` makes it anew.

#![warn(clippy::unwrap_used, clippy::expect_used)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod address;
pub mod announcements;
pub mod assets;
pub mod back;
pub mod changed;
pub mod child_copy;
pub mod child_mode;
pub mod child_questions;
pub mod copy;
pub mod env;
pub mod field;
pub mod forms;
pub mod hints;
pub mod history;
mod keeping;
pub mod kit;
pub mod live;
pub mod locked;
pub mod model;
pub mod page;
pub mod presence;
pub mod region;
pub mod reply;
pub mod request;
pub mod routes;
pub mod sections;
pub mod tab;
pub mod text;
pub mod turn;
