//! What the pages of one device cost, by how many plans it holds: whole requests and the regions of an open tab, as the host asks for
//! them, without a socket and a browser.

use std::{sync::Arc, time::Instant};

use client_cli::{
    app::App,
    host::{Ask, Host},
};
use pages::{address::Base, env::Found, reply::Reply, request::Request, routes};
use plan::Pep;
use serde_json::{Value, json};

use crate::load::process::{Spread, memory};

/// Asks for some pages so many times, after once that is told apart; then for the regions of the same pages, and for
/// what `pep list` needs. Milliseconds; memory in KiB.
pub fn cost(app: &Arc<App>, runs: usize) -> Result<Value, String> {
    let pep =
        app.with(|device| device.peps().next().cloned()).map_err(|e| e.to_string())?.ok_or("There is no plan.")?;
    let host = Arc::new(Host::new(None));
    let before = memory(std::process::id(), "VmRSS");
    let mut report = serde_json::Map::new();
    for (name, address) in addresses(&pep) {
        let request = || Request::new(&Base::default(), false, &address, b"").ok_or("That is no address of a page.");
        let answer = || -> Result<f64, String> {
            let (ask, began) = (Ask::Request(request()?), Instant::now());
            let answer = host.answer(app, &ask).ok_or("The pages have stopped.")?;
            let took = ms(began);
            match answer {
                Reply::Page { status: 200, .. } => Ok(took),
                _ => Err(format!("{address} is no page.")),
            }
        };
        let first = answer()?;
        let again = (0..runs).map(|_| answer()).collect::<Result<Vec<_>, _>>()?;
        let regions = || -> Result<f64, String> {
            let (request, began) = (request()?, Instant::now());
            host.turn(app, Found::default(), move |turn| routes::regions(turn, &request))
                .ok_or("The pages have stopped.")?;
            Ok(ms(began))
        };
        let tab = (0..runs).map(|_| regions()).collect::<Result<Vec<_>, _>>()?;
        let (again, tab) = (Spread::of(again).json(), Spread::of(tab).json());
        report.insert(name.into(), json!({ "firstMs": first, "ms": again, "regionsMs": tab }));
    }
    Ok(json!({ "pages": report, "residentBeforeKiB": before, "residentKiB": memory(std::process::id(), "VmRSS") }))
}

/// The pages that are asked for.
fn addresses(pep: &Pep) -> [(&'static str, String); 6] {
    let page = pep.process().page("progress.goingWell").map_or("", |page| page.id.as_str());
    let section = format!("/page/{page}/progress");
    let of = |rest: &str| format!("/pep/{}{rest}", pep.id());
    [
        ("tasks", "/".to_owned()),
        ("children", "/children".to_owned()),
        ("plan", of("")),
        ("section", of(&section)),
        ("signOff", of("/sign-off")),
        ("meeting", of("/meeting/live")),
    ]
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}
