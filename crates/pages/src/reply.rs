//! The reply to a request.

use super::env::Intent;

/// How often a form is taken in anew because the plan changed in between.
pub const TRIES_MAX: usize = 5;

/// A reply: what is sent back.
pub enum Reply {
    /// A page.
    Page {
        /// Its status, such as 200.
        status: u16,
        /// Its HTML.
        html: String,
    },
    /// Go to this address.
    Go(String),
    /// A picture of the child's.
    Picture(plan::Picture),
    /// A file to keep.
    File {
        /// What it is called.
        name: String,
        /// Its media type.
        kind: &'static str,
        /// What is in it.
        bytes: Vec<u8>,
    },
    /// The host is to do something, and then to ask again.
    Host(Intent),
    /// The device is a child's from now on: go to the child's pages, and keep nothing of any page shown before.
    Given,
}
