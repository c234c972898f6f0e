//! What is asked, of whom, and how one Virtual School goes about it: the bank of questions and the processes. Data, read and
//! checked; nothing here knows a document.

pub(crate) mod agenda;
pub(crate) mod bank;
pub(crate) mod calendar;
pub(crate) mod delegation;
pub(crate) mod difference;
pub(crate) mod expr;
pub(crate) mod policy;
pub(crate) mod practice;
pub(crate) mod process;
pub(crate) mod processes;
