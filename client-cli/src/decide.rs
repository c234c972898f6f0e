//! Refused changes at the relay: fetched, and decided about. Commands and pages ask for it here.

use std::sync::Arc;

use participant::{
    Error, Kind, Trouble,
    decisions::{Change, List},
};

use crate::{app::App, dial};

/// The refused changes that this person decides about, as the relay has them now.
pub fn fetched(app: &Arc<App>) -> Result<List, Error> {
    let me = app.with(|device| device.me().cloned())?.ok_or(Trouble::Unknown)?;
    let key = app.key()?;
    Ok(app.runtime().block_on(dial::held(app.room(), app.http(), &me, &key))?)
}

/// Tells the relay what this person decided.
pub fn decided(app: &Arc<App>, change: &Change, accept: bool) -> Result<(), Error> {
    let me = app.with(|device| device.me().cloned())?.ok_or(Trouble::Unknown)?;
    let key = app.key()?;
    app.runtime().block_on(dial::decide(app.http(), &me, &key, change, accept)).map_err(|e| match e {
        // Its words are for people; who may not is told so before it is asked.
        dial::DialError::Refused { code, detail, .. } if code == sync::frame::code::REFUSED => {
            Error::new(Kind::Failed, detail)
        }
        other => other.into(),
    })
}
