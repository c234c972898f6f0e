//! Real programs on real sockets: a relay and people with a home folder each, in a temporary directory.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::OnceLock,
};

use serde_json::Value;
use tempfile::TempDir;

/// A child of the stories.
pub const CHILD: &str = "Idris Fennimoor";

/// A relay and the people round one child.
pub struct World {
    folder: TempDir,
    server: Option<Server>,
    listen: String,
}

/// A serving relay. Ends with this value.
pub struct Server {
    child: Child,
    /// What it said it listens on: `wss://127.0.0.1:PORT`.
    pub url: String,
}

/// Somebody with a device.
#[derive(Clone)]
pub struct Person {
    /// The device's folder.
    pub home: PathBuf,
}

/// A built program of ours. `cargo test --workspace` builds them; run alone, this builds what is missing.
pub fn program(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    let test = std::env::current_exe().unwrap_or_default();
    // Beside this program, or, where it is a test, beside the folder in which tests are built.
    let beside = test.parent().unwrap_or(Path::new("."));
    let folder = if beside.ends_with("deps") { beside.parent().unwrap_or(beside) } else { beside };
    let path = folder.join(name).with_extension(std::env::consts::EXE_EXTENSION);
    BUILT.get_or_init(|| {
        if !path.exists() {
            let mut build = Command::new(env!("CARGO"));
            build.args(["build", "--workspace", "--bins"]).current_dir(env!("CARGO_MANIFEST_DIR"));
            if !cfg!(debug_assertions) {
                build.arg("--release");
            }
            assert!(build.status().is_ok_and(|s| s.success()), "the programs could not be built");
        }
    });
    path
}

impl Default for World {
    fn default() -> World {
        World::new()
    }
}

impl World {
    /// A relay that serves, and one child.
    pub fn new() -> World {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut world = World { folder, server: None, listen: "127.0.0.1:0".into() };
        world.serve();
        world.relay(["children", "add", "--name", CHILD, "--dob", "2010-11-02", "--looked-after-since", "2019-06-18"]);
        world
    }

    /// A path in the world's own folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The relay's folder.
    pub fn data(&self) -> PathBuf {
        self.path("relay")
    }

    /// Starts the relay, on the port it had before.
    pub fn serve(&mut self) {
        let server = Server::start(&self.data(), &self.listen);
        self.listen = server.url.trim_start_matches("wss://").to_string();
        self.server = Some(server);
    }

    /// `HOST:PORT` of the relay.
    pub fn address(&self) -> &str {
        &self.listen
    }

    /// Has the relay end in an orderly way.
    pub fn stop_relay(&mut self) -> Result<(), String> {
        self.server.take().map_or(Ok(()), Server::stop)
    }

    /// Kills the relay with SIGKILL.
    pub fn kill_relay(&mut self) {
        self.server = None;
    }

    /// Runs an administration command and gives what it printed.
    pub fn relay<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, args: I) -> String {
        let output = Command::new(program("pep-relay"))
            .args(args)
            .args([OsStr::new("--data"), self.data().as_os_str()])
            .output()
            .expect("pep-relay runs");
        said(&output)
    }

    /// An invitation link.
    pub fn invite(&self, name: &str, role: &str) -> String {
        let json = |args: &[&str]| -> Value { serde_json::from_str(&self.relay(args)).expect("JSON") };
        let team = json(&["teams", "list", CHILD, "--json"]);
        if team.as_array().is_some_and(|team| team.iter().any(|member| member["name"] == name)) {
            return self.relay(["invite", "--name", name, "--role", role, "--child", CHILD]).trim().to_string();
        }
        let made = json(&["invite", "--name", name, "--role", role, "--json"]);
        let person = made["person"].as_str().unwrap_or_default();
        // On the team since the school year began, so that stories can end it before today.
        self.relay(["teams", "add", CHILD, person, "--role", role, "--from", "2025-09-01"]);
        made["link"].as_str().unwrap_or_default().to_string()
    }

    /// Somebody new, joined, with a home of that name.
    pub fn person(&self, home: &str, name: &str, role: &str) -> Person {
        let person = Person { home: self.path(home) };
        person.pep(["join", &self.invite(name, role)]);
        person
    }

    /// A social worker and a designated teacher of the child's, joined.
    pub fn two(&self) -> [Person; 2] {
        [
            self.person("odile", "Odile Marrowfield", "social-worker"),
            self.person("ottoline", "Ottoline Greaves-Penn", "designated-teacher"),
        ]
    }

    /// Heads of every document as the relay has them, by document id.
    pub fn relay_documents(&self) -> Value {
        serde_json::from_str(&self.relay(["check", "--json"])).expect("check answers in JSON")
    }
}

