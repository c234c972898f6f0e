//! Lists over every plan of this device.

use std::sync::Arc;

use plan::{Pep, Role};

use crate::{Device, Error, Now, summary::Summary};

/// Every plan of this person's teams that has arrived whole, in the order of their ids.
pub fn summaries(device: &mut Device, now: &Now) -> Result<Vec<Arc<Summary>>, Error> {
    let day = now.today();
    let peps: Vec<(Pep, Role)> =
        device.peps().filter_map(|pep| Some((pep.clone(), device.role_for(&pep.child, &day)?))).collect();
    let all = peps.into_iter().map(|(pep, role)| Ok(device.summary(&pep, role)?));
    all.filter_map(Result::transpose).collect()
}
