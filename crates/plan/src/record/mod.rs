//! A plan as a document: how it begins, how it is written in, and how it is read back.

pub(crate) mod appeared;
pub(crate) mod bare;
pub(crate) mod childs;
pub(crate) mod crossing;
pub(crate) mod document;
pub(crate) mod edit;
pub(crate) mod excuse;
pub(crate) mod facts;
pub(crate) mod history;
pub mod hunks;
pub(crate) mod meter;
pub(crate) mod pep;
pub(crate) mod picture;
pub(crate) mod refused;
pub(crate) mod rewritten;
pub(crate) mod touched;
pub(crate) mod value;
pub(crate) mod view;
