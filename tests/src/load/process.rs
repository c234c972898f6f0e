//! Our programs as processes, and what the system says of them.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// Clock ticks a second in `/proc/PID/stat`: the same on every Linux that people run.
const TICKS_A_SECOND: f64 = 100.0;

/// A serving relay. Killed when dropped.
pub struct Relay {
    program: PathBuf,
    data: PathBuf,
    child: Child,
    address: String,
}

impl Relay {
    /// Serves `data` (made where there is none) on `listen`; returns when it accepts connections.
    pub fn serve(program: &Path, data: &Path, listen: &str) -> Result<Relay, String> {
        let mut child = Command::new(program)
            .args(["serve", "--listen", listen, "--data"])
            .arg(data)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| {
                format!("{} cannot be started ({e}). Build it, or name it with --pep-relay.", program.display())
            })?;
        let line = ready(&mut child)?;
        let url = line.rsplit("//").next().unwrap_or_default().to_string();
        Ok(Relay { program: program.into(), data: data.into(), child, address: url })
    }

    /// Runs an administration command on its data; what it answers.
    pub fn run(&self, words: &[&str]) -> Result<Value, String> {
        let mut command = Command::new(&self.program);
        command.args(words).arg("--data").arg(&self.data).arg("--json");
        let said = output(&mut command)?;
        serde_json::from_str(&said).map_err(|e| format!("`{}` did not answer in JSON ({e}).", words.join(" ")))
    }

    /// An invitation link for a person in the team of `child`.
    pub fn invite(&self, name: &str, organisation: &str, role: &str, child: &str) -> Result<String, String> {
        let words = ["invite", "--name", name, "--organisation", organisation, "--role", role, "--child", child];
        text(&self.run(&words)?, "link")
    }

    /// A new child of Idris' age; its id.
    pub fn child(&self, name: &str) -> Result<String, String> {
        text(&self.run(&["children", "add", "--name", name, "--dob", "2010-11-02"])?, "child")
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `HOST:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Kills it with SIGKILL and serves the same folder on the same port again.
    pub fn kill_and_serve(&mut self) -> Result<(), String> {
        end(&mut self.child);
        *self = Relay::serve(&self.program, &self.data, &self.address)?;
        Ok(())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// The line that begins with `ready` and says where a program listens, without that word.
pub fn ready(child: &mut Child) -> Result<String, String> {
    let stdout = child.stdout.take().ok_or("A program was started without a pipe.")?;
    let mut line = String::new();
    let read = BufReader::new(stdout).read_line(&mut line);
    match line.trim().strip_prefix("ready ") {
        Some(rest) if read.is_ok() => Ok(rest.to_string()),
        _ => {
            end(child);
            Err("A server did not start; what it said stands above.".into())
        }
    }
}

/// Kills a process and waits for its end.
pub fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// The program of this name beside the one that runs.
pub fn beside(name: &str) -> PathBuf {
    let folder = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_path_buf));
    folder.unwrap_or_default().join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

/// Runs a command that must succeed; what it printed.
pub fn output(command: &mut Command) -> Result<String, String> {
    let done = command.stdin(Stdio::null()).output();
    let done = done.map_err(|e| format!("{} cannot be started ({e}).", command.get_program().to_string_lossy()))?;
    if !done.status.success() {
        return Err(format!("A command failed: {}", String::from_utf8_lossy(&done.stderr).trim()));
    }
    String::from_utf8(done.stdout).map_err(|_| "A command did not answer in text.".into())
}

/// A text of an answer in JSON.
pub fn text(answer: &Value, key: &str) -> Result<String, String> {
    answer[key].as_str().map(str::to_string).ok_or_else(|| format!("An answer has no `{key}`."))
}

/// A finished command: how long it took, and the most memory it was seen with.
#[derive(Debug, Clone, Copy)]
pub struct Finished {
    /// From starting the process to its end.
    pub took: Duration,
    /// `VmHWM` in KiB, looked at once a millisecond while it ran; 0 where the system does not say.
    pub peak_kib: u64,
}

/// Runs a command that must succeed. `look`: also look at its memory, which costs time of its own.
pub fn timed(command: &mut Command, look: bool) -> Result<Finished, String> {
    let started = Instant::now();
    if !look {
        output(command)?;
        return Ok(Finished { took: started.elapsed(), peak_kib: 0 });
    }
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().map_err(|e| e.to_string())?;
    let mut peak_kib = 0;
    loop {
        peak_kib = peak_kib.max(memory(child.id(), "VmHWM").unwrap_or(0));
        match child.try_wait().map_err(|e| e.to_string())? {
            None => std::thread::sleep(Duration::from_millis(1)),
            Some(status) if status.success() => return Ok(Finished { took: started.elapsed(), peak_kib }),
            Some(_) => return Err("A command failed; what it said stands above.".into()),
        }
    }
}

/// User and system time of a process so far, in seconds. `None` where there is no such process or no `/proc`.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may hold anything; after it the 12th and 13th field.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS_A_SECOND)
}

/// A line of `/proc/PID/status` in KiB: `VmHWM` (most so far), `VmRSS` (now).
pub fn memory(pid: u32, what: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':')?.split_whitespace().next()?.parse().ok())
}

/// How values are spread; in the unit of the values.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spread {
    /// How many.
    pub count: usize,
    /// Least.
    pub min: f64,
    /// Middle.
    pub median: f64,
    /// Ninety-nine of a hundred are at most this.
    pub p99: f64,
    /// Greatest.
    pub max: f64,
}

impl Spread {
    /// Of these values; zeros where there are none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Spread {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let rank = (part * sorted.len() as f64).ceil() as usize;
            sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
        };
        Spread { count: sorted.len(), min: at(0.0), median: at(0.5), p99: at(0.99), max: at(1.0) }
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        let round = |value: f64| (value * 1_000.0).round() / 1_000.0;
        json!({ "count": self.count, "min": round(self.min), "median": round(self.median), "p99": round(self.p99), "max": round(self.max) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_tail_are_values_that_were_measured() {
        let spread = Spread::of((1..=200).rev().map(f64::from));
        assert_eq!((spread.count, spread.min, spread.median, spread.p99, spread.max), (200, 1.0, 100.0, 198.0, 200.0));
        assert_eq!(Spread::of([7.0]).p99, 7.0);
        assert_eq!(Spread::of([]).count, 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_used_memory_and_says_how_much() {
        let me = std::process::id();
        assert!(memory(me, "VmHWM").is_some_and(|kib| kib >= memory(me, "VmRSS").unwrap_or(0) / 2 && kib > 0));
        assert!(cpu_seconds(me).is_some());
        assert_eq!(cpu_seconds(u32::MAX), None);
    }
}