impl Server {
    /// Serves `data` on `listen`; returns when it accepts connections.
    pub fn start(data: &Path, listen: &str) -> Server {
        let mut child = Command::new(program("pep-relay"))
            .args(["serve", "--listen", listen, "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("pep-relay starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix("ready ").unwrap_or_else(|| panic!("pep-relay said {line:?}")).to_string();
        Server { child, url }
    }

    /// Has it end in an orderly way, and waits until it has.
    pub fn stop(mut self) -> Result<(), String> {
        let asked = Command::new("kill").arg(self.pid().to_string()).status();
        match asked.and_then(|_| self.child.wait()) {
            Ok(ended) if ended.success() => Ok(()),
            ended => Err(format!("the relay did not end well: {ended:?}")),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Person {
    /// The command, not yet run.
    pub fn command<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, args: I) -> Command {
        let mut command = Command::new(program("pep"));
        command.args(args).env("PEP_HOME", &self.home).env_remove("PEP_PASSPHRASE").stdin(Stdio::null());
        command
    }

    /// Runs a command that must succeed, and gives what it printed.
    pub fn pep<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, args: I) -> String {
        said(&self.command(args).output().expect("pep runs"))
    }

    /// The same with `--json`.
    pub fn json<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, args: I) -> Value {
        let output = self.command(args).arg("--json").output().expect("pep runs");
        serde_json::from_str(&said(&output)).expect("JSON")
    }

    /// Runs a command with something piped in.
    pub fn pipe<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, args: I, input: &str) -> String {
        let mut command = self.command(args);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("pep starts");
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("pep reads");
        said(&child.wait_with_output().expect("pep ends"))
    }

    /// Starts the spring review; gives its id.
    pub fn start_pep(&self) -> String {
        let made = self.json(["new", CHILD, "--term", "2025/26-spring", "--type", "review", "--process", "sections"]);
        made["pep"].as_str().expect("an id").to_string()
    }

    /// Synchronises until in step.
    pub fn sync(&self) {
        let synced = self.json(["sync", "--once"]);
        assert_eq!(synced["inStep"], true, "{synced}");
    }

    /// The whole plan.
    pub fn show(&self, pep: &str) -> Value {
        self.json(["show", pep])
    }
}

fn said(output: &Output) -> String {
    assert!(
        output.status.success(),
        "exit {:?}\n{}{}",
        output.status.code(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Copies a folder as it is on the disk at this moment.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a copy");
        }
    }
}

/// The day so many days from today, `YYYY-MM-DD`.
pub fn day_in(days: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |now| now.as_secs());
    sync_server::directory::day(i64::try_from(now).unwrap_or(0) + days * 24 * 60 * 60)
}

/// Odile and Ottoline in a world of their own, in step.
pub struct Two {
    /// The relay, and the folders.
    pub world: World,
    /// The social worker.
    pub odile: Person,
    /// The designated teacher.
    pub ottoline: Person,
}

impl Two {
    /// Both have joined and synced.
    pub fn begin() -> Two {
        let world = World::new();
        let [odile, ottoline] = world.two();
        let two = Two { world, odile, ottoline };
        two.share();
        two
    }

    /// Each comes by, and who came first once more.
    pub fn share(&self) {
        for person in [&self.odile, &self.ottoline, &self.odile] {
            person.pep(["sync", "--once"]);
        }
    }

    /// An officer of the Virtual School, who has synced.
    pub fn officer(&self) -> Person {
        let lorcan = self.world.person("lorcan", "Lorcan Tidewell", "virtual-school-officer");
        lorcan.pep(["sync", "--once"]);
        lorcan
    }
}
