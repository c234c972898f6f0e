//! One process owns a folder; others speak to it through its door.
//!
//! sled belongs to one process. A second command on the same folder waits a moment for a short one to end, or hands its
//! words to the long-running one, which carries them out and answers. The door is a loopback socket, whose port and token
//! stand in a file that only this user can read (a Unix socket's path is limited to about 100 bytes, and Windows has none).

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use replica::{
    Secret,
    cbor::{from_cbor, to_cbor},
};

use crate::{create_private_dir, keys::random, write_private};

/// How long a command waits for another short one on the same folder.
const PATIENCE: Duration = Duration::from_secs(15);
/// Largest request or reply, in bytes: a long text and an export fit.
const MESSAGE_BYTES_MAX: u32 = 64 * 1024 * 1024;
const DOOR: &str = "door";

/// A command handed through the door.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The words after the program's name.
    pub args: Vec<String>,
    /// The folder it was said in: paths in it are relative to that.
    pub cwd: PathBuf,
    /// What was piped in.
    pub stdin: Vec<u8>,
    /// The passphrase that was given with it.
    #[serde(default)]
    pub passphrase: Option<Secret>,
    /// One that it is to set.
    #[serde(default)]
    pub new_passphrase: Option<Secret>,
    /// That of a file which it reads or writes.
    #[serde(default)]
    pub file_passphrase: Option<Secret>,
}

/// Its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Exit code.
    pub code: u8,
    /// For standard output.
    pub stdout: Vec<u8>,
    /// For standard error.
    pub stderr: Vec<u8>,
    /// Whether nothing was done because the owner is locked, and the passphrase was not given, or was wrong.
    #[serde(default)]
    pub locked: bool,
}

/// Who has the folder.
pub enum Claim {
    /// This process.
    Ours(Owner),
    /// Another one, which listens.
    Theirs(Door),
}

/// The right to open the store of a folder. Ends when dropped or when the process dies.
pub struct Owner {
    dir: PathBuf,
    _lock: File,
}

/// The way to the process that owns a folder.
pub struct Door {
    stream: TcpStream,
    token: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Address {
    port: u16,
    #[serde(with = "serde_bytes")]
    token: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Knock {
    #[serde(with = "serde_bytes")]
    token: Vec<u8>,
    request: Request,
}

/// Claims `dir`, making it where there is none. `Err` of kind `WouldBlock` where another process has it and does not
/// listen.
pub fn claim(dir: &Path) -> io::Result<Claim> {
    create_private_dir(dir)?;
    let started = Instant::now();
    loop {
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(dir.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {
                // A door left by a process that was killed leads nowhere.
                let _ = fs::remove_file(dir.join(DOOR));
                return Ok(Claim::Ours(Owner { dir: dir.to_path_buf(), _lock: lock }));
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(e)) => return Err(e),
        }
        if let Some(door) = Door::find(dir) {
            return Ok(Claim::Theirs(door));
        }
        if started.elapsed() > PATIENCE {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "another program has this folder open"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Owner {
    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Opens the door: `answer` is called, on a thread of its own, for each request. It ends with the process.
    pub fn listen(&self, answer: impl Fn(Request) -> Reply + Send + Sync + 'static) -> io::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let mut token = vec![0; 32];
        random(&mut token)?;
        let address = Address { port: listener.local_addr()?.port(), token: token.clone() };
        let unfinished = self.dir.join("door.new");
        write_private(&unfinished, &to_cbor(&address))?;
        fs::rename(unfinished, self.dir.join(DOOR))?;
        let answer = Arc::new(answer);
        std::thread::Builder::new().name("door".into()).spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, token) = (answer.clone(), token.clone());
                let _ =
                    std::thread::Builder::new().name("caller".into()).spawn(move || serve(stream, &token, &*answer));
            }
        })?;
        Ok(())
    }
}

impl Door {
    fn find(dir: &Path) -> Option<Door> {
        let address: Address = from_cbor(&fs::read(dir.join(DOOR)).ok()?).ok()?;
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, address.port)).ok()?;
        Some(Door { stream, token: address.token })
    }

    /// Has the owner carry out a command.
    pub fn ask(mut self, request: Request) -> io::Result<Reply> {
        send(&mut self.stream, &Knock { token: self.token, request })?;
        receive(&mut self.stream)
    }
}

fn serve(mut stream: TcpStream, token: &[u8], answer: &dyn Fn(Request) -> Reply) {
    let knock: io::Result<Knock> = receive(&mut stream);
    let Ok(knock) = knock else { return };
    if !same(&knock.token, token) {
        return;
    }
    let _ = send(&mut stream, &answer(knock.request));
}

/// Compares without telling by the time taken where they differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |d, (x, y)| d | (x ^ y)) == 0
}

fn send<T: Serialize>(stream: &mut TcpStream, message: &T) -> io::Result<()> {
    let bytes = to_cbor(message);
    let len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    stream.write_all(&[&len.to_be_bytes(), bytes.as_slice()].concat())?;
    stream.flush()
}

fn receive<T: DeserializeOwned>(stream: &mut TcpStream) -> io::Result<T> {
    let mut len = [0; 4];
    stream.read_exact(&mut len)?;
    let len = u32::from_be_bytes(len);
    if len > MESSAGE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a message over the limit"));
    }
    let mut bytes = Vec::new();
    stream.take(u64::from(len)).read_to_end(&mut bytes)?;
    from_cbor(&bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not a message of ours"))
}
