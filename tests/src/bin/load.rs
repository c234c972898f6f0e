//! Meetings of people who type at once, against any relay: how long a change takes to be visible to the others, what that
//! costs, and the same traffic through a plain echo for comparison. `tests/BENCHMARKS.md` says how to read it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clap::Parser;
use harness::load::{
    Meeting, Pace, Passed,
    echo::{self, Echo, Traffic},
    flood::Flooder,
    process::{Relay, Spread, beside, cpu_seconds},
    type_everywhere,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The hidden word that makes this program the echo server.
const ECHO_SERVER: &str = "--echo-server";
/// Who comes to a meeting, in this order; a larger one begins again.
const PEOPLE: [(&str, &str); 5] = [
    ("Odile Marrowfield", "social-worker"),
    ("Ottoline Greaves-Penn", "designated-teacher"),
    ("Lorcan Tidewell", "virtual-school-officer"),
    ("Carys Wexcombe", "carer"),
    ("Idris Fennimoor", "young-person"),
];

/// Types in many plans at once and measures how long others wait for it
#[derive(Parser)]
#[command(group = clap::ArgGroup::new("relay").required(true).args(["relay_data", "links", "echo_server"]))]
struct Args {
    /// Serve this folder with pep-relay, and make children, people and links in it (made where there is none)
    #[arg(long, value_name = "DIR")]
    relay_data: Option<PathBuf>,
    /// Invitation links for a relay that serves already: a meeting's links on a line, with spaces between
    #[arg(long, value_name = "FILE")]
    links: Option<PathBuf>,
    /// The pep-relay to run [default: the one beside this program]
    #[arg(long, value_name = "PATH")]
    pep_relay: Option<PathBuf>,
    /// With --links: the relay's process, where it runs on this machine, to count its CPU time
    #[arg(long, value_name = "PID")]
    relay_pid: Option<u32>,
    /// Meetings at once (with --links: as many as there are lines)
    #[arg(long, default_value_t = 5)]
    meetings: usize,
    /// People in each (with --links: as many as there are links)
    #[arg(long, default_value_t = 5)]
    people: usize,
    /// Characters that each person types a second
    #[arg(long, default_value_t = 5.0)]
    rate: f64,
    /// Seconds of typing in a round
    #[arg(long, default_value_t = 30.0)]
    seconds: f64,
    /// Rounds: each is the relay and then, with the same traffic, the echo
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// A change for every keystroke, instead of gathering them as the program does
    #[arg(long)]
    each_key: bool,
    /// With --relay-data: in every round also type beside one device that floods the first meeting's plan
    #[arg(long)]
    flood: bool,
    /// Leave the plain echo out
    #[arg(long)]
    no_echo: bool,
    /// Where the participants' folders are made [default: the system's temporary folder]
    #[arg(long, value_name = "DIR")]
    homes: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[arg(long, hide = true)]
    echo_server: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let done = if args.echo_server { echo::serve().map(|()| None) } else { run(&args).map(Some) };
    match done {
        Ok(Some(report)) if args.json => println!("{report}"),
        Ok(Some(report)) => print!("{}", words(&report)),
        Ok(None) => {}
        Err(e) => {
            eprintln!("{e}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn run(args: &Args) -> Result<Value, String> {
    if !(args.rate > 0.0 && args.seconds > 0.0 && args.rate * args.seconds < 1e6) {
        return Err("--rate and --seconds must be above 0, and less than a million characters together.".into());
    }
    let homes = match &args.homes {
        Some(folder) => TempDir::with_prefix_in("load-", folder),
        None => TempDir::with_prefix("load-"),
    };
    let homes = homes.map_err(|e| format!("A folder for the participants cannot be made ({e})."))?;
    let (relay, links, flooder) = relay_and_links(args)?;
    let pid = relay.as_ref().map(Relay::pid).or(args.relay_pid);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(measure(args, &links, flooder.as_deref(), homes.path(), pid))
}

async fn measure(
    args: &Args,
    links: &[Vec<String>],
    flooder: Option<&str>,
    homes: &Path,
    relay: Option<u32>,
) -> Result<Value, String> {
    let mut meetings = Vec::new();
    for (n, links) in links.iter().enumerate() {
        meetings.push(Meeting::gather(links, &homes.join(n.to_string())).await?);
    }
    let people = links.iter().map(Vec::len).max().unwrap_or(0);
    let echo = if args.no_echo { None } else { Some(Echo::start(ECHO_SERVER)?) };
    let pace = Pace { rate: args.rate, time: Duration::from_secs_f64(args.seconds), each_key: args.each_key };
    let flooder = match flooder {
        Some(link) => Some(Flooder::join(link).await?),
        None => None,
    };
    let (mut ours, mut echoes, mut floods) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=args.rounds {
        eprintln!("round {round} of {}", args.rounds);
        let (before, own_before) = (relay.and_then(cpu_seconds), own_cpu());
        let passed = type_everywhere(&mut meetings, pace).await?;
        let cpu = relay.and_then(cpu_seconds).zip(before).map(|(after, before)| after - before);
        let own = own_cpu().zip(own_before).map(|(after, before)| after - before);
        let edits = passed.edits / links.len().max(1) / people.max(1);
        let traffic = Traffic { meetings: links.len(), people, frames: edits, time: pace.time, bytes: passed.bytes };
        ours.push(figures(&passed, cpu, own));
        if let (Some(flooder), Some(meeting)) = (&flooder, meetings.first()) {
            let flood = flooder.begin(&meeting.pep().clone()).await?;
            let passed = type_everywhere(&mut meetings, pace).await?;
            let (sent, stood) = flood.end();
            let mut beside = figures(&passed, None, None);
            beside["floodedEnvelopes"] = json!(sent);
            beside["floodStood"] = json!(u8::from(stood));
            floods.push(beside);
        }
        if let Some(echo) = &echo {
            let own_before = own_cpu();
            let (passed, cpu) = echo.pass(traffic).await?;
            let own = own_cpu().zip(own_before).map(|(after, before)| after - before);
            echoes.push(figures(&passed, cpu, own));
        }
    }
    for meeting in &meetings {
        meeting.agree().await?;
    }
    let (relay, echo, flood) = (medians(&ours), medians(&echoes), medians(&floods));
    let beside = |what: &str| Some(json!(flood[what].as_f64()? / relay[what].as_f64().filter(|own| *own > 0.0)?));
    let flooded: serde_json::Map<_, _> =
        ["p50Ms", "p99Ms"].into_iter().filter_map(|what| Some((what.to_string(), beside(what)?))).collect();
    let ratio = |what: &str| Some(json!(relay[what].as_f64()? / echo[what].as_f64().filter(|echo| *echo > 0.0)?));
    let ratios: serde_json::Map<_, _> = ["p50Ms", "p99Ms", "serverCpuPer1000"]
        .into_iter()
        .filter_map(|what| Some((what.to_string(), ratio(what)?)))
        .collect();
    Ok(json!({
        "meetings": links.len(), "people": people, "rate": args.rate, "seconds": args.seconds, "eachKey": args.each_key,
        "rounds": { "relay": ours, "echo": echoes, "flood": floods },
        "median": { "relay": relay, "echo": echo, "ratio": ratios, "flood": flood, "floodRatio": flooded },
        "everyWordEverywhere": true,
    }))
}

/// Who types, and where: links of each meeting, the relay where this program runs it, and the flooder's link.
type Cast = (Option<Relay>, Vec<Vec<String>>, Option<String>);

fn relay_and_links(args: &Args) -> Result<Cast, String> {
    if let Some(file) = &args.links {
        let text = fs::read_to_string(file).map_err(|e| format!("{} cannot be read ({e}).", file.display()))?;
        let meetings: Vec<Vec<String>> = text
            .lines()
            .map(|line| line.split_whitespace().map(str::to_string).collect())
            .filter(|l: &Vec<_>| !l.is_empty())
            .collect();
        let even = meetings.windows(2).all(|two| two[0].len() == two[1].len());
        if meetings.is_empty() || !even || meetings[0].len() < 2 {
            return Err(
                "The file of links needs a meeting on each line, of two people or more, as many on every line.".into(),
            );
        }
        return Ok((None, meetings, None));
    }
    if args.meetings == 0 || args.people < 2 {
        return Err("There must be one meeting or more, of two people or more.".into());
    }
    let program = args.pep_relay.clone().unwrap_or_else(|| beside("pep-relay"));
    let data = args.relay_data.clone().unwrap_or_default();
    let relay = Relay::serve(&program, &data, "127.0.0.1:0")?;
    // People are known by name and organisation: with a new one each time, nobody brings plans of an earlier run along.
    let run = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let mut meetings = Vec::new();
    let mut flooder = None;
    for meeting in 1..=args.meetings {
        let child = relay.child("Idris Fennimoor (FICTIONAL)")?;
        let organisation = format!("Load {run}, meeting {meeting}");
        if args.flood && flooder.is_none() {
            flooder = Some(relay.invite("Callum Brightwater-Finch flood", &organisation, "professional", &child)?);
        }
        let people = PEOPLE.iter().cycle().take(args.people).enumerate();
        let links = people.map(|(n, (name, role))| relay.invite(&format!("{name} {n}"), &organisation, role, &child));
        meetings.push(links.collect::<Result<Vec<_>, _>>()?);
    }
    Ok((Some(relay), meetings, flooder))
}

fn own_cpu() -> Option<f64> {
    cpu_seconds(std::process::id())
}

fn figures(passed: &Passed, server: Option<f64>, own: Option<f64>) -> Value {
    let (visible, typed) = (Spread::of(passed.from_close.iter().copied()), Spread::of(passed.from_key.iter().copied()));
    let per_thousand = |cpu: Option<f64>| cpu.map(|cpu| cpu * 1_000.0 / visible.count.max(1) as f64);
    json!({
        "edits": passed.edits, "deliveries": visible.count, "frameBytes": passed.bytes,
        "p50Ms": visible.median, "p99Ms": visible.p99, "maxMs": visible.max,
        "fromKeyP50Ms": typed.median, "fromKeyP99Ms": typed.p99,
        "serverCpuSeconds": server, "serverCpuPer1000": per_thousand(server), "loadCpuPer1000": per_thousand(own),
    })
}

/// The median of each figure over the rounds.
fn medians(rounds: &[Value]) -> Value {
    let Some(first) = rounds.first().and_then(Value::as_object) else { return Value::Null };
    let median = |what: &String| Spread::of(rounds.iter().filter_map(|round| round[what].as_f64())).median;
    first.iter().filter(|(_, value)| value.is_number()).map(|(what, _)| (what.clone(), json!(median(what)))).collect()
}

fn words(report: &Value) -> String {
    let of = |side: &str, what: &str| report["median"][side][what].as_f64().map_or("-".into(), |n| format!("{n:.2}"));
    let row = |label: &str, what: &str| {
        format!("{label:<46}{:>10}{:>10}{:>10}\n", of("relay", what), of("echo", what), of("ratio", what))
    };
    let mut said = format!(
        "{} meetings of {} people, {} characters a second each, {} s a round{}; medians of {} rounds\n",
        report["meetings"],
        report["people"],
        report["rate"],
        report["seconds"],
        if report["eachKey"] == true { ", a change for every keystroke" } else { "" },
        report["rounds"]["relay"].as_array().map_or(0, Vec::len),
    );
    said += &format!("{:<46}{:>10}{:>10}{:>10}\n", "", "relay", "echo", "ratio");
    said += &row("changes made", "edits");
    said += &row("deliveries to another person", "deliveries");
    said += &row("bytes of a frame", "frameBytes");
    said += &row("change closed to visible, p50 (ms)", "p50Ms");
    said += &row("change closed to visible, p99 (ms)", "p99Ms");
    said += &row("first keystroke of it to visible, p50 (ms)", "fromKeyP50Ms");
    said += &row("first keystroke of it to visible, p99 (ms)", "fromKeyP99Ms");
    said += &row("server's CPU seconds for 1,000 deliveries", "serverCpuPer1000");
    said += &row("this program's, for 1,000 deliveries", "loadCpuPer1000");
    if let Some(ratio) = report["median"]["floodRatio"]["p99Ms"].as_f64() {
        said += &format!(
            "beside a flood of {} envelopes a round: p99 {} ms, {ratio:.2} times what it is without; p50 {} ms, {:.2} times\n",
            of("flood", "floodedEnvelopes"),
            of("flood", "p99Ms"),
            of("flood", "p50Ms"),
            report["median"]["floodRatio"]["p50Ms"].as_f64().unwrap_or_default(),
        );
    }
    said + "Everybody holds the same heads and every character that was typed.\n"
}
