//! The pages, a file each. A page is a function of a request and of models; it opens nothing, waits for nothing and
//! keeps nothing. Which Virtual School's process a plan follows, a page knows from the plan alone.

pub mod aside;
pub mod blank;
pub mod checks;
pub mod child;
pub mod children;
pub mod choose;
pub mod comments;
pub mod duty;
pub mod errors;
pub mod filing;
pub mod held;
pub mod help;
pub mod history;
pub mod join_children;
pub mod locked;
pub mod meeting;
pub mod move_version;
pub mod new;
pub mod news;
pub mod plan;
pub mod print;
pub mod quality;
pub mod readers;
pub mod restore;
pub mod section;
pub mod settings;
pub mod sign_off;
pub mod since;
pub mod sync;
pub mod table;
pub mod targets;
pub mod tasks;
pub mod views;
pub mod waits;
