//! The person's own pages, on their own device, from their own store: `pep open`.
//!
//! [`serve`] has the socket and [`guard`] says who may speak to it. [`routes`] turns a request into an answer with what the
//! [`desk`] lends from this device. The [`pages`] are functions of a request and of what is lent to them, so that they can one
//! day run where nothing can be installed. They work as plain forms and links; one small script makes
//! the text boxes live, so that several people write in one answer: [`tab`] is a tab's side of it here, [`live`] a box's.

pub mod asked;
pub mod assets;
pub mod back;
pub mod changed;
pub mod comeback;
pub mod copy;
pub mod desk;
pub mod field;
pub mod forms;
pub mod guard;
pub mod handed;
pub mod hunks;
pub mod kit;
pub mod lent;
pub mod live;
pub mod locked;
pub mod multipart;
pub mod news;
pub mod pages;
pub mod past;
pub mod region;
pub mod request;
pub mod routes;
pub mod said;
pub mod serve;
pub mod tab;
pub mod tips;
pub mod who;

#[cfg(test)]
mod stories;
